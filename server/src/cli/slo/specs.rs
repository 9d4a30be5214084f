//! `-f`: the specs that a command is about.

use std::path::PathBuf;

use clap::{Arg, Args};
use narthex_model::{Error, Result, parse_duration};
use narthex_slo::spec::Slo;
use narthex_slo::{Lost, Options, Specs, load};

use crate::slos::together;

/// Which specs.
#[derive(Debug, Args)]
pub(super) struct SpecArguments {
    /// Files, folders or patterns with specs: ours, Sloth's, Pyrra's, OpenSLO's, slo-generator's
    #[arg(short = 'f', long = "file", required = true, value_name = "PATH", num_args = 1..)]
    files: Vec<PathBuf>,

    /// The window of specs whose format has none, as Sloth's: 28d; 30d, unless alert windows that are given with them say otherwise
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    default_window: Option<i64>,
}

impl SpecArguments {
    /// Reads them; what could not be kept of other formats is told on standard error.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub(super) fn load(&self) -> Result<Specs> {
        let specs = self.read()?;
        for note in &specs.notes {
            eprintln!("note: {note}");
        }
        Ok(specs)
    }

    /// As [`Self::load`], the SLOs alone.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(super) fn slos(&self) -> Result<Vec<Slo>> {
        let placed = self.load()?.slos.into_iter();
        Ok(placed.map(|placed| placed.slo).collect())
    }

    /// Reads them, and says nothing.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(super) fn read(&self) -> Result<Specs> {
        self.checked().map_err(|errors| together(&errors))
    }

    /// Reads them, and gives each mistake by itself.
    ///
    /// # Errors
    /// Every mistake.
    pub(super) fn checked(&self) -> std::result::Result<Specs, Vec<Error>> {
        let window_ms = self.default_window;
        load(&self.files, &Options { window_ms })
    }
}

/// An argument of a command that takes `--url` in place of specs: those of the server are meant then.
pub(super) fn not_of_a_server(argument: Arg) -> Arg {
    match argument.get_id().as_str() {
        "files" => {
            let argument = argument.required(false).required_unless_present("url");
            argument.conflicts_with("url")
        }
        "default_window" => argument.conflicts_with("url"),
        _ => argument,
    }
}

/// Says on standard error what another form does not.
pub(super) fn tell_lost(lost: &[Lost]) {
    lost.iter().for_each(|lost| eprintln!("lost: {lost}"));
}
