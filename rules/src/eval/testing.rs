//! A small world for tests: a store of floats, queries by table, a clock turned by hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{
    Clock, Error, Labels, METRIC_NAME, Matcher, Receipt, Rejection, RejectionReason, Result, Sink,
    SinkFuture, Sleep, TimeRange, TimestampMs, WriteBatch, is_stale,
};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Metrics, World};
use crate::notify::Notification;
use crate::query::{Found, LastSample, Notify, Pending, Query};
use crate::{SampleValue, VectorSample};

/// The world, and what happened in it.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<TestClock>,
}

/// A place for samples that answers queries: an expression in the table has its answer, any other is the name of a metric.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) answers: Mutex<HashMap<String, Result<Vec<VectorSample>, String>>>,
    pub(crate) samples: Mutex<Vec<(Labels, TimestampMs, f64)>>,
    pub(crate) told: Mutex<Vec<Notification>>,
    pub(crate) is_full: Mutex<bool>,
    /// Samples of metrics of these names are refused.
    pub(crate) refused: Mutex<Vec<String>>,
    /// How many samples a batch may have; 0: any number.
    pub(crate) batch_max: Mutex<usize>,
    /// The queries that came together.
    pub(crate) asked: Mutex<Vec<Vec<String>>>,
}

pub(crate) struct TestClock(watch::Sender<TimestampMs>);

pub(crate) fn stage() -> Stage {
    let store = Arc::new(Store::default());
    let clock = Arc::new(TestClock(watch::channel(0).0));
    let world = World {
        query: store.clone(),
        sink: store.clone(),
        notify: store.clone(),
        clock: clock.clone(),
        metrics: Arc::new(Metrics::default()),
    };
    Stage {
        world,
        store,
        clock,
    }
}

pub(crate) fn labels(text: &[(&str, &str)]) -> Labels {
    Labels::new(text.iter().copied()).expect("valid")
}

pub(crate) fn sample(text: &[(&str, &str)], value: f64) -> VectorSample {
    VectorSample {
        labels: labels(text),
        value: SampleValue::Float(value),
    }
}

impl Store {
    pub(crate) fn answer(&self, expr: &str, answer: Result<Vec<VectorSample>, &str>) {
        let answer = answer.map_err(str::to_owned);
        self.answers.lock().insert(expr.to_owned(), answer);
    }

    /// What was written since the last call: `name{labels} value@time`.
    pub(crate) fn written(&self) -> Vec<String> {
        let shown = |(labels, at, value): (Labels, TimestampMs, f64)| {
            let value = if is_stale(value) {
                "stale".to_owned()
            } else {
                value.to_string()
            };
            format!("{labels} {value}@{at}")
        };
        let mut all: Vec<_> = std::mem::take(&mut *self.samples.lock())
            .into_iter()
            .map(shown)
            .collect();
        all.sort();
        all
    }
}

impl Query for Store {
    fn instant<'a>(&'a self, exprs: &'a [Arc<str>], _: TimestampMs) -> Pending<'a, Vec<Found>> {
        self.asked
            .lock()
            .push(exprs.iter().map(ToString::to_string).collect());
        let find = |expr: &Arc<str>| match self.answers.lock().get(&**expr) {
            Some(answer) => answer.clone().map_err(Error::invalid),
            None => {
                let samples = self.samples.lock();
                let named = samples
                    .iter()
                    .filter(|s| s.0.get(METRIC_NAME) == Some(&**expr));
                let found = named.map(|(labels, _, value)| VectorSample {
                    labels: labels.clone(),
                    value: SampleValue::Float(*value),
                });
                Ok(found.collect())
            }
        };
        let found = exprs.iter().map(|expr| Found {
            result: find(expr),
            took: Duration::from_millis(1),
        });
        let found = found.collect();
        Box::pin(async move { found })
    }

    fn last<'a>(
        &'a self,
        matchers: &'a [Matcher],
        within: TimeRange,
    ) -> Pending<'a, Result<Vec<LastSample>>> {
        let samples = self.samples.lock();
        let matching = samples.iter().filter(|(labels, at, _)| {
            within.contains(*at) && matchers.iter().all(|m| m.accepts_labels(labels.as_ref()))
        });
        let mut last: HashMap<Labels, LastSample> = HashMap::new();
        for (labels, timestamp, value) in matching.cloned() {
            last.insert(
                labels.clone(),
                LastSample {
                    labels,
                    timestamp,
                    value,
                },
            );
        }
        let last = last.into_values().collect();
        Box::pin(async move { Ok(last) })
    }
}

impl Sink for Store {
    fn write(&self, batch: WriteBatch) -> SinkFuture<'_> {
        let is_full = *self.is_full.lock();
        let batch_max = *self.batch_max.lock();
        if batch_max > 0 && batch.sample_count() > batch_max {
            return Box::pin(async { Err(Error::limit("too large")) });
        }
        let columns = batch
            .sample_series()
            .iter()
            .zip(batch.timestamps())
            .zip(batch.values());
        let samples =
            columns.map(|((series, at), value)| (batch.labels(*series).to_owned(), *at, *value));
        let mut receipt = Receipt::default();
        if !is_full {
            let names = self.refused.lock().clone();
            let mut kept = self.samples.lock();
            for (labels, timestamp, value) in samples {
                let name = labels.get(METRIC_NAME).unwrap_or_default();
                if names.iter().any(|refused| refused == name) {
                    let reason = RejectionReason::TooOld;
                    receipt.reject(|| Rejection {
                        labels,
                        timestamp,
                        reason,
                    });
                } else if !kept.iter().any(|s| (&s.0, s.1) == (&labels, timestamp)) {
                    kept.push((labels, timestamp, value));
                }
            }
        }
        Box::pin(async move {
            match is_full {
                true => Err(Error::unavailable("the disk is full")),
                false => Ok(receipt),
            }
        })
    }
}

impl Notify for Store {
    fn notify(&self, alerts: Vec<Notification>) {
        self.told.lock().extend(alerts);
    }
}

impl TestClock {
    /// Sets the time and lets everybody do what is due.
    pub(crate) async fn set(&self, now: TimestampMs) {
        self.0.send_replace(now);
        // All tasks of a test run on one thread, and none waits for anything but this clock.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> TimestampMs {
        *self.0.borrow()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.borrow().unsigned_abs())
    }

    fn sleep_until(&self, due: TimestampMs) -> Sleep<'_> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            let _ = now.wait_for(|now| *now >= due).await;
        })
    }
}
