//! `narthex import`: the samples of files and of other stores into a data folder.

mod chunks;
mod openmetrics;
mod parquet;
mod prometheus;
mod remote;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use narthex_importer::Report;
use narthex_model::Result;

use crate::cli::output::print;
use crate::storage::writable;

/// Imported samples may be this old: a hundred years.
const WINDOW_MS: i64 = 100 * 365 * 86_400_000;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex import prometheus /var/lib/prometheus --storage.path ./narthex-data
  narthex import remote http://prometheus:9090 --match up --start 2025-01-01T00:00:00Z --storage.path ./narthex-data
  narthex import parquet samples.parquet --storage.path ./narthex-data
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
    /// Tables of samples in long format, or blocks of another Narthex
    #[command(after_help = parquet::EXAMPLES)]
    Parquet(parquet::Arguments),
    /// The data folder of a Prometheus, or one of its blocks
    #[command(after_help = prometheus::EXAMPLES)]
    Prometheus(prometheus::Arguments),
    /// The samples of another server
    #[command(after_help = remote::EXAMPLES)]
    Remote(remote::Arguments),
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
            openmetrics::import(&arguments.file, writable(&arguments.storage_path)?).await
        }
        Format::Parquet(arguments) => tokio::task::block_in_place(|| parquet::import(arguments)),
        Format::Prometheus(arguments) => {
            tokio::task::block_in_place(|| prometheus::import(arguments))
        }
        Format::Remote(arguments) => remote::import(arguments).await,
    }
}

/// Says what was done; `false` if samples were refused.
fn show_report(report: &Report, begun: Instant) -> Result<bool> {
    let seconds = begun.elapsed().as_secs_f64();
    let skipped = match report.spans_skipped {
        0 => String::new(),
        spans => format!("; {spans} spans of time were imported before"),
    };
    print(&format!(
        "{} samples imported in {seconds:.1} s{skipped}\n",
        report.samples
    ))?;
    report
        .notes
        .iter()
        .for_each(|note| eprintln!("note: {note}"));
    if report.refused > 0 {
        eprintln!("{} samples refused", report.refused);
    }
    Ok(report.refused == 0)
}
