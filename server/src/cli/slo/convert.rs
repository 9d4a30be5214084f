//! `narthex slo convert`: specs in the format of another tool.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use narthex_model::Result;
use narthex_slo::convert::{Converted, Target, convert};

use super::specs::{SpecArguments, tell_lost};
use crate::cli::output::Output;

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo convert -f sloth.yml --to native
  narthex slo convert -f slos/ --to openslo -o openslo.yml

What the other format cannot say is listed on standard error; nothing is dropped silently.";

/// What `convert` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    specs: SpecArguments,

    /// The format
    #[arg(long, value_enum)]
    to: Format,

    /// Where to; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Ours: nothing is lost
    Native,
    /// OpenSLO v1
    #[value(name = "openslo")]
    OpenSlo,
    /// Sloth's prometheus/v1
    Sloth,
    /// Pyrra's resource
    Pyrra,
}

impl Format {
    fn target(self) -> Target {
        match self {
            Self::Native => Target::Native,
            Self::OpenSlo => Target::OpenSlo,
            Self::Sloth => Target::Sloth,
            Self::Pyrra => Target::Pyrra,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A spec is wrong, or nothing can be written.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let slos = arguments.specs.slos()?;
    let Converted { text, lost } = convert(&slos, arguments.to.target());
    tell_lost(&lost);
    let mut output = Output::open(arguments.output.as_deref())?;
    output.write(text.as_bytes())?;
    output.finish()
}
