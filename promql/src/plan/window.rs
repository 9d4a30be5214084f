//! Instants and windows in time. The one place where PromQL's windows (start excluded, end included) meet the storage's
//! half-open ranges.

use narthex_model::{TimeRange, TimestampMs};

use crate::kernels::windows::Windows;

/// Evaluation instants: `start`, `start + interval`, …; `steps` of them, at least 1. Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// The first instant.
    pub start: TimestampMs,
    /// The distance between instants, at least 1.
    pub interval: i64,
    /// How many there are.
    pub steps: usize,
}

impl Grid {
    /// The single instant `at`.
    pub fn instant(at: TimestampMs) -> Self {
        Self {
            start: at,
            interval: 1,
            steps: 1,
        }
    }

    /// The instants from `start` to `end` (included), `interval` apart.
    pub fn between(start: TimestampMs, end: TimestampMs, interval: i64) -> Self {
        let interval = interval.max(1);
        let steps = end.saturating_sub(start).max(0) / interval + 1;
        Self {
            start,
            interval,
            steps: steps as usize,
        }
    }

    /// The instant of `step`.
    pub fn at(&self, step: usize) -> TimestampMs {
        self.start
            .saturating_add(self.interval.saturating_mul(step as i64))
    }

    /// The last instant.
    pub fn end(&self) -> TimestampMs {
        self.at(self.steps.saturating_sub(1))
    }
}

impl Windows {
    /// A window of `range` that ends `offset` before each instant of `grid`, or `offset` before `pinned` at each.
    pub(super) fn over(grid: Grid, range: i64, offset: i64, pinned: Option<TimestampMs>) -> Self {
        let (end, interval) = match pinned {
            Some(at) => (at, 0),
            None => (grid.start, grid.interval),
        };
        Self {
            first_end: end.saturating_sub(offset),
            interval,
            steps: grid.steps,
            range,
        }
    }

    /// The stored samples that any window can hold.
    pub(super) fn stored(&self) -> TimeRange {
        let last = self.end(self.steps.saturating_sub(1));
        TimeRange::new(self.start(0).saturating_add(1), last.saturating_add(1))
    }

    /// The multiples of `interval` that lie in any window, as a grid.
    pub(super) fn aligned(&self, interval: i64) -> Grid {
        let stored = self.stored();
        let first =
            stored.start.div_euclid(interval) + i64::from(stored.start.rem_euclid(interval) != 0);
        let last = (stored.end - 1).div_euclid(interval);
        let steps = (last - first + 1).max(1) as usize;
        Grid {
            start: first.saturating_mul(interval),
            interval,
            steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        let windows = Windows::over(Grid::between(1_000, 3_000, 1_000), 500, 100, None);
        assert_eq!(
            (windows.start(0), windows.end(0), windows.end(2)),
            (400, 900, 2_900)
        );
        assert_eq!(windows.stored(), TimeRange::new(401, 2_901));
        assert_eq!(
            windows.aligned(400),
            Grid {
                start: 800,
                interval: 400,
                steps: 6
            }
        );
        let pinned = Windows::over(Grid::between(0, 9_000, 1_000), 500, 0, Some(70));
        assert_eq!((pinned.end(0), pinned.end(9)), (70, 70));
    }

    #[test]
    fn grids() {
        assert_eq!(Grid::between(0, 59, 20).steps, 3);
        assert_eq!(Grid::between(0, 60, 20).end(), 60);
        assert_eq!(Grid::between(5, 5, 20).steps, 1);
    }
}
