//! `narthex import`: samples from files into a data folder.

mod chunks;
mod openmetrics;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use narthex_model::Result;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex import openmetrics samples.om --storage.path ./narthex-data
  zcat samples.om.gz | narthex import openmetrics - --storage.path ./narthex-data

No server may be running on the folder. Importing a file again changes nothing.";

/// What can be imported.
#[derive(Debug, Subcommand)]
pub(crate) enum Format {
    /// OpenMetrics text with timestamps
    #[command(after_help = EXAMPLES)]
    Openmetrics(Arguments),
}

/// What `import` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file, or - for standard input
    file: PathBuf,

    /// The data folder; made if it is not there
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,
}

/// Runs the command; `false` if samples were refused.
///
/// # Errors
/// The file cannot be read, holds a mistake, or the folder cannot be written.
pub(crate) async fn run(format: &Format) -> Result<bool> {
    match format {
        Format::Openmetrics(arguments) => {
            openmetrics::import(&arguments.file, &arguments.storage_path).await
        }
    }
}
