//! `narthex import remote`: the samples of another server, one slice of time after the other.

mod client;
mod slices;
mod writer;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use narthex_engine::{Engine, ImportLog, Options};
use narthex_importer::{Progress, Report};
use narthex_model::{Error, Matcher, Result, TimeRange, TimestampMs};

use super::{WINDOW_MS, show_report};
use crate::cli::progress::{Bar, share_bar};
use crate::selectors::parse_selector;
use crate::storage::writable;
use crate::times::{format_time, now_ms, parse_step, parse_time};
use client::Client;
use slices::slices;
use writer::Writer;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex import remote http://prometheus:9090 --match '{job=\"node\"}' --start 2025-01-01T00:00:00Z --storage.path ./narthex-data
  narthex import remote http://victoria:8428 --match '{__name__=~\".+\"}' --start 1735689600 --end 1735776000 --storage.path ./narthex-data
  narthex import remote https://mimir/prometheus --header 'X-Scope-OrgID: team' --match up --start 2025-01-01T00:00:00Z --slice 30m \\
    --storage.path ./narthex-data

Prometheus, Thanos and Mimir are read through remote read, VictoriaMetrics through /api/v1/export. No server may be running on the
folder of Narthex. Started again after an interruption, the import goes on where it stopped.";

/// What `import remote` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address of the server, without /api/v1
    url: String,

    /// Which series, as a PromQL selector; may be given more than once
    #[arg(long = "match", value_name = "SELECTOR", required = true)]
    selectors: Vec<String>,

    /// From this instant on: RFC 3339 or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    start: TimestampMs,

    /// Up to this instant, which is left out; now if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    end: Option<TimestampMs>,

    /// Time that one request asks for
    #[arg(long, value_name = "DURATION", value_parser = parse_step, default_value = "1h")]
    slice: i64,

    /// How the server is asked
    #[arg(long, value_enum, default_value_t = Api::Auto)]
    api: Api,

    /// A header of every request, as NAME: VALUE; may be given more than once
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// The data folder; made if it is not there
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,
}

/// How a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Api {
    /// Remote read if the server has it, else export
    Auto,
    /// Remote read, as Prometheus has it
    Read,
    /// /api/v1/export, as VictoriaMetrics has it
    Export,
}

/// Runs the command; `false` if samples were refused.
///
/// # Errors
/// The server does not answer, refuses, or answers what cannot be read; the folder cannot be used.
pub(crate) async fn import(arguments: &Arguments) -> Result<bool> {
    let begun = Instant::now();
    let client = Client::new(arguments, matchers(&arguments.selectors)?).await?;
    let options = Options {
        out_of_order_window_ms: WINDOW_MS,
        ..Options::default()
    };
    let engine = Engine::open(writable(&arguments.storage_path)?, options, None)?;
    let done = copy(&engine, &client, arguments).await;
    let closed = tokio::task::block_in_place(|| engine.close());
    let report = done?;
    closed?;
    show_report(&report, begun)
}

fn matchers(selectors: &[String]) -> Result<Vec<Vec<Matcher>>> {
    let parse = |text: &String| {
        parse_selector(text).map_err(|what| Error::invalid(format!("--match {text}: {what}")))
    };
    selectors.iter().map(parse).collect()
}

async fn copy(engine: &Engine, client: &Client, arguments: &Arguments) -> Result<Report> {
    let end = arguments.end.unwrap_or_else(now_ms);
    let range = TimeRange::new(arguments.start, end);
    let slices = slices(range, arguments.slice)?;
    let mut log = engine.import_log()?;
    let source = source_name(arguments);
    let bar = Bar::new(share_bar("import"));
    bar.begin(end.saturating_sub(arguments.start).max(0) as u64);
    let (mut writer, mut skipped) = (Writer::new(engine), 0);
    for slice in slices {
        bar.say(&format_time(slice.start));
        if log.covers(&source, slice) {
            skipped += 1;
        } else {
            copy_slice(client, slice, &mut writer).await?;
            note(&mut log, &source, slice)?;
        }
        bar.reach(slice.end.saturating_sub(arguments.start).max(0) as u64);
    }
    let mut report = writer.into_report();
    report.spans_skipped = skipped;
    Ok(report)
}

async fn copy_slice(client: &Client, slice: TimeRange, writer: &mut Writer<'_>) -> Result<()> {
    let fetched = client.fetch(slice, writer).await;
    let from = format_time(slice.start);
    fetched.map_err(|e| e.context(format!("samples from {from} on")))
}

fn note(log: &mut ImportLog<'_>, source: &str, slice: TimeRange) -> Result<()> {
    log.add([(source.to_owned(), slice)])
}

/// What the log calls what is asked for.
fn source_name(arguments: &Arguments) -> String {
    let mut selectors = arguments.selectors.clone();
    selectors.sort();
    format!("remote/{}/{}", arguments.url, selectors.join(","))
}
