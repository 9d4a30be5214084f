//! `narthex import prometheus`: the blocks of a data folder of Prometheus.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use narthex_engine::{Engine, Options};
use narthex_importer::Report;
use narthex_importer::prometheus::{
    FoundBlock, Plan, Step, find_blocks, find_segments, run_blocks, run_head,
};
use narthex_model::{ErrorKind, Result};

use super::{WINDOW_MS, show_report};
use crate::cli::output::print;
use crate::cli::progress::{Bar, bytes_bar, samples_bar};

use crate::storage::writable;
use crate::times::format_time;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex import prometheus /var/lib/prometheus --storage.path ./narthex-data
  narthex import prometheus /var/lib/prometheus --storage.path ./narthex-data --dry-run
  narthex import prometheus snapshots/20250101T000000Z-7c6c --storage.path ./narthex-data

No server may be running on the folder of Narthex. Stop Prometheus, or import a snapshot of it
(POST /api/v1/admin/tsdb/snapshot): a running Prometheus removes blocks while they are read.
Started again after an interruption, the import goes on where it stopped.";

/// What `import prometheus` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A data folder of Prometheus, a snapshot, or one block
    source: PathBuf,

    /// The data folder; made if it is not there
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,

    /// Only say what would be imported
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command; `false` if samples were refused.
///
/// # Errors
/// The source is damaged, or one of the folders cannot be used.
pub(crate) fn import(arguments: &Arguments) -> Result<bool> {
    let blocks = find_blocks(&arguments.source)?;
    if arguments.dry_run {
        return show_plan(&blocks, arguments).map(|()| true);
    }
    let begun = Instant::now();
    let options = Options {
        out_of_order_window_ms: WINDOW_MS,
        ..Options::default()
    };
    let engine = Engine::open(writable(&arguments.storage_path)?, options, None)?;
    let done = write(&engine, &arguments.source, &blocks);
    let closed = engine.close();
    let report = done?;
    closed?;
    show_report(&report, begun)
}

fn write(engine: &Engine, source: &Path, blocks: &[FoundBlock]) -> Result<Report> {
    let mut log = engine.import_log()?;
    let plan = Plan::new(blocks, engine.block_duration_ms(), Some(&log))?;
    let bar = Bar::new(samples_bar("blocks"));
    let mut report = run_blocks(engine, &mut log, &plan, &bar)?;
    drop(bar);
    let bar = Bar::new(bytes_bar("write-ahead log", Some(0)));
    report.add(run_head(engine, &mut log, source, blocks, &bar)?);
    Ok(report)
}

/// A store that is not there yet has no blocks, so everything is to be done.
fn show_plan(blocks: &[FoundBlock], arguments: &Arguments) -> Result<()> {
    let plan = match Engine::open_read_only(&arguments.storage_path) {
        Ok(engine) => {
            let log = engine.import_log()?;
            Plan::new(blocks, engine.block_duration_ms(), Some(&log))?
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Plan::new(blocks, Options::default().block_duration_ms, None)?
        }
        Err(error) => return Err(error),
    };
    for step in &plan.steps {
        print(&describe(step))?;
    }
    let spans = plan.steps.iter().filter(|s| !s.is_done).count();
    let samples = plan.samples();
    let log_bytes: u64 = find_segments(&arguments.source)?
        .iter()
        .map(|s| s.bytes)
        .sum();
    print(&format!(
        "{} blocks with about {samples} samples; {spans} spans of time to import; {log_bytes} bytes of write-ahead logs\n",
        blocks.len()
    ))
}

fn describe(step: &Step) -> String {
    let state = if step.is_done {
        "imported already"
    } else {
        "to import"
    };
    let (start, end) = (format_time(step.range.start), format_time(step.range.end));
    let blocks = step.blocks.len();
    format!(
        "{start} to {end}: {blocks} blocks, about {} samples, {state}\n",
        step.samples
    )
}
