//! What leaves a group: samples, ends of series, notifications.

use std::collections::HashSet;

use narthex_model::{
    HistogramSample, Labels, Receipt, Rejection, Result, TimestampMs, WriteBatch, stale_nan,
};

use super::alert::Alert;
use super::settings::{Settings, World};
use crate::notify::Notification;
use crate::template::table_link;
use crate::{SampleValue, VectorSample};

/// What a group has given in one evaluation so far.
#[derive(Default)]
pub(super) struct Given {
    pub(super) series: HashSet<Labels>,
    pub(super) samples: usize,
}

/// What a rule gave.
pub(super) struct Output {
    pub(super) at_rule: usize,
    pub(super) series: HashSet<Labels>,
    pub(super) samples: Vec<VectorSample>,
}

/// Writes a batch, if there is something in it.
pub(super) async fn write(batch: WriteBatch, world: &World) -> Result<Receipt> {
    if batch.is_empty() {
        return Ok(Receipt::default());
    }
    world.sink.write(batch).await
}

/// Adds what a rule gives.
pub(super) fn push_all(batch: &mut WriteBatch, samples: &[VectorSample], timestamp: TimestampMs) {
    for sample in samples {
        let series = batch.push_packed_series(sample.labels.as_ref());
        match &sample.value {
            SampleValue::Float(value) => batch.push_sample(series, timestamp, *value),
            SampleValue::Histogram(shown) => batch.histograms.push(HistogramSample {
                series,
                timestamp,
                histogram: shown.histogram.clone(),
                start_timestamp: None,
            }),
        }
    }
}

/// Ends a series.
pub(super) fn push_stale(batch: &mut WriteBatch, labels: &Labels, timestamp: TimestampMs) {
    let series = batch.push_packed_series(labels.as_ref());
    batch.push_sample(series, timestamp, stale_nan());
}

/// Why samples of these series were refused, if some were, and how many: as far as the receipt names them, or all if it is of these
/// series alone.
pub(super) fn refused(receipt: &Receipt, series: &HashSet<Labels>) -> Option<(String, u64)> {
    let is_own = |rejection: &&Rejection| series.contains(&rejection.labels);
    let first = receipt.examples.iter().find(is_own)?;
    let own = receipt.examples.iter().filter(is_own).count();
    let count = match own == receipt.examples.len() {
        true => receipt.rejected,
        false => own as u64,
    };
    Some((first.reason.as_str().to_owned(), count))
}

/// An alert as it is sent.
pub(super) fn notification(alert: Alert, query: &str, settings: &Settings) -> Notification {
    Notification {
        labels: alert.labels,
        annotations: alert.annotations,
        starts_at: alert.fired_at.unwrap_or(alert.active_at),
        ends_at: alert
            .resolved_at
            .or(alert.valid_until)
            .unwrap_or(alert.active_at),
        generator_url: format!("{}{}", settings.external_url, table_link(query)),
    }
}
