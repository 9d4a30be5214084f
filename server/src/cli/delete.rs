//! `narthex delete`: samples go, and a receipt says which.

use std::path::Path;

use clap::Args;
use narthex_engine::{DeleteReceipt, Engine, Options};
use narthex_model::{Error, Result, TimeRange, TimestampMs};
use serde::Deserialize;

use super::output::print;
use super::remote;
use super::source::{Source, SourceArguments};
use crate::selectors::parse_selector;
use crate::times::{format_time, parse_time};

pub(crate) const EXAMPLES: &str = "Examples:
  narthex delete '{job=\"debug\"}' --storage.path ./narthex-data --dry-run
  narthex delete 'http_requests_total{path=~\"/user/.*\"}' --end 2026-01-31T00:00:00Z --url http://127.0.0.1:9090

The server must run with --web.enable-admin-api; a data folder must not be in use. Deleted samples are no longer answered at
once; they leave the files with the next compaction, or with `narthex compact`. What is written later stays.";

/// What `delete` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Which series, for example '{job=\"debug\"}'; may be given several times
    #[arg(required = true, value_name = "SELECTOR")]
    selectors: Vec<String>,

    #[command(flatten)]
    source: SourceArguments,

    /// Delete from this time on: RFC 3339 or Unix seconds; from the beginning if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    start: Option<TimestampMs>,

    /// Delete up to this time, included; to the end if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    end: Option<TimestampMs>,

    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// A selector is wrong, or the store cannot be written.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let receipt = match arguments.source.source() {
        Source::Url(url) => ask(url, arguments).await?,
        Source::Folder(path) => delete(path, arguments)?,
    };
    print(&text(&receipt, arguments.dry_run))
}

fn delete(path: &Path, arguments: &Arguments) -> Result<DeleteReceipt> {
    let selectors = arguments.selectors.iter().map(|s| parse_selector(s));
    let selectors = selectors.collect::<Result<Vec<_>>>()?;
    let range = TimeRange::inclusive(
        arguments.start.unwrap_or(i64::MIN),
        arguments.end.unwrap_or(i64::MAX),
    );
    if range.is_empty() {
        return Err(Error::invalid("--end lies before --start"));
    }
    if arguments.dry_run {
        return Engine::open_read_only(path)?.preview_delete(&selectors, range);
    }
    if !path.exists() {
        return Err(Error::invalid(format!(
            "no store in folder {}",
            path.display()
        )));
    }
    let engine = Engine::open(path, Options::default(), None)?;
    let receipt = engine.delete(&selectors, range)?;
    engine.close()?;
    Ok(receipt)
}

#[derive(Deserialize)]
struct Envelope {
    data: RemoteReceipt,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RemoteReceipt {
    series: u64,
    samples: u64,
    min_time: Option<TimestampMs>,
    max_time: Option<TimestampMs>,
    blocks: u64,
}

async fn ask(url: &str, arguments: &Arguments) -> Result<DeleteReceipt> {
    let seconds = |ms: TimestampMs| format!("{}", ms as f64 / 1000.0);
    let mut form: Vec<(&str, String)> = arguments
        .selectors
        .iter()
        .map(|s| ("match[]", s.clone()))
        .collect();
    form.extend(arguments.start.map(|t| ("start", seconds(t))));
    form.extend(arguments.end.map(|t| ("end", seconds(t))));
    let what = if arguments.dry_run {
        "dry_run"
    } else {
        "receipt"
    };
    form.push((what, "true".to_owned()));
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let response =
        remote::post(url, "/api/v1/admin/tsdb/delete_series", &form, remote::JSON).await?;
    let body = remote::body(url, response).await?;
    let envelope: Envelope = serde_json::from_slice(&body).map_err(|e| {
        Error::invalid("the answer holds no receipt; is this a Narthex server?").with_source(e)
    })?;
    let data = envelope.data;
    Ok(DeleteReceipt {
        series: data.series,
        samples: data.samples,
        time: data.min_time.zip(data.max_time),
        blocks: data.blocks,
    })
}

fn text(receipt: &DeleteReceipt, dry_run: bool) -> String {
    let DeleteReceipt {
        series,
        samples,
        time,
        blocks,
    } = receipt;
    let verb = if dry_run {
        "would be deleted"
    } else {
        "deleted"
    };
    let time = time.map_or(String::new(), |(min, max)| {
        format!(" from {} to {}", format_time(min), format_time(max))
    });
    format!("{samples} samples of {series} series {verb}{time}\n{blocks} blocks to be rewritten\n")
}
