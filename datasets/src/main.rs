//! The tool: prints a data set, sends it by remote write, or checks that a server kept it.

mod cli;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use narthex_datasets::check::{check, log_line, read_log};
use narthex_datasets::send::{OnAck, send};
use narthex_datasets::{Fleet, openmetrics};
use narthex_model::{Error, Result};

use cli::{CheckArgs, Cli, Command, FleetArgs};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Fleet(args) => fleet(&args).await,
        Command::Check(args) => check_fleet(&args).await,
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn fleet(args: &FleetArgs) -> Result<ExitCode> {
    let fleet = args.fleet.fleet()?;
    let bar = progress_bar(fleet.sample_count());
    let started = Instant::now();
    if args.openmetrics {
        let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
        openmetrics::print(&fleet, &mut out, |samples| bar.inc(samples))
            .and_then(|()| out.flush())
            .map_err(|e| Error::unavailable("cannot print").with_source(e))?;
        bar.finish_and_clear();
        return Ok(ExitCode::SUCCESS);
    }
    let on_ack = on_ack(&bar, args.log_acked.as_deref())?;
    send(&fleet, &args.send_options(), on_ack).await?;
    bar.finish_and_clear();
    report(&fleet, started.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

/// Moves the bar and, if asked, writes the ack log: one line per ack, written at once and whole.
fn on_ack(bar: &ProgressBar, log: Option<&std::path::Path>) -> Result<OnAck> {
    let bar = bar.clone();
    let Some(path) = log else {
        return Ok(Arc::new(move |ack| bar.inc(ack.samples)));
    };
    let log: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|e| {
            Error::unavailable(format!("cannot open {}", path.display())).with_source(e)
        })?;
    Ok(Arc::new(move |ack| {
        bar.inc(ack.samples);
        if let Err(e) = (&log).write_all(log_line(ack).as_bytes()) {
            bar.suspend(|| eprintln!("cannot write the ack log: {e}"));
        }
    }))
}

/// For people, then for programs.
fn report(fleet: &Fleet, seconds: f64) {
    let samples = fleet.sample_count();
    let rate = samples as f64 / seconds;
    println!("{samples} samples in {seconds:.2} s, {rate:.0} samples/s");
    println!("{{\"samples\":{samples},\"seconds\":{seconds:.6},\"samples_per_second\":{rate:.1}}}");
}

async fn check_fleet(args: &CheckArgs) -> Result<ExitCode> {
    let fleet = args.fleet.fleet()?;
    let log = std::fs::read_to_string(&args.log_acked).map_err(|e| {
        Error::invalid(format!("cannot read {}", args.log_acked.display())).with_source(e)
    })?;
    let findings = check(&fleet, &args.url, &read_log(&fleet, &log)?).await?;
    for fault in &findings.faults {
        eprintln!("{fault}");
    }
    println!(
        "{} samples acknowledged, {} found as sent, {} more not acknowledged, {} faults",
        findings.acked, findings.found, findings.unacked, findings.fault_count
    );
    Ok(if findings.fault_count == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn progress_bar(samples: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{wide_bar} {human_pos} of {human_len} samples, {per_sec}, {eta} left",
    );
    ProgressBar::new(samples).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
