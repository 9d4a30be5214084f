//! `-f`: the specs that a command is about.

use std::path::PathBuf;

use clap::Args;
use narthex_model::{Error, Result};
use narthex_slo::{Options, Specs, load};

/// Which specs.
#[derive(Debug, Args)]
pub(super) struct SpecArguments {
    /// Files, folders or patterns with specs: ours, Sloth's, Pyrra's, OpenSLO's, slo-generator's
    #[arg(short = 'f', long = "file", required = true, value_name = "PATH", num_args = 1..)]
    files: Vec<PathBuf>,
}

impl SpecArguments {
    /// Reads them; what could not be kept of other formats is told on standard error.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub(super) fn load(&self) -> Result<Specs> {
        let specs = load(&self.files, &Options::default()).map_err(all)?;
        for note in &specs.notes {
            eprintln!("note: {note}");
        }
        Ok(specs)
    }
}

/// Several mistakes as one.
fn all(errors: Vec<Error>) -> Error {
    let kind = errors
        .first()
        .map_or(narthex_model::ErrorKind::Invalid, Error::kind);
    let lines: Vec<String> = errors.iter().map(Error::to_string).collect();
    Error::new(kind, lines.join("\n"))
}
