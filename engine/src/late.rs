//! Which times changed after they were over: for whoever counts what is stored once and keeps the result.

use std::sync::atomic::{AtomicI64, Ordering};

use narthex_model::{TimeRange, TimestampMs};
use parking_lot::Mutex;

/// Late samples are noted by minutes.
const GRAIN_MS: i64 = 60_000;

/// Of more spans than this, those that lie nearest to each other are joined.
const SPANS_MAX: usize = 1024;

/// Nobody wants to know.
const NEVER: i64 = i64::MAX;

/// The times that changed since somebody last asked.
#[derive(Debug)]
pub(crate) struct LateTimes {
    /// A sample this much older than now is late.
    age_ms: AtomicI64,
    spans: Mutex<Vec<TimeRange>>,
}

impl Default for LateTimes {
    fn default() -> Self {
        Self {
            age_ms: AtomicI64::new(NEVER),
            spans: Mutex::default(),
        }
    }
}

impl LateTimes {
    /// From now on samples that are older than `age_ms` when they come are noted.
    pub(crate) fn watch(&self, age_ms: i64) {
        self.age_ms.store(age_ms, Ordering::Relaxed);
    }

    /// What is older than this is late.
    pub(crate) fn before(&self, now: TimestampMs) -> TimestampMs {
        match self.age_ms.load(Ordering::Relaxed) {
            NEVER => i64::MIN,
            age => now.saturating_sub(age),
        }
    }

    /// Notes that samples of `span` have come or gone. To be called once readers see it.
    pub(crate) fn note(&self, span: TimeRange) {
        if self.age_ms.load(Ordering::Relaxed) == NEVER || span.is_empty() {
            return;
        }
        let mut spans = self.spans.lock();
        let touches = |of: &TimeRange| of.start <= span.end && span.start <= of.end;
        let joined = spans
            .extract_if(.., |of| touches(of))
            .fold(span, |a, b| a.union(&b));
        spans.push(joined);
        bound(&mut spans);
    }

    /// What was noted; that is forgotten then.
    pub(crate) fn take(&self) -> Vec<TimeRange> {
        std::mem::take(&mut *self.spans.lock())
    }
}

/// Leaves half of the spans if there are too many, with as little time between them as can be: a sample of last year and one of today must
/// not make a year of them.
fn bound(spans: &mut Vec<TimeRange>) {
    if spans.len() <= SPANS_MAX {
        return;
    }
    spans.sort_unstable_by_key(|span| span.start);
    let mut gaps: Vec<i64> = spans.windows(2).map(gap).collect();
    let joins = spans.len() - SPANS_MAX / 2;
    let (narrower, widest, _) = gaps.select_nth_unstable(joins - 1);
    let widest = *widest;
    // Where many gaps are as wide, no more of them are closed than need be.
    let mut as_wide = joins - narrower.iter().filter(|gap| **gap < widest).count();
    spans.dedup_by(|next, last| {
        let gap = gap(&[*last, *next]);
        if gap > widest || gap == widest && as_wide == 0 {
            return false;
        }
        as_wide -= usize::from(gap == widest);
        *last = last.union(next);
        true
    });
}

/// The time between two spans; negative if they overlap.
fn gap(pair: &[TimeRange]) -> i64 {
    match pair {
        [before, after] => after.start.saturating_sub(before.end),
        _ => 0,
    }
}

/// The late samples of a group commit.
#[derive(Debug)]
pub(crate) struct LateSamples {
    before: TimestampMs,
    spans: Vec<TimeRange>,
}

impl LateSamples {
    /// None yet; those before this are late.
    pub(crate) fn before(before: TimestampMs) -> Self {
        Self {
            before,
            spans: Vec::new(),
        }
    }

    /// Looks at a sample.
    #[inline]
    pub(crate) fn look(&mut self, t: TimestampMs) {
        if t < self.before {
            self.add(t);
        }
    }

    #[cold]
    fn add(&mut self, t: TimestampMs) {
        let start = t.div_euclid(GRAIN_MS).saturating_mul(GRAIN_MS);
        let minute = TimeRange::new(start, start.saturating_add(GRAIN_MS));
        // Samples of a series come in order, and those of many series at the same time.
        let touches = |of: &&mut TimeRange| of.start <= minute.end && minute.start <= of.end;
        if let Some(last) = self.spans.last_mut().filter(touches) {
            *last = last.union(&minute);
        } else {
            self.spans.push(minute);
            bound(&mut self.spans);
        }
    }

    /// Their times.
    pub(crate) fn spans(&self) -> &[TimeRange] {
        &self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_for_who_wants_to_know_and_never_too_many() {
        let late = LateTimes::default();
        late.note(TimeRange::new(0, 10));
        assert_eq!((late.take(), late.before(1000)), (vec![], i64::MIN));
        late.watch(100);
        assert_eq!(late.before(1000), 900);
        for span in [(0, 10), (30, 40), (10, 20), (15, 30)] {
            late.note(TimeRange::new(span.0, span.1));
        }
        assert_eq!(late.take(), [TimeRange::new(0, 40)]);
        assert_eq!(late.take(), []);
        for i in 0..5000 {
            late.note(TimeRange::new(i * 10, i * 10 + 1));
        }
        let taken = late.take();
        assert!(taken.len() <= SPANS_MAX);
        let covered = |t| taken.iter().any(|span| span.contains(t));
        assert!((0..5000).all(|i| covered(i * 10)));
    }

    #[test]
    fn many_spans_do_not_make_a_long_one_of_what_lies_far_apart() {
        let (late, year) = (LateTimes::default(), 365 * 24 * 3_600_000);
        late.watch(100);
        let mut samples = LateSamples::before(i64::MAX);
        for t in (0..5000).map(|i| i % 2 * year + i * 200_000) {
            late.note(TimeRange::new(t, t + 1));
            samples.look(t);
        }
        for spans in [late.take(), samples.spans().to_vec()] {
            assert!(spans.len() <= SPANS_MAX);
            let length: i64 = spans.iter().map(|span| span.end - span.start).sum();
            assert!(length < year / 4, "{length}");
        }
    }

    #[test]
    fn spans_that_lie_as_far_apart_do_not_become_one() {
        let (late, day) = (LateTimes::default(), 24 * 3_600_000);
        late.watch(100);
        let mut samples = LateSamples::before(i64::MAX);
        for t in (0..=1024).map(|i| i * day) {
            late.note(TimeRange::new(t, t + 1));
            samples.look(t);
        }
        for spans in [late.take(), samples.spans().to_vec()] {
            assert_eq!(spans.len(), SPANS_MAX / 2);
        }
    }

    #[test]
    fn late_samples_are_noted_by_minutes() {
        let mut late = LateSamples::before(600_000);
        for t in [0, 59_999, 60_000, 600_000, 300_001] {
            late.look(t);
        }
        let expected = [TimeRange::new(0, 120_000), TimeRange::new(300_000, 360_000)];
        assert_eq!(late.spans(), expected);
    }
}
