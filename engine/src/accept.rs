//! Which samples are accepted: in order always, late ones within a window, none from the future.

use std::collections::BTreeSet;

use narthex_model::{LabelsRef, Receipt, Rejection, RejectionReason, TimestampMs, WriteBatch};

use crate::exemplars::Repetitions;
use crate::extras::Extras;
use crate::head::window_number;
use crate::late::LateSamples;
use crate::limits::{FUTURE_MS_MAX, HEAD_WINDOWS_MAX};
use crate::metadata::{KnownMetadata, MetadataTable};
use crate::paged::Paged;
use crate::state::State;
use crate::wal::{ExemplarEntry, HistogramEntry, Samples};

/// In place of a time: the series has no sample yet. No sample is accepted that early.
const NEVER: TimestampMs = i64::MIN;

/// Accepted samples of a group commit.
pub(crate) struct Group<'a> {
    series: Vec<u32>,
    timestamps: Vec<i64>,
    values: Vec<f64>,
    /// Empty, or one per sample.
    starts: Vec<i64>,
    extras: Extras<'a>,
    windows: BTreeSet<i64>,
    late: LateSamples,
}

/// How a sample stands to those of its series so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Newest,
    /// Older than the newest, or as old.
    Late,
}

impl<'a> Group<'a> {
    /// An empty group; what is before `late` is late.
    pub(crate) fn new(samples: usize, late: TimestampMs) -> Self {
        Self {
            series: Vec::with_capacity(samples),
            timestamps: Vec::with_capacity(samples),
            values: Vec::with_capacity(samples),
            starts: Vec::new(),
            extras: Extras::default(),
            windows: BTreeSet::new(),
            late: LateSamples::before(late),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.extras.is_empty()
    }

    /// The samples as columns, what there is beside, and the numbers of their windows.
    pub(crate) fn into_columns(mut self) -> (Samples, Extras<'a>, BTreeSet<i64>, LateSamples) {
        if !self.starts.is_empty() {
            self.starts.resize(self.values.len(), 0);
        }
        let (series, timestamps, values) = (
            self.series.into(),
            self.timestamps.into(),
            self.values.into(),
        );
        (
            Samples {
                series,
                timestamps,
                values,
                starts: (!self.starts.is_empty()).then(|| self.starts.into()),
            },
            self.extras,
            self.windows,
            self.late,
        )
    }

    fn push(&mut self, ordinal: u32, t: TimestampMs, value: f64) {
        self.late.look(t);
        self.series.push(ordinal);
        self.timestamps.push(t);
        self.values.push(value);
    }

    /// Says since when the sample pushed last counts, if that is known; earlier ones without say nothing.
    fn note_start(&mut self, start: TimestampMs) {
        if start != 0 || !self.starts.is_empty() {
            self.starts.resize(self.values.len(), 0);
            self.starts.pop();
            self.starts.push(start);
        }
    }

    /// Notes a float that is not newer than all samples of its series: it may take the place of another. Those in windows that
    /// are written to are found when the sample gets there, those in frozen ones and in blocks when blocks are merged.
    fn note_late(&mut self, ordinal: u32, t: TimestampMs) {
        if !self.extras.is_empty() {
            self.extras.late_float(ordinal, t);
        }
    }

    /// Notes that the group has a sample in a window; `false` if the head would then have too many windows.
    fn enter(&mut self, window: i64, state: &State) -> bool {
        self.windows.insert(window);
        let fits = state.windows.len() + self.windows.len() <= HEAD_WINDOWS_MAX;
        if !fits {
            self.windows.remove(&window);
        }
        fits
    }
}

/// The newest sample of each series and of the store, and the rule that follows from them.
pub(crate) struct Acceptance {
    out_of_order_window_ms: i64,
    /// By ordinal.
    newest: Paged<TimestampMs>,
    newest_of_store: TimestampMs,
    now: TimestampMs,
    /// Older samples are out of retention.
    oldest_kept: TimestampMs,
    /// How to take the current group back: ordinals and what was their newest sample, in order; and the store's.
    undo: Vec<(u32, TimestampMs)>,
    undo_store: TimestampMs,
    repetitions: Repetitions,
}

impl Acceptance {
    pub(crate) fn new(out_of_order_window_ms: i64) -> Self {
        Self {
            out_of_order_window_ms,
            newest: Paged::new(NEVER),
            newest_of_store: NEVER,
            now: i64::MAX,
            oldest_kept: i64::MIN,
            undo: Vec::new(),
            undo_store: NEVER,
            repetitions: Repetitions::default(),
        }
    }

    /// Notes a sample that is stored already.
    pub(crate) fn note(&mut self, ordinal: u32, t: TimestampMs) {
        if t > self.newest.get(ordinal) {
            self.newest.set(ordinal, t);
        }
        self.newest_of_store = self.newest_of_store.max(t);
    }

    /// The newest sample of the store.
    pub(crate) fn newest(&self) -> Option<TimestampMs> {
        Some(self.newest_of_store).filter(|t| *t != NEVER)
    }

    /// Begins a group; it is final when the next one begins. Samples before `oldest_kept` are out of retention.
    pub(crate) fn begin(&mut self, now: TimestampMs, oldest_kept: TimestampMs) {
        self.now = now;
        self.oldest_kept = oldest_kept;
        self.undo.clear();
        self.undo_store = self.newest_of_store;
    }

    /// Takes back the group: its samples could not be stored.
    pub(crate) fn undo(&mut self) {
        for (ordinal, before) in std::mem::take(&mut self.undo).into_iter().rev() {
            self.newest.set(ordinal, before);
        }
        self.newest_of_store = self.undo_store;
        self.repetitions.forget();
    }

    /// Adds the accepted samples of a batch to `group`. `ordinals` are those of its series; `state` tells which late
    /// samples are repetitions.
    pub(crate) fn accept<'a>(
        &mut self,
        batch: &'a WriteBatch,
        ordinals: &[u32],
        state: &State,
        group: &mut Group<'a>,
    ) -> Receipt {
        let mut receipt = Receipt::default();
        let mut last_window = None;
        let mut starts = batch.start_timestamps().iter();
        let times = batch.timestamps().iter().zip(batch.values());
        for (&position, (&t, &value)) in batch.sample_series().iter().zip(times) {
            let start = starts.next().copied();
            let Some(&ordinal) = ordinals.get(position as usize) else {
                continue;
            };
            let reject = |reason| Rejection {
                labels: batch.labels(position).to_owned(),
                timestamp: t,
                reason,
            };
            match self.check(ordinal, t) {
                Ok(Order::Newest) => {}
                Ok(Order::Late) => group.note_late(ordinal, t),
                Err(RejectionReason::TooOld) if state.repeats(ordinal, t, value) => {
                    receipt.stored += 1;
                    continue;
                }
                Err(reason) => {
                    receipt.reject(|| reject(reason));
                    continue;
                }
            }
            let window = window_number(t, state.block_duration_ms);
            if last_window != Some(window) {
                last_window = Some(window).filter(|_| group.enter(window, state));
                if last_window.is_none() {
                    receipt.reject(|| reject(RejectionReason::TooManyWindows));
                    continue;
                }
            }
            group.push(ordinal, t, value);
            if let Some(start) = start {
                group.note_start(start);
            }
            receipt.stored += 1;
        }
        self.accept_histograms(batch, ordinals, state, group, &mut receipt);
        receipt
    }

    fn accept_histograms<'a>(
        &mut self,
        batch: &'a WriteBatch,
        ordinals: &[u32],
        state: &State,
        group: &mut Group<'a>,
        receipt: &mut Receipt,
    ) {
        for sample in &batch.histograms {
            let Some(&ordinal) = ordinals.get(sample.series as usize) else {
                continue;
            };
            let (t, histogram) = (sample.timestamp, sample.histogram.as_ref());
            let accepted = histogram
                .check()
                .map_err(RejectionReason::Histogram)
                .and_then(|()| self.check(ordinal, t));
            let reason = match accepted {
                Ok(_) if group.enter(window_number(t, state.block_duration_ms), state) => {
                    group.late.look(t);
                    group.extras.push_histogram(HistogramEntry {
                        ordinal,
                        timestamp: t,
                        start: sample.start_timestamp.unwrap_or(0),
                        histogram,
                    });
                    receipt.stored += 1;
                    continue;
                }
                Ok(_) => RejectionReason::TooManyWindows,
                Err(RejectionReason::TooOld) if state.repeats_histogram(ordinal, t, &histogram) => {
                    receipt.stored += 1;
                    continue;
                }
                Err(reason) => reason,
            };
            receipt.reject(|| Rejection {
                labels: batch.labels(sample.series).to_owned(),
                timestamp: t,
                reason,
            });
        }
    }

    /// Adds those exemplars of a batch to `group` that are new and lie where samples are accepted. One without a time of its
    /// own counts when the newest sample of its series does. The others are left out silently: they are an ornament.
    pub(crate) fn accept_exemplars(
        &mut self,
        batch: &WriteBatch,
        ordinals: &[u32],
        state: &State,
        group: &mut Group<'_>,
        series_max: usize,
    ) {
        let oldest = self
            .newest_of_store
            .saturating_sub(self.out_of_order_window_ms)
            .max(i64::MIN / 2);
        let latest = self.now.saturating_add(FUTURE_MS_MAX).min(i64::MAX - 1);
        for exemplar in &batch.exemplars {
            let Some(&ordinal) = ordinals.get(exemplar.series as usize) else {
                continue;
            };
            let newest = self.newest.get(ordinal);
            let t = exemplar.timestamp.unwrap_or(newest);
            let window = window_number(t, state.block_duration_ms);
            let is_open = state.windows.iter().any(|w| w.number() == window);
            let in_time = t <= latest && t >= self.oldest_kept && (t >= oldest || is_open);
            let Some(labels) = LabelsRef::checked(&exemplar.labels) else {
                continue;
            };
            if in_time
                && t != NEVER
                && self.repetitions.is_new(ordinal, exemplar, t, series_max)
                && group.enter(window, state)
            {
                group.extras.push_exemplar(ExemplarEntry {
                    ordinal,
                    timestamp: t,
                    value: exemplar.value,
                    labels: labels.to_owned(),
                });
            }
        }
    }

    /// Adds what the metrics of a batch say of themselves, as far as `table` does not know it.
    pub(crate) fn accept_metadata(
        &self,
        batch: &WriteBatch,
        state: &State,
        table: &MetadataTable,
        group: &mut Group<'_>,
    ) {
        let since = self
            .newest()
            .map_or(self.now, |newest| newest.min(self.now));
        let window = window_number(since, state.block_duration_ms);
        for entry in &batch.metadata {
            if table.wants(entry) && group.enter(window, state) {
                let known = KnownMetadata {
                    entry: entry.clone(),
                    since,
                };
                table.note(&known);
                group.extras.push_metadata(known);
            }
        }
    }

    /// Accepts a sample and remembers its time, or says why not.
    fn check(&mut self, ordinal: u32, t: TimestampMs) -> Result<Order, RejectionReason> {
        if t > self.now.saturating_add(FUTURE_MS_MAX) || t == i64::MAX {
            return Err(RejectionReason::TooFarInFuture);
        }
        let oldest = self
            .newest_of_store
            .saturating_sub(self.out_of_order_window_ms);
        let oldest_kept = self.oldest_kept;
        let before = self.newest.get(ordinal);
        // The first window of time has no start that a timestamp could say.
        if t < (i64::MIN / 2).max(oldest_kept) || (t <= before && t < oldest) {
            return Err(RejectionReason::TooOld);
        }
        if t <= before {
            return Ok(Order::Late);
        }
        self.newest.set(ordinal, t);
        self.undo.push((ordinal, before));
        self.newest_of_store = self.newest_of_store.max(t);
        Ok(Order::Newest)
    }

    /// Forgets series that left.
    pub(crate) fn forget(&mut self, ordinals: &[u32]) {
        for ordinal in ordinals {
            self.newest.set(*ordinal, NEVER);
        }
        self.newest.shrink();
        self.repetitions.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(acceptance: &mut Acceptance, samples: &[(u32, i64)]) -> Receipt {
        let mut batch = WriteBatch::new();
        for name in ["a", "b"] {
            batch.push_series(&mut [("__name__", name)]).expect("valid");
        }
        for (series, t) in samples {
            batch.push_sample(*series, *t, 0.0);
        }
        acceptance.begin(10_000, i64::MIN);
        acceptance.accept(
            &batch,
            &[0, 1],
            &State::new(1000),
            &mut Group::new(0, i64::MIN),
        )
    }

    #[test]
    fn late_samples_within_the_window_and_none_from_the_future() {
        let mut acceptance = Acceptance::new(100);
        let receipt = accept(
            &mut acceptance,
            &[(0, 1000), (0, 900), (0, 899), (1, 5), (1, 5), (1, 6)],
        );
        assert_eq!((receipt.stored, receipt.rejected), (4, 2));
        assert!(
            receipt
                .examples
                .iter()
                .all(|r| r.reason == RejectionReason::TooOld)
        );
        let receipt = accept(
            &mut acceptance,
            &[
                (0, 10_000 + FUTURE_MS_MAX),
                (0, 10_001 + FUTURE_MS_MAX),
                (0, i64::MIN),
            ],
        );
        assert_eq!((receipt.stored, receipt.rejected), (1, 2));
        assert_eq!(receipt.examples[0].reason, RejectionReason::TooFarInFuture);
    }

    #[test]
    fn what_was_not_stored_counts_for_nothing() {
        let mut acceptance = Acceptance::new(0);
        accept(&mut acceptance, &[(0, 100)]);
        accept(&mut acceptance, &[(0, 200), (1, 50), (0, 300)]);
        acceptance.undo();
        assert_eq!(acceptance.newest(), Some(100));
        let receipt = accept(&mut acceptance, &[(1, 50), (0, 101), (1, 50)]);
        assert_eq!((receipt.stored, receipt.rejected), (2, 1));
    }
}
