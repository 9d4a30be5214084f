//! Slices of time, side by side.

use narthex_model::{TimeRange, TimestampMs};

/// Slices of the same length, side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// When the first begins: a multiple of `step`.
    pub start: TimestampMs,
    /// How long each is, in milliseconds.
    pub step: i64,
    /// How many there are.
    pub len: usize,
}

impl Grid {
    /// The slices that `range` touches.
    pub fn over(range: TimeRange, step: i64) -> Self {
        let step = step.max(1);
        let first = range.start.div_euclid(step);
        let end = (range.end.max(range.start) - 1).div_euclid(step) + 1;
        Self {
            start: first * step,
            step,
            len: usize::try_from(end - first).unwrap_or(0),
        }
    }

    /// When the last ends.
    pub fn end(&self) -> TimestampMs {
        self.edge(self.len)
    }

    /// All of its time.
    pub fn range(&self) -> TimeRange {
        TimeRange::new(self.start, self.end())
    }

    /// When slice `i` begins, and the one before it ends.
    pub fn edge(&self, i: usize) -> TimestampMs {
        self.start.saturating_add(
            self.step
                .saturating_mul(i64::try_from(i).unwrap_or(i64::MAX)),
        )
    }

    /// The slice that `t` lies in; times outside are in the first, or in the one behind the last.
    pub fn index(&self, t: TimestampMs) -> usize {
        let slices = t.saturating_sub(self.start).div_euclid(self.step);
        usize::try_from(slices).unwrap_or(0).min(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_at_a_multiple() {
        let grid = Grid::over(TimeRange::new(-61, 121), 60);
        assert_eq!((grid.start, grid.len, grid.end()), (-120, 5, 180));
        assert_eq!(
            [-1000, -61, -60, 120, 1000].map(|t| grid.index(t)),
            [0, 0, 1, 4, 5]
        );
        assert_eq!(Grid::over(TimeRange::new(60, 60), 60).len, 0);
    }
}
