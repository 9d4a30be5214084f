//! Writes the seeded fleet straight into blocks, as long as compaction leaves them, so that months of samples take
//! minutes to make. The folder is a data folder: open it with `narthex serve --storage.path`.

mod series;
mod windows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use narthex_datasets::fleet::DEFAULT_START_MS;
use narthex_datasets::{Fleet, FleetOptions, HostKind};
use narthex_engine::{Engine, Options, backfill_windows};
use narthex_model::{Error, Result, TimeRange, parse_duration};

use series::SeriesList;
use windows::Windows;

/// Writes a simulated fleet of hosts into the blocks of a new data folder.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  fleet-blocks --duration 90d --interval 60s long\n  narthex serve --storage.path long"
)]
struct Cli {
    /// The data folder to make; it must be empty or not exist.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// What each host exposes.
    #[arg(long, value_enum, default_value_t)]
    kind: HostKind,
    /// Number of hosts.
    #[arg(long, default_value_t = 100)]
    hosts: usize,
    /// Time from the first to the last scrape and one interval more.
    #[arg(long, default_value = "90d", value_parser = parse_duration)]
    duration: i64,
    /// Time between two scrapes of a host.
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    interval: i64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let fleet = Fleet::new(FleetOptions {
        kind: cli.kind,
        hosts: cli.hosts,
        seed: cli.seed,
        start_ms: DEFAULT_START_MS,
        interval_ms: cli.interval,
        scrapes: usize::try_from(cli.duration / cli.interval.max(1)).unwrap_or(0),
    })?;
    check_new(&cli.folder)?;
    let started = Instant::now();
    let engine = Engine::open(&cli.folder, Options::default(), None)?;
    let bar = progress_bar(fleet.sample_count());
    let written = write(&fleet, &engine, &bar);
    engine.close()?;
    bar.finish_and_clear();
    let (blocks, seconds) = (written?, started.elapsed().as_secs_f64());
    let samples = fleet.sample_count();
    println!("{samples} samples in {blocks} blocks in {seconds:.1} s");
    Ok(())
}

/// Writes all samples of `fleet`, and counts the blocks.
fn write(fleet: &Fleet, engine: &Engine, bar: &ProgressBar) -> Result<usize> {
    let series = SeriesList::of(fleet);
    let mut windows = Windows::new(fleet);
    let range = TimeRange::new(fleet.options().start_ms, fleet.end_ms());
    let mut blocks = 0;
    for window in backfill_windows(range, Options::default().block_duration_ms)? {
        let mut backfill = engine.backfill(window)?;
        windows.replay(window.end, &series, |series| {
            backfill.push(series)?;
            bar.inc(series.values.len() as u64);
            Ok(())
        })?;
        blocks += usize::from(backfill.finish()?.is_some());
    }
    Ok(blocks)
}

/// Blocks beside others might hold the same samples once more.
fn check_new(folder: &Path) -> Result<()> {
    let is_new = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if is_new {
        return Ok(());
    }
    let told = format!("{} is not empty: give a new folder", folder.display());
    Err(Error::invalid(told))
}

fn progress_bar(samples: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{wide_bar} {human_pos} of {human_len} samples, {per_sec}, {eta} left",
    );
    ProgressBar::new(samples).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests;
