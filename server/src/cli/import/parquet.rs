//! `narthex import parquet`: tables of samples, and blocks of another Narthex.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use narthex_engine::{Engine, Options};
use narthex_importer::parquet::{Columns, run};
use narthex_importer::{Report, blocks};
use narthex_model::Result;

use super::{WINDOW_MS, show_report};
use crate::cli::progress::{Bar, samples_bar};
use crate::storage::writable;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex import parquet samples.parquet --metric-column name --storage.path ./narthex-data
  narthex import parquet temperatures.parquet --timestamp-column time --value-column celsius --metric-name temperature_celsius \\
    --storage.path ./narthex-data
  narthex import parquet other-narthex-data/blocks --storage.path ./narthex-data

A table has a row per sample. All columns but those of time and value are labels; maps and structs of texts give a label for
each member. A folder is a block of Narthex, or holds blocks: they are checked and copied as they are.
No server may be running on the folder. Importing again changes nothing.";

/// What `import parquet` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Parquet files in long format, or folders of Narthex blocks
    #[arg(required = true)]
    sources: Vec<PathBuf>,

    /// The column of times: timestamps, or integers of milliseconds since 1970
    #[arg(long, value_name = "NAME", default_value = "timestamp")]
    timestamp_column: String,

    /// The column of values
    #[arg(long, value_name = "NAME", default_value = "value")]
    value_column: String,

    /// The column with the name of the metric
    #[arg(long, value_name = "NAME", default_value = "__name__")]
    metric_column: String,

    /// The name of the metric where that column is missing or empty
    #[arg(long, value_name = "NAME")]
    metric_name: Option<String>,

    /// The data folder; made if it is not there
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,
}

/// Runs the command; `false` if samples were refused.
///
/// # Errors
/// A source cannot be read, or the folder cannot be used.
pub(crate) fn import(arguments: &Arguments) -> Result<bool> {
    let begun = Instant::now();
    let options = Options {
        out_of_order_window_ms: WINDOW_MS,
        ..Options::default()
    };
    let engine = Engine::open(writable(&arguments.storage_path)?, options, None)?;
    let done = import_all(&engine, arguments);
    let closed = engine.close();
    let report = done?;
    closed?;
    show_report(&report, begun)
}

fn import_all(engine: &Engine, arguments: &Arguments) -> Result<Report> {
    let columns = Columns {
        timestamp: arguments.timestamp_column.clone(),
        value: arguments.value_column.clone(),
        metric: Some(arguments.metric_column.clone()),
        metric_name: arguments.metric_name.clone(),
    };
    let mut report = Report::default();
    for source in &arguments.sources {
        let bar = Bar::new(samples_bar("import"));
        report.add(if source.is_dir() {
            import_blocks(engine, source, &bar)?
        } else {
            run(engine, source, &columns, &bar)?
        });
    }
    Ok(report)
}

fn import_blocks(engine: &Engine, source: &Path, bar: &Bar) -> Result<Report> {
    let found = blocks::find_blocks(source)?;
    blocks::run(engine, &mut engine.import_log()?, &found, bar)
}
