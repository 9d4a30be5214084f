//! What start timestamps say of resets.

use super::Window;

impl Window<'_> {
    /// Whether the counter began anew between sample `at - 1` and sample `at`.
    pub(super) fn restarts(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let (start_before, before) = (self.counter_start(before), self.times[before]);
        let (start, time) = (self.counter_start(at), self.times[at]);
        let known = start != 0 && start < time;
        // A start at the sample before is that of a delta; but so write some who know no start at all.
        let delta = || start == before && start_before != 0 && start_before < before;
        known && (start > before || delta())
    }

    /// Whether the counter of sample `at` began before the sample before it, and yet is another one.
    pub(super) fn overlaps(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let start = self.counter_start(at);
        start != 0 && start < self.times[before] && start != self.counter_start(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window<'a>(times: &'a [i64], starts: &'a [i64]) -> Window<'a> {
        Window {
            times,
            points: &[],
            starts,
            start: 0,
            end: 100,
        }
    }

    #[test]
    fn restarts() {
        let cases = [
            ([1, 1], false),
            ([1, 12], true),
            ([1, 10], true),
            ([0, 10], false),
            ([10, 10], false),
            ([11, 10], false),
            ([1, 0], false),
            ([1, 20], false),
            ([1, 21], false),
            ([1, 9], false),
        ];
        for (starts, restarts) in cases {
            assert_eq!(
                window(&[10, 20], &starts).restarts(1),
                restarts,
                "{starts:?}"
            );
        }
        assert!(!window(&[10, 20], &[]).restarts(1));
    }

    #[test]
    fn overlaps() {
        for (starts, overlaps) in [
            ([1, 1], false),
            ([1, 9], true),
            ([1, 10], false),
            ([1, 0], false),
        ] {
            assert_eq!(
                window(&[10, 20], &starts).overlaps(1),
                overlaps,
                "{starts:?}"
            );
        }
    }
}
