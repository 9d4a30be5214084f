//! Which times changed after they were over: for whoever counts what is stored once and keeps the result.

use std::sync::atomic::{AtomicI64, Ordering};

use narthex_model::{TimeRange, TimestampMs};
use parking_lot::Mutex;

/// Late samples are noted by minutes.
const GRAIN_MS: i64 = 60_000;

/// More spans than this are joined to one.
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
        if spans.len() > SPANS_MAX {
            let all = spans.drain(..).reduce(|a, b| a.union(&b));
            spans.extend(all);
        }
    }

    /// What was noted; that is forgotten then.
    pub(crate) fn take(&self) -> Vec<TimeRange> {
        std::mem::take(&mut *self.spans.lock())
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
        } else if self.spans.len() < SPANS_MAX {
            self.spans.push(minute);
        } else {
            let all = self.spans.drain(..).fold(minute, |a, b| a.union(&b));
            self.spans.push(all);
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
    fn late_samples_are_noted_by_minutes() {
        let mut late = LateSamples::before(600_000);
        for t in [0, 59_999, 60_000, 600_000, 300_001] {
            late.look(t);
        }
        let expected = [TimeRange::new(0, 120_000), TimeRange::new(300_000, 360_000)];
        assert_eq!(late.spans(), expected);
    }
}
