//! `narthex import`: the samples of files and of other stores into a data folder.

mod chunks;
mod openmetrics;
mod prometheus;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use narthex_model::Result;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex import prometheus /var/lib/prometheus --storage.path ./narthex-data
  narthex import openmetrics samples.om --storage.path ./narthex-data

No server may be running on the folder. An import that was interrupted goes on where it stopped when it is started again;
importing again changes nothing.";

const OPENMETRICS_EXAMPLES: &str = "Examples:
  narthex import openmetrics samples.om --storage.path ./narthex-data
  zcat samples.om.gz | narthex import openmetrics - --storage.path ./narthex-data

No server may be running on the folder. Importing a file again changes nothing.";

/// What can be imported.
#[derive(Debug, Subcommand)]
pub(crate) enum Format {
    /// OpenMetrics text with timestamps
    #[command(after_help = OPENMETRICS_EXAMPLES)]
    Openmetrics(Arguments),
    /// The data folder of a Prometheus, or one of its blocks
    #[command(after_help = prometheus::EXAMPLES)]
    Prometheus(prometheus::Arguments),
}

/// What `import openmetrics` takes.
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
/// The source cannot be read, holds a mistake, or the folder cannot be written.
pub(crate) async fn run(format: &Format) -> Result<bool> {
    match format {
        Format::Openmetrics(arguments) => {
            openmetrics::import(&arguments.file, &arguments.storage_path).await
        }
        Format::Prometheus(arguments) => {
            tokio::task::block_in_place(|| prometheus::import(arguments)).map(|()| true)
        }
    }
}
