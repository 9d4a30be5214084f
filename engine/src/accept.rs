//! Which samples are accepted: in order always, late ones within a window, none from the future.

use std::collections::BTreeSet;

use narthex_model::{Receipt, Rejection, RejectionReason, TimestampMs, WriteBatch};

use crate::conflict::Conflicts;
use crate::head::window_number;
use crate::limits::{FUTURE_MS_MAX, HEAD_WINDOWS_MAX};
use crate::paged::Paged;
use crate::state::State;
use crate::wal::Samples;

/// In place of a time: the series has no sample yet. No sample is accepted that early.
const NEVER: TimestampMs = i64::MIN;

/// Accepted samples of a group commit.
pub(crate) struct Group {
    series: Vec<u32>,
    timestamps: Vec<i64>,
    values: Vec<f64>,
    windows: BTreeSet<i64>,
    /// Samples that take the place of others.
    pub(crate) conflicts: Conflicts,
}

impl Group {
    pub(crate) fn with_capacity(samples: usize) -> Self {
        Self {
            series: Vec::with_capacity(samples),
            timestamps: Vec::with_capacity(samples),
            values: Vec::with_capacity(samples),
            windows: BTreeSet::new(),
            conflicts: Conflicts::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The samples as columns, and the numbers of their windows.
    pub(crate) fn into_columns(self) -> (Samples, BTreeSet<i64>) {
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
            },
            self.windows,
        )
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
    }

    /// Adds the accepted samples of a batch to `group`. `ordinals` are those of its series; `state` tells which late
    /// samples are repetitions.
    pub(crate) fn accept(
        &mut self,
        batch: &WriteBatch,
        ordinals: &[u32],
        state: &State,
        group: &mut Group,
    ) -> Receipt {
        let mut receipt = Receipt::default();
        let mut last_window = None;
        let times = batch.timestamps().iter().zip(batch.values());
        for (&position, (&t, &value)) in batch.sample_series().iter().zip(times) {
            let Some(&ordinal) = ordinals.get(position as usize) else {
                continue;
            };
            let is_late = match self.check(ordinal, t) {
                Ok(is_late) => is_late,
                Err(reason) => {
                    if reason == RejectionReason::TooOld && state.repeats(ordinal, t, value) {
                        receipt.stored += 1;
                    } else {
                        receipt.reject(|| Rejection {
                            labels: batch.labels(position).to_owned(),
                            timestamp: t,
                            reason,
                        });
                    }
                    continue;
                }
            };
            // Those in other windows are found when the sample gets there.
            if is_late
                && !state.frozen.is_empty()
                && let Some(there) = state.frozen_value(ordinal, t)
                && there.to_bits() != value.to_bits()
            {
                group.conflicts.note(ordinal, t, value);
            }
            let window = window_number(t, state.block_duration_ms);
            if last_window != Some(window) {
                group.windows.insert(window);
                last_window = Some(window);
                if state.windows.len() + group.windows.len() > HEAD_WINDOWS_MAX {
                    group.windows.remove(&window);
                    receipt.reject(|| Rejection {
                        labels: batch.labels(position).to_owned(),
                        timestamp: t,
                        reason: RejectionReason::TooManyWindows,
                    });
                    last_window = None;
                    continue;
                }
            }
            group.series.push(ordinal);
            group.timestamps.push(t);
            group.values.push(value);
            receipt.stored += 1;
        }
        refuse_histograms(batch, &mut receipt);
        receipt
    }

    /// Accepts a sample and remembers its time, or says why not. Whether it is not newer than the newest of its series.
    fn check(&mut self, ordinal: u32, t: TimestampMs) -> Result<bool, RejectionReason> {
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
        if t > before {
            self.newest.set(ordinal, t);
            self.undo.push((ordinal, before));
            self.newest_of_store = self.newest_of_store.max(t);
        }
        Ok(t <= before)
    }

    /// Forgets series that left.
    pub(crate) fn forget(&mut self, ordinals: &[u32]) {
        for ordinal in ordinals {
            self.newest.set(*ordinal, NEVER);
        }
        self.newest.shrink();
    }
}

fn refuse_histograms(batch: &WriteBatch, receipt: &mut Receipt) {
    for sample in &batch.histograms {
        let (timestamp, reason) = (sample.timestamp, RejectionReason::Unsupported);
        receipt.reject(|| Rejection {
            labels: batch.labels(sample.series).to_owned(),
            timestamp,
            reason,
        });
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
            &mut Group::with_capacity(0),
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
