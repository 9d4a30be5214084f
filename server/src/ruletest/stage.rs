//! The world of one test: a store of its own, whose samples come as time goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use narthex_engine::{Engine, Options};
use narthex_ingest::SystemClock;
use narthex_model::{Error, Histogram, Matcher, Result, Sink, TimeRange, TimestampMs, WriteBatch};
use narthex_promql::ParseOptions;
use narthex_rules::eval::World;
use narthex_rules::notify::Notification;
use narthex_rules::unit::{self, TestFile, TestGroup};
use narthex_rules::{Found, LastSample, Notify, Pending, Query};
use narthex_sql::{Database, DatabaseOptions, QueryOptions};

use crate::promqltest::series::{self, SeriesLine};
use crate::promqltest::{histogram, push};
use crate::ruling::query::{last, samples};

/// A store, and the series that are to come.
pub(super) struct Stage {
    store: Arc<Store>,
    lines: Vec<SeriesLine>,
    start: TimestampMs,
    step: i64,
    /// Samples up to this time are stored.
    loaded: AtomicI64,
}

struct Store {
    engine: Arc<Engine>,
    database: Database,
}

impl Stage {
    /// An empty store in `folder` for `test`.
    pub(super) fn open(folder: &Path, file: &TestFile, test: &TestGroup) -> Result<Self> {
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
            store: Arc::new(Store { engine, database }),
            lines: test.input_series.iter().map(line).collect::<Result<_>>()?,
            start: test.start_timestamp.0,
            step,
            loaded: AtomicI64::new(i64::MIN),
        })
    }

    /// The store as rules see it.
    pub(super) fn world(&self) -> World {
        World {
            query: self.store.clone(),
            sink: self.store.engine.clone(),
            notify: Arc::new(Nobody),
            clock: Arc::new(SystemClock::new()),
            metrics: Arc::default(),
        }
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

    fn read_histogram(&self, text: &str) -> std::result::Result<Histogram, String> {
        histogram::parse(text).map(|literal| literal.histogram)
    }

    fn write_histogram(&self, histogram: &Histogram) -> String {
        histogram::write(histogram)
    }
}

impl Store {
    async fn found(&self, expr: &str, at: TimestampMs) -> Found {
        let began = Instant::now();
        let answer = self
            .database
            .query_instant(expr, at, QueryOptions::default());
        let result = answer.await.and_then(|output| samples(output.value));
        let took = began.elapsed();
        Found { result, took }
    }
}

impl Query for Store {
    fn instant<'a>(&'a self, exprs: &'a [Arc<str>], at: TimestampMs) -> Pending<'a, Vec<Found>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(exprs.len());
            for expr in exprs {
                found.push(self.found(expr, at).await);
            }
            found
        })
    }

    fn last<'a>(
        &'a self,
        matchers: &'a [Matcher],
        within: TimeRange,
    ) -> Pending<'a, Result<Vec<LastSample>>> {
        Box::pin(async move { last(&self.engine, matchers, within) })
    }
}

/// Whoever would be told of alerts.
struct Nobody;

impl Notify for Nobody {
    fn notify(&self, _: Vec<Notification>) {}
}
