//! `narthex rules backtest`: which alerts would have fired.

mod missing;

use std::iter::Peekable;
use std::path::PathBuf;
use std::sync::Arc;
use std::vec::IntoIter;

use clap::{Args, ValueEnum};
use narthex_model::{Error, Labels, Result, TimestampMs, format_float};
use narthex_promql::{QueryValue, RangeSeries};
use narthex_rules::eval::{Episode, Replay, Settings};
use narthex_rules::file::{GroupSpec, LoadOptions, RuleSpec};
use narthex_rules::{SampleValue, VectorSample};
use narthex_sql::{Grid, QueryOptions, Times};
use serde_json::{Value, json};

use crate::cli::output::print;
use crate::cli::source::open_store;
use crate::cli::table::Rows;
use crate::json::by_name;
use crate::ruling::{Direct, load_all};
use crate::times::{format_time, parse_step, parse_time};

pub(super) const EXAMPLES: &str = "Example:
  narthex rules backtest alerts.yml --storage.path ./narthex-data --start 2026-01-01T00:00:00Z --end 2026-01-08T00:00:00Z";

/// Steps of one query: longer times are asked for piece by piece.
const STEPS_AT_ONCE: i64 = 10_000;

/// What `backtest` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files of rules; recording rules in them are not evaluated: what they record must be in the store
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Read this data folder, on which a server may be running, or this bucket: s3://…, gs://…, az://…, file:///…
    #[arg(long = "storage.path", value_name = "DIR|URL")]
    storage_path: PathBuf,

    /// First instant
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    start: TimestampMs,

    /// Last instant
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    end: TimestampMs,

    /// How often groups that do not say are evaluated: 15s, 1m, or seconds
    #[arg(long, value_name = "DURATION", value_parser = parse_step, default_value = "1m")]
    evaluation_interval: i64,

    /// How the episodes are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// A list of objects
    Json,
    /// A line per episode
    Csv,
}

/// Runs the command.
///
/// # Errors
/// A file or an expression is wrong, or the store cannot be read.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    if arguments.end < arguments.start || arguments.evaluation_interval <= 0 {
        let message = "--end must not be before --start, and intervals must be positive";
        return Err(Error::invalid(message));
    }
    let (engine, database) = open_store(&arguments.storage_path)?;
    let groups = load_all(&arguments.files, &LoadOptions::default())?;
    missing::tell(
        &groups,
        &engine,
        &arguments.files,
        arguments.start,
        arguments.end,
    )?;
    let store = Arc::new(Direct { engine, database });
    let mut episodes = Vec::new();
    for (interval, rule) in alerts(groups, arguments.evaluation_interval) {
        let found = replay(&store, arguments, interval, &rule).await;
        episodes.extend(found.map_err(|e| e.context(format!("alert {}", rule.name)))?);
    }
    episodes.sort_by_key(|episode| episode.active_at);
    show(&episodes, arguments.format)
}

/// The alerts of all groups, with how often each is evaluated.
fn alerts(groups: Vec<GroupSpec>, interval: i64) -> Vec<(i64, RuleSpec)> {
    let of_group = |group: GroupSpec| {
        let interval = group.interval_ms.unwrap_or(interval);
        let alerts = group.rules.into_iter().filter(|r| r.alert().is_some());
        alerts.map(move |rule| (interval, rule))
    };
    groups.into_iter().flat_map(of_group).collect()
}

async fn replay(
    store: &Arc<Direct>,
    arguments: &Arguments,
    interval: i64,
    rule: &RuleSpec,
) -> Result<Vec<Episode>> {
    let Some(mut replay) = Replay::new(rule) else {
        return Ok(Vec::new());
    };
    let (world, settings) = (store.clone().world(), Settings::default());
    let expr = rule.expr.to_string();
    let mut start = arguments.start;
    while start <= arguments.end {
        let last = start.saturating_add(interval.saturating_mul(STEPS_AT_ONCE - 1));
        let grid = Grid {
            start,
            end: last.min(arguments.end),
            step: interval,
        };
        let times = Times::Range(grid);
        let answer = store
            .database
            .query(&expr, times, QueryOptions::default())
            .await?;
        let mut cursors = Cursors::new(answer.output.value);
        let mut at = start;
        while at <= grid.end {
            let samples = cursors.at(at);
            let step = replay.step(&samples, at, &world, &settings).await;
            step.map_err(Error::invalid)?;
            at = at.saturating_add(interval);
        }
        start = at;
    }
    Ok(replay.finish())
}

/// Series, each at the sample that comes next.
struct Cursors(Vec<Cursor>);

struct Cursor {
    labels: Labels,
    rest: Peekable<IntoIter<(TimestampMs, f64)>>,
}

impl Cursors {
    fn new(value: QueryValue) -> Self {
        let QueryValue::Matrix(series) = value else {
            return Self(Vec::new());
        };
        let cursor = |series: RangeSeries| {
            let samples: Vec<_> = series.timestamps.into_iter().zip(series.values).collect();
            Cursor {
                labels: series.labels,
                rest: samples.into_iter().peekable(),
            }
        };
        Self(series.into_iter().map(cursor).collect())
    }

    /// The samples at `at`; it is called with later and later times.
    fn at(&mut self, at: TimestampMs) -> Vec<VectorSample> {
        let mut found = Vec::new();
        for Cursor { labels, rest } in &mut self.0 {
            found.extend(
                rest.next_if(|(t, _)| *t == at)
                    .map(|(_, value)| VectorSample {
                        labels: labels.clone(),
                        value: SampleValue::Float(value),
                    }),
            );
        }
        found
    }
}

fn show(episodes: &[Episode], format: Format) -> Result<()> {
    match format {
        Format::Table => print(&table(episodes).to_table()),
        Format::Csv => print(&table(episodes).to_csv()),
        Format::Json => {
            let all: Vec<_> = episodes.iter().map(object).collect();
            print(&format!("{}\n", Value::from(all)))
        }
    }
}

fn table(episodes: &[Episode]) -> Rows {
    let time = |ms: Option<TimestampMs>| ms.map_or_else(String::new, format_time);
    let row = |episode: &Episode| {
        let pairs = episode.annotations.iter();
        let annotations: Vec<_> = pairs
            .map(|(name, text)| format!("{name}: {text}"))
            .collect();
        vec![
            format_time(episode.active_at),
            time(episode.fired_at),
            time(episode.ended_at),
            episode.labels.to_string(),
            format_float(episode.value),
            annotations.join("; "),
        ]
    };
    let header = ["since", "fired", "ended", "labels", "value", "annotations"];
    Rows::new(&header, episodes.iter().map(row).collect())
}

fn object(episode: &Episode) -> Value {
    json!({
        "labels": by_name(&episode.labels),
        "annotations": episode.annotations,
        "value": format_float(episode.value),
        "activeAt": format_time(episode.active_at),
        "firedAt": episode.fired_at.map(format_time),
        "endedAt": episode.ended_at.map(format_time),
    })
}
