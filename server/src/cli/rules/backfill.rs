//! `narthex rules backfill`: recording rules over the past, straight into blocks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use narthex_engine::{Engine, Options};
use narthex_importer::Progress;
use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_rules::eval::Settings;
use narthex_rules::file::LoadOptions;

use crate::backfilling::{Backfilling, Mode, Report};
use crate::cli::output::print;
use crate::cli::progress::{Bar, share_bar};
use crate::cli::source::{database_of, open_store};
use crate::cli::table::Rows;
use crate::ruling::load_all;
use crate::storage::writable;
use crate::times::{format_time, now_ms, parse_step, parse_time};

pub(super) const EXAMPLES: &str = "Examples:
  narthex rules backfill rules.yml --storage.path ./narthex-data --start 2026-01-01T00:00:00Z --end 2026-01-08T00:00:00Z
  narthex rules backfill rules/*.yml --storage.path ./narthex-data --start 2026-01-01T00:00:00Z --dry-run

No server may be running on the folder; --dry-run works beside one. Rules may read what other rules of the files record.
Name the files as the server names them (the folder of its configuration and what rule_files says): the instants at which a
group is evaluated follow from its interval, its name and the name of its file.
Started again after an interruption, it goes on where it stopped; started again with the same rules, it changes nothing.";

/// What `backfill` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files of rules; alerts in them are passed over
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The data folder
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,

    /// First instant
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    start: TimestampMs,

    /// Last instant; now, if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    end: Option<TimestampMs>,

    /// How often groups that do not say are evaluated: 15s, 1m, or seconds
    #[arg(long, value_name = "DURATION", value_parser = parse_step, default_value = "1m")]
    evaluation_interval: i64,

    /// Only say what would be recorded
    #[arg(long)]
    dry_run: bool,

    /// Also evaluate what an earlier run has recorded; what is found now counts from then on
    #[arg(long)]
    again: bool,

    /// Record even where the store has samples of the same metric at other instants, as of another interval
    #[arg(long)]
    mix_schedules: bool,
}

/// Runs the command; `false` if a rule failed at some instants.
///
/// # Errors
/// A file or an expression is wrong, or the store cannot be used.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    let now = now_ms();
    let end = arguments.end.unwrap_or(now);
    if end < arguments.start || arguments.evaluation_interval <= 0 {
        let message = "--end must not be before --start, and intervals must be positive";
        return Err(Error::invalid(message));
    }
    if end > now {
        return Err(Error::invalid("--end lies in the future"));
    }
    let groups = load_all(&arguments.files, &LoadOptions::default())?;
    let settings = Settings {
        evaluation_interval_ms: arguments.evaluation_interval,
        ..Settings::default()
    };
    let range = TimeRange::inclusive(arguments.start, end);
    let mut filling = Backfilling::new(&groups, &settings, range)?;
    let begun = Instant::now();
    let bar = Bar::new(share_bar("backfill"));
    let report = match arguments.dry_run {
        true => {
            let (engine, database) = open_store(&arguments.storage_path)?;
            filling.run(&engine, &database, Mode::Count, &bar).await?
        }
        false => write(arguments, &mut filling, &bar).await?,
    };
    drop(bar);
    show(&report, arguments.dry_run, begun)
}

async fn write(
    arguments: &Arguments,
    filling: &mut Backfilling,
    progress: &dyn Progress,
) -> Result<Report> {
    let engine = open(writable(&arguments.storage_path)?)?;
    let database = database_of(&engine);
    let mode = Mode::Write {
        again: arguments.again,
        mix_schedules: arguments.mix_schedules,
    };
    let done = filling.run(&engine, &database, mode, progress).await;
    let closed = tokio::task::block_in_place(|| engine.close());
    let report = done?;
    closed.map(|()| report)
}

/// Opens a folder that is there: rules over nothing are a mistake.
fn open(path: &Path) -> Result<Arc<Engine>> {
    drop(Engine::open_read_only(path)?);
    Engine::open(path, Options::default(), None)
}

fn show(report: &Report, is_dry: bool, begun: Instant) -> Result<bool> {
    let rows = report.rules.iter().map(|rule| {
        let [series, samples] = match rule.is_counted {
            true => [rule.recorded.series() as u64, rule.recorded.samples].map(|n| n.to_string()),
            false => ["?", "?"].map(str::to_owned),
        };
        vec![rule.group.clone(), rule.name.clone(), series, samples]
    });
    let header = ["group", "metric", "series", "samples"];
    print(&Rows::new(&header, rows.collect()).to_table())?;
    report
        .notes
        .iter()
        .for_each(|note| eprintln!("note: {note}"));
    let mut is_whole = true;
    for rule in &report.rules {
        if let Some(refused) = &rule.recorded.refused {
            is_whole = false;
            let (first, last) = (format_time(refused.first), format_time(refused.last));
            eprintln!(
                "{}: nothing is recorded at {} instants from {first} to {last}: {}",
                rule.name, refused.instants, refused.message
            );
        }
    }
    let samples: u64 = report.rules.iter().map(|r| r.recorded.samples).sum();
    let skipped = match report.spans_skipped {
        0 => String::new(),
        spans => format!("; {spans} spans of time were recorded before"),
    };
    let (seconds, blocks) = (begun.elapsed().as_secs_f64(), report.blocks);
    print(&match is_dry {
        true => format!("{samples} samples would be recorded\n"),
        false => {
            format!("{samples} samples recorded in {seconds:.1} s, {blocks} blocks{skipped}\n")
        }
    })?;
    Ok(is_whole)
}
