//! Runs the commands of a script, each `clear` on a fresh store.

use std::path::Path;
use std::sync::Arc;

use narthex_engine::{Engine, Options};
use narthex_model::{
    Error, Histogram, HistogramSample, Result, Sink, TimestampMs, WriteBatch, is_stale,
};
use narthex_promql::ParseOptions;
use narthex_sql::{Database, DatabaseOptions};

use super::evaluate::{How, evaluate};
use super::nhcb;
use super::order::Newest;
use super::script::{Command, CommandKind, parse};
use super::series::{SeriesLine, Slot};

/// A query may not load more samples than this.
const SAMPLES_MAX: u64 = 10_000;

/// What running a script gave.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Cases that answered as expected.
    pub passed: usize,
    /// Those that did not.
    pub failed: Vec<Failure>,
}

/// A case that did not answer as expected.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The line of its command, from 1.
    pub line: usize,
    /// The query; empty for a load.
    pub query: String,
    /// What was expected and what came.
    pub message: String,
}

/// Runs the script `text`, storing in folders below `scratch`.
///
/// # Errors
/// `Invalid` if the script cannot be read, `Unavailable` if nothing can be stored below `scratch`.
pub async fn run(text: &str, scratch: &Path, how: How) -> Result<Report> {
    let commands = parse(text).map_err(Error::invalid)?;
    let mut report = Report::default();
    let mut stage = Stage::open(scratch, 0)?;
    for (i, command) in commands.iter().enumerate() {
        if matches!(command.kind, CommandKind::Clear) {
            stage = Stage::open(scratch, i + 1)?;
            continue;
        }
        match step(&mut stage, command, how).await {
            Ok(()) => report.passed += usize::from(matches!(command.kind, CommandKind::Eval(_))),
            Err((query, message)) => report.failed.push(Failure {
                line: command.line,
                query,
                message,
            }),
        }
    }
    Ok(report)
}

async fn step(
    stage: &mut Stage,
    command: &Command,
    how: How,
) -> std::result::Result<(), (String, String)> {
    match &command.kind {
        CommandKind::Clear => Ok(()),
        CommandKind::Load {
            step_ms,
            series,
            histograms_too,
        } => {
            let loaded = stage.load(*step_ms, series, *histograms_too).await;
            loaded.map_err(|message| (String::new(), message))
        }
        CommandKind::Eval(eval) => evaluate(&stage.database, eval, how)
            .await
            .map_err(|message| (eval.query.clone(), message)),
    }
}

/// A store and the database over it.
struct Stage {
    engine: Arc<Engine>,
    database: Database,
    newest: Newest,
}

impl Stage {
    fn open(scratch: &Path, number: usize) -> Result<Self> {
        let options = Options {
            out_of_order_window_ms: i64::MAX / 4,
            ..Options::default()
        };
        let engine = Engine::open(&scratch.join(format!("stage-{number}")), options, None)?;
        let options = DatabaseOptions {
            language: ParseOptions::all(),
            delayed_names: true,
            start_timestamps: true,
            samples_max: SAMPLES_MAX,
            ..DatabaseOptions::default()
        };
        let database = Database::new(engine.clone(), options);
        Ok(Self {
            engine,
            database,
            newest: Newest::default(),
        })
    }

    async fn load(
        &mut self,
        step_ms: i64,
        series: &[SeriesLine],
        histograms_too: bool,
    ) -> std::result::Result<(), String> {
        let mut batch = WriteBatch::new();
        for line in series {
            self.newest.take(line, step_ms)?;
            push(line, |slot| Some(slot as i64 * step_ms), &mut batch);
        }
        if histograms_too {
            for line in nhcb::histograms(series)? {
                push(&line, |slot| Some(slot as i64 * step_ms), &mut batch);
            }
        }
        let receipt = self.engine.write(batch).await.map_err(|e| e.to_string())?;
        if receipt.rejected > 0 {
            return Err(format!(
                "{} samples were rejected: {:?}",
                receipt.rejected, receipt.examples
            ));
        }
        Ok(())
    }
}

/// Adds the samples of a line whose slots have a time. A stale marker after a histogram is a stale histogram.
pub(crate) fn push(
    line: &SeriesLine,
    time_of: impl Fn(usize) -> Option<TimestampMs>,
    batch: &mut WriteBatch,
) {
    let series = batch.push_packed_series(line.labels.as_ref());
    let mut after_histogram = false;
    for (i, slot) in line.slots.iter().enumerate() {
        let histogram = match slot {
            Slot::Omitted => continue,
            Slot::Float(v) if after_histogram && is_stale(*v) => Some(Histogram {
                sum: *v,
                ..Histogram::default()
            }),
            Slot::Float(_) => None,
            Slot::Histogram(literal) => Some(literal.histogram.clone()),
        };
        after_histogram = histogram.is_some();
        let Some(timestamp) = time_of(i) else {
            continue;
        };
        let start = line.starts.get(i).copied().flatten();
        let start_timestamp = start.map(|distance| timestamp + distance);
        match (histogram, slot) {
            (Some(histogram), _) => batch.histograms.push(HistogramSample {
                series,
                timestamp,
                histogram,
                start_timestamp,
            }),
            (None, Slot::Float(v)) => {
                batch.push_sample_with_start(series, timestamp, *v, start_timestamp.unwrap_or(0));
            }
            (None, _) => {}
        }
    }
}
