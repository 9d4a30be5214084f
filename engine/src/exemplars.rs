//! Exemplars: examples of what a sample counted, such as the id of a trace.

use std::collections::HashMap;

use narthex_model::{Exemplar, Labels, LabelsRef, TimestampMs};

/// An exemplar as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredExemplar {
    /// The series it belongs to.
    pub series: Labels,
    /// When, in milliseconds since the epoch.
    pub timestamp: TimestampMs,
    /// Its own labels.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
}

/// Sorts exemplars by series and time, and keeps each once.
pub(crate) fn sort_by_series(exemplars: &mut Vec<StoredExemplar>) {
    exemplars.sort_by(|a, b| {
        let by_series = a.series.cmp(&b.series);
        by_series.then_with(|| compare_times(a, b))
    });
    exemplars.dedup_by(|a, b| is_same(a, b));
}

/// Sorts exemplars by time and series, and keeps each once.
pub(crate) fn sort_by_time(exemplars: &mut Vec<StoredExemplar>) {
    exemplars.sort_by(|a, b| {
        let by_time = a.timestamp.cmp(&b.timestamp);
        by_time
            .then_with(|| a.series.cmp(&b.series))
            .then_with(|| compare_times(a, b))
    });
    exemplars.dedup_by(|a, b| is_same(a, b));
}

fn compare_times(a: &StoredExemplar, b: &StoredExemplar) -> std::cmp::Ordering {
    let by_time = a.timestamp.cmp(&b.timestamp);
    by_time
        .then_with(|| a.labels.cmp(&b.labels))
        .then_with(|| a.value.to_bits().cmp(&b.value.to_bits()))
}

fn is_same(a: &StoredExemplar, b: &StoredExemplar) -> bool {
    a.timestamp == b.timestamp
        && a.value.to_bits() == b.value.to_bits()
        && a.series == b.series
        && a.labels == b.labels
}

/// Recognises exemplars that targets say again with every scrape.
#[derive(Debug, Default)]
pub(crate) struct Repetitions {
    /// The last exemplar of each series, by ordinal: its time, its value's bits and a hash of its labels.
    last: HashMap<u32, (TimestampMs, u64, u64)>,
}

impl Repetitions {
    /// Notes an exemplar, which counts at `t`; `false` if it repeats the one before it. One without a time of its own
    /// repeats it at any time. No more than `series_max` are remembered; then all are forgotten.
    pub(crate) fn is_new(
        &mut self,
        ordinal: u32,
        exemplar: &Exemplar,
        t: TimestampMs,
        series_max: usize,
    ) -> bool {
        let hash = LabelsRef::from_canonical(&exemplar.labels).id();
        let now = (t, exemplar.value.to_bits(), hash);
        if let Some(last) = self.last.get_mut(&ordinal) {
            let same = (last.1, last.2) == (now.1, now.2);
            let repeats = same && (exemplar.timestamp.is_none() || last.0 == t);
            *last = now;
            return !repeats;
        }
        if self.last.len() >= series_max {
            self.last.clear();
        }
        self.last.insert(ordinal, now);
        true
    }

    /// Forgets everything: what was noted last could not be stored.
    pub(crate) fn forget(&mut self) {
        self.last.clear();
    }
}
