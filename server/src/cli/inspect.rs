//! `narthex inspect`: what is in the store, block by block, and in its log.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use narthex_engine::block::BlockMeta;
use narthex_engine::{BlockContents, SegmentContents, inspect_block, inspect_wal, list_blocks};
use narthex_model::{Result, format_duration};

use super::output::print;
use super::table::Rows;
use crate::http::block_json;
use crate::times::{format_time, now_ms};

pub(crate) const EXAMPLES: &str = "Examples:
  narthex inspect blocks --storage.path ./narthex-data
  narthex inspect blocks --format csv
  narthex inspect block 01KAN5V0Q4M6Z8R2T7Y9X3W1VB
  narthex inspect wal --format csv

A server may be running on the folder.";

/// Metrics that `inspect block` shows.
const METRICS_SHOWN: usize = 20;

/// What is looked at.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// A line per block
    #[command(after_help = EXAMPLES)]
    Blocks(BlocksArguments),
    /// The columns of one block, and its largest metrics
    #[command(after_help = EXAMPLES)]
    Block(BlockArguments),
    /// A line per segment of the write-ahead log
    #[command(after_help = EXAMPLES)]
    Wal(WalArguments),
}

/// What `inspect wal` takes.
#[derive(Debug, Args)]
pub(crate) struct WalArguments {
    /// The data folder
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "./narthex-data"
    )]
    storage_path: PathBuf,

    /// How the list is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people
    Table,
    /// A line per segment
    Csv,
}

/// What `inspect blocks` takes.
#[derive(Debug, Args)]
pub(crate) struct BlocksArguments {
    /// The data folder
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "./narthex-data"
    )]
    storage_path: PathBuf,

    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What `inspect block` takes.
#[derive(Debug, Args)]
pub(crate) struct BlockArguments {
    /// Its name
    #[arg(value_name = "ULID")]
    name: String,

    /// The data folder
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "./narthex-data"
    )]
    storage_path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// As /api/v1/status/tsdb/blocks answers
    Json,
    /// A line per block
    Csv,
}

/// Runs the command.
///
/// # Errors
/// There is no store, or no such block.
pub(crate) fn run(what: &What) -> Result<()> {
    match what {
        What::Blocks(BlocksArguments {
            storage_path,
            format,
        }) => {
            let blocks = list_blocks(storage_path)?;
            print(&match format {
                Format::Table => blocks_table(&blocks).to_table(),
                Format::Csv => blocks_table(&blocks).to_csv(),
                Format::Json => {
                    let blocks: Vec<_> = blocks.iter().map(block_json).collect();
                    format!("{}\n", serde_json::json!({ "blocks": blocks }))
                }
            })
        }
        What::Block(BlockArguments { name, storage_path }) => {
            let contents = inspect_block(storage_path, name)?;
            print(&block_text(&contents))
        }
        What::Wal(WalArguments {
            storage_path,
            format,
        }) => {
            let segments = wal_table(&inspect_wal(storage_path)?);
            print(&match format {
                ListFormat::Table => segments.to_table(),
                ListFormat::Csv => segments.to_csv(),
            })
        }
    }
}

fn wal_table(segments: &[SegmentContents]) -> Rows {
    let header = [
        "segment",
        "oldest",
        "newest",
        "commits",
        "records",
        "series",
        "samples",
        "histograms",
        "exemplars",
        "metadata",
        "bytes",
        "damage",
    ];
    let row = |s: &SegmentContents| {
        let time = |t: Option<i64>| t.map(format_time).unwrap_or_default();
        let damage = s.damage.as_ref();
        vec![
            s.number.to_string(),
            time(s.time.map(|t| t.0)),
            time(s.time.map(|t| t.1)),
            s.groups.to_string(),
            s.records.to_string(),
            s.series.to_string(),
            s.samples.to_string(),
            s.histograms.to_string(),
            s.exemplars.to_string(),
            s.metadata.to_string(),
            s.bytes.to_string(),
            damage.map_or(String::new(), |(at, what)| format!("byte {at}: {what}")),
        ]
    };
    Rows::new(&header, segments.iter().map(row).collect())
}

fn blocks_table(blocks: &[BlockMeta]) -> Rows {
    let header = [
        "block",
        "start",
        "end",
        "level",
        "series",
        "samples",
        "bytes",
        "bytes/sample",
        "parents",
        "age",
    ];
    let row = |meta: &BlockMeta| {
        vec![
            meta.ulid.to_string(),
            format_time(meta.span.start),
            format_time(meta.span.end),
            meta.source.level.to_string(),
            meta.series.to_string(),
            meta.samples.to_string(),
            bytes(meta).to_string(),
            per_sample(bytes(meta), meta.samples),
            meta.source.parents.len().to_string(),
            format_duration((now_ms() - meta.created_ms).max(0) / 1000 * 1000),
        ]
    };
    Rows::new(&header, blocks.iter().map(row).collect())
}

fn block_text(contents: &BlockContents) -> String {
    let BlockContents {
        meta,
        columns,
        metrics,
    } = contents;
    let header = [
        "file",
        "column",
        "encodings",
        "row groups",
        "pages",
        "bytes",
        "raw bytes",
        "bytes/sample",
    ];
    let column = |c: &narthex_engine::ColumnContents| {
        vec![
            c.file.clone(),
            c.name.clone(),
            c.encodings.clone(),
            c.row_groups.to_string(),
            c.pages.to_string(),
            c.bytes.to_string(),
            c.raw_bytes.to_string(),
            per_sample(c.bytes, meta.samples),
        ]
    };
    let columns = Rows::new(&header, columns.iter().map(column).collect());
    let metric = |m: &narthex_engine::MetricContents| {
        vec![m.name.clone(), m.series.to_string(), m.samples.to_string()]
    };
    let shown = metrics.iter().take(METRICS_SHOWN).map(metric).collect();
    let largest = Rows::new(&["metric", "series", "samples"], shown);
    format!(
        "{}{}{}{} of {} metrics\n",
        blocks_table(std::slice::from_ref(meta)).to_table(),
        columns.to_table(),
        largest.to_table(),
        metrics.len().min(METRICS_SHOWN),
        metrics.len()
    )
}

fn bytes(meta: &BlockMeta) -> u64 {
    meta.files.values().map(|f| f.bytes).sum()
}

fn per_sample(bytes: u64, samples: u64) -> String {
    format!("{:.3}", bytes as f64 / samples.max(1) as f64)
}
