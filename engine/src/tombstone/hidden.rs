//! What queries must not see although it may still be on disk: spans of time of a series, in sources of a certain age.

use std::ops::Range;
use std::sync::Arc;

use narthex_model::{LabelsRef, TimeRange, TimestampMs};

use super::Tombstone;
use crate::retention::Cutoffs;
use crate::state::State;

/// A span of time in which samples of a series are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) range: TimeRange,
    /// Hidden in sources that are clean through a lower number.
    pub(crate) below: u64,
}

/// What is hidden in a state; asked series by series.
pub(crate) struct Hiding {
    tombstones: Vec<Arc<Tombstone>>,
    /// `None` if no series is kept shorter than the range begins.
    cutoffs: Option<Cutoffs>,
    range: TimeRange,
}

impl Hiding {
    /// What may hide samples in `range` of a source of `state` when it is `now`.
    pub(crate) fn new(state: &State, range: TimeRange, now: TimestampMs) -> Self {
        let cutoffs = state.cutoffs(now);
        let hides = !cutoffs.are_equal() || cutoffs.horizon().start > range.start;
        let concerns = |t: &Tombstone| t.range.overlaps(&range) && state.is_concerned(t);
        let tombstones = state.tombstones.iter().filter(|t| concerns(t));
        Self {
            tombstones: tombstones.cloned().collect(),
            cutoffs: Some(cutoffs).filter(|_| hides),
            range,
        }
    }

    /// Whether nothing is hidden from any series.
    pub(crate) fn is_empty(&self) -> bool {
        self.tombstones.is_empty() && self.cutoffs.is_none()
    }

    /// What is hidden of many series, by position; empty if nothing is hidden from any.
    pub(crate) fn of_all<'a>(
        &self,
        labels: impl Iterator<Item = LabelsRef<'a>>,
    ) -> Vec<Vec<Hidden>> {
        if self.is_empty() {
            return Vec::new();
        }
        labels.map(|l| self.of(l)).collect()
    }

    /// What is hidden of the series with these labels.
    pub(crate) fn of(&self, labels: LabelsRef<'_>) -> Vec<Hidden> {
        let concerning = self.tombstones.iter().filter(|t| t.accepts(labels));
        let hidden = concerning.map(|t| Hidden {
            range: t.range,
            below: t.number,
        });
        hidden.chain(self.out_of_retention(labels)).collect()
    }

    fn out_of_retention(&self, labels: LabelsRef<'_>) -> Option<Hidden> {
        let start = self.cutoffs.as_ref()?.kept(labels).start;
        (start > self.range.start).then_some(Hidden {
            range: TimeRange::new(i64::MIN, start),
            below: u64::MAX,
        })
    }
}

/// The spans that are hidden in a source that is clean through a number: sorted, apart from each other.
pub(crate) fn spans(hidden: &[Hidden], clean_through: u64) -> Vec<TimeRange> {
    let concerning = hidden.iter().filter(|h| clean_through < h.below);
    let mut spans: Vec<_> = concerning.map(|h| h.range).collect();
    spans.sort_unstable_by_key(|s| s.start);
    spans.dedup_by(|later, earlier| {
        let touches = later.start <= earlier.end;
        if touches {
            earlier.end = earlier.end.max(later.end);
        }
        touches
    });
    spans
}

/// All of time without `spans`, which are sorted and apart from each other.
pub(crate) fn outside(spans: &[TimeRange]) -> impl Iterator<Item = TimeRange> {
    let starts = std::iter::once(i64::MIN).chain(spans.iter().map(|s| s.end));
    let ends = spans.iter().map(|s| s.start).chain([i64::MAX]);
    let ranges = starts.zip(ends).map(|(a, b)| TimeRange::new(a, b));
    ranges.filter(|range| !range.is_empty())
}

/// Whether all of `range` lies in one of `spans`, which are sorted and apart from each other.
pub(crate) fn covers(spans: &[TimeRange], range: TimeRange) -> bool {
    let at = spans.partition_point(|s| s.end < range.end);
    spans
        .get(at)
        .is_some_and(|s| s.start <= range.start && range.end <= s.end)
}

/// The rows, by position, whose times lie in none of `spans`. Times increase, spans are sorted and apart from each other.
pub(crate) fn visible_rows<'a>(
    timestamps: &'a [i64],
    spans: &'a [TimeRange],
) -> impl Iterator<Item = Range<usize>> + 'a {
    let hidden = spans.iter().map(|span| {
        let start = timestamps.partition_point(|t| *t < span.start);
        start..timestamps.partition_point(|t| *t < span.end)
    });
    let end = timestamps.len()..timestamps.len();
    let mut from = 0;
    let visible = hidden.chain([end]).map(move |hidden| {
        let rows = from..hidden.start;
        from = hidden.end;
        rows
    });
    visible.filter(|rows| !rows.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hides_what_a_look_at_each_time_would(
            hidden in prop::collection::vec((0_i64..50, 0_i64..20, 1_u64..4), 0..6),
            timestamps in prop::collection::btree_set(0_i64..80, 0..40),
            clean_through in 0_u64..4,
            (from, len) in (0_i64..60, 1_i64..20),
        ) {
            let hidden: Vec<_> = hidden
                .into_iter()
                .map(|(start, len, below)| Hidden { range: TimeRange::new(start, start + len), below })
                .collect();
            let is_hidden = |t: i64| hidden.iter().any(|h| clean_through < h.below && h.range.contains(t));
            let spans = spans(&hidden, clean_through);
            let timestamps: Vec<i64> = timestamps.into_iter().collect();
            let got: Vec<i64> = visible_rows(&timestamps, &spans)
                .flat_map(|rows| timestamps[rows].to_vec())
                .collect();
            let want: Vec<i64> = timestamps.iter().copied().filter(|t| !is_hidden(*t)).collect();
            prop_assert_eq!(got, want);
            let all = (from..from + len).all(is_hidden);
            prop_assert_eq!(covers(&spans, TimeRange::new(from, from + len)), all);
        }
    }
}
