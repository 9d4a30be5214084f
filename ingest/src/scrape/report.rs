//! The series a scrape writes about itself: `up` and its siblings.

use std::time::Duration;

use narthex_model::{Labels, METRIC_NAME, TimestampMs, WriteBatch};

use super::append::{Counts, push_stale};
use super::limits::Limits;
use crate::config::DurationMs;
use crate::relabel::LabelSet;

const NAMES: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// Written with `extra_scrape_metrics` only.
const EXTRA_NAMES: [&str; 3] = [
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
];

/// How a scrape went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) up: bool,
    pub(crate) duration: Duration,
    pub(crate) counts: Counts,
    /// Bytes of the body after decompression; -1 if it was larger than its limit.
    pub(crate) body_bytes: i64,
}

/// The series of one target, packed once.
#[derive(Debug)]
pub(crate) struct Report {
    series: Vec<Labels>,
    timeout: DurationMs,
    limits: Limits,
}

impl Report {
    /// The report of the target with these labels.
    pub(crate) fn new(target: &Labels, timeout: DurationMs, limits: Limits, extra: bool) -> Self {
        let names = NAMES.iter().chain(EXTRA_NAMES.iter().filter(|_| extra));
        let labelled = |name: &&str| {
            let mut labels: LabelSet = target.iter().collect();
            labels.set(METRIC_NAME, *name);
            labels.pack().unwrap_or_else(|_| Labels::empty())
        };
        Self {
            series: names.map(labelled).collect(),
            timeout,
            limits,
        }
    }

    /// Appends the report of a scrape.
    pub(crate) fn append(&self, outcome: &Outcome, at: TimestampMs, batch: &mut WriteBatch) {
        let values = [
            f64::from(u8::from(outcome.up)),
            outcome.duration.as_secs_f64(),
            outcome.counts.scraped as f64,
            outcome.counts.kept as f64,
            outcome.counts.added as f64,
            self.timeout.0 as f64 / 1000.0,
            self.limits.samples as f64,
            outcome.body_bytes as f64,
        ];
        for (labels, value) in self.series.iter().zip(values) {
            let series = batch.push_packed_series(labels.as_ref());
            batch.push_sample(series, at, value);
        }
    }

    /// Ends the report's series: the target is gone.
    pub(crate) fn append_stale(&self, at: TimestampMs, batch: &mut WriteBatch) {
        for labels in &self.series {
            push_stale(batch, labels, at);
        }
    }
}
