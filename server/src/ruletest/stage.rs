//! The world of one test: a store of its own, whose samples come as time goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use narthex_engine::{Engine, Options};
use narthex_model::{Error, Histogram, Result, Sink, TimestampMs, WriteBatch};
use narthex_promql::ParseOptions;
use narthex_rules::Pending;
use narthex_rules::eval::World;
use narthex_rules::template::go_duration;
use narthex_rules::unit::{self, TestFile, TestGroup};
use narthex_sql::{Database, DatabaseOptions};

use super::dump::dump;
use crate::cli::print;
use crate::promqltest::series::{self, SeriesLine};
use crate::promqltest::{histogram, push};
use crate::ruling::Direct;

/// A store, and the series that are to come.
pub(super) struct Stage {
    store: Arc<Direct>,
    lines: Vec<SeriesLine>,
    start: TimestampMs,
    step: i64,
    /// Samples up to this time are stored.
    loaded: AtomicI64,
    /// Whether all samples are printed at the end.
    debug: bool,
}

impl Stage {
    /// An empty store in `folder` for `test`.
    pub(super) fn open(
        folder: &Path,
        file: &TestFile,
        test: &TestGroup,
        debug: bool,
    ) -> Result<Self> {
        let options = Options {
            out_of_order_window_ms: i64::MAX / 4,
            ..Options::default()
        };
        let engine = Engine::open(folder, options, None)?;
        let options = DatabaseOptions {
            language: ParseOptions::all(),
            ..DatabaseOptions::default()
        };
        let database = Database::new(engine.clone(), options);
        let line = |input: &unit::InputSeries| {
            let line = format!("{} {}", input.series, input.values);
            series::parse(&line).map_err(|e| Error::invalid(format!("series {line:?}: {e}")))
        };
        let step = match test.interval.0 {
            0 => file.evaluation_interval.0,
            step => step,
        };
        Ok(Self {
            store: Arc::new(Direct { engine, database }),
            lines: test.input_series.iter().map(line).collect::<Result<_>>()?,
            start: test.start_timestamp.0,
            step,
            loaded: AtomicI64::new(i64::MIN),
            debug,
        })
    }

    /// The store as rules see it.
    pub(super) fn world(&self) -> World {
        self.store.clone().world()
    }

    /// Prints all samples until the whole second after `last`.
    async fn print_all(&self, last: i64) {
        let seconds = last / 1000 + 1;
        let (elapsed, at) = (seconds * 1000, self.start.saturating_add(seconds * 1000));
        let text = match dump(&self.store.database, at, seconds).await {
            Ok(text) => text,
            Err(error) => format!("{error}\n"),
        };
        let elapsed = go_duration(elapsed);
        let head = "DEBUG: Dump of all data (input_series and rules) at";
        // If standard output is closed, there is nobody to tell.
        let _ = print(&format!("{head} {elapsed}:\n{text}"));
    }

    async fn store_until(&self, till: TimestampMs) -> Result<()> {
        let loaded = self.loaded.swap(till, Ordering::Relaxed);
        let time_of = |slot: usize| {
            let at = self
                .start
                .saturating_add(self.step.saturating_mul(slot as i64));
            (loaded < at && at <= till).then_some(at)
        };
        let mut batch = WriteBatch::new();
        self.lines
            .iter()
            .for_each(|line| push(line, time_of, &mut batch));
        let receipt = self.store.engine.write(batch).await?;
        match receipt.rejected {
            0 => Ok(()),
            count => Err(Error::invalid(format!("{count} samples were rejected"))),
        }
    }
}

impl unit::Stage for Stage {
    fn load<'a>(&'a self, _: &'a TestGroup, till: TimestampMs) -> Pending<'a, Result<()>> {
        Box::pin(self.store_until(till))
    }

    fn evaluated(&self, last: i64) -> Pending<'_, ()> {
        Box::pin(async move {
            if self.debug {
                self.print_all(last).await;
            }
        })
    }

    fn read_histogram(&self, text: &str) -> std::result::Result<Histogram, String> {
        histogram::parse(text).map(|literal| literal.histogram)
    }

    fn write_histogram(&self, histogram: &Histogram) -> String {
        histogram::write(histogram)
    }
}
