//! What was counted between two samples, divided among the slices between them.

use narthex_model::TimestampMs;

use super::Grid;

/// Whole events are divided into parts of 1/4096: sums of such parts are exact, in whatever order they are added, up to 2^41 events.
const PARTS: f64 = 4096.0;

/// Added and taken away again, it rounds to a multiple of 1/4096.
const ROUNDER: f64 = 1.5 * (1_u64 << 52) as f64 / PARTS;

/// Added and taken away again, it rounds to a whole number.
const WHOLE: f64 = 1.5 * (1_u64 << 52) as f64;

/// The part of `delta` that falls into `fraction` of its time.
///
/// Of whole events it is a multiple of 1/4096, so that it and the rest add up to exactly `delta`, and so do sums of many.
#[inline]
pub(super) fn share(delta: f64, fraction: f64) -> f64 {
    let part = delta * fraction;
    // Beyond 2^51 this rounds to more than whole numbers, and sums are not exact anyway.
    let whole = (delta + WHOLE) - WHOLE == delta;
    if whole {
        (part + ROUNDER) - ROUNDER
    } else {
        part
    }
}

/// A difference and the time it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub(super) from: TimestampMs,
    pub(super) to: TimestampMs,
    pub(super) delta: f64,
}

impl Spread {
    /// Adds to each slice what falls into it; what falls outside the grid is left out.
    pub(super) fn add_to(self, grid: &Grid, slices: &mut [f64]) {
        // What happened in no time happened in the last millisecond.
        let from = self.from.min(self.to - 1);
        if self.to <= grid.start || from >= grid.end() {
            return;
        }
        let length = (self.to - from) as f64;
        let until = |t: TimestampMs| share(self.delta, (t - from) as f64 / length);
        let mut before = if from < grid.start {
            until(grid.start)
        } else {
            0.0
        };
        let first = grid.index(from);
        for (i, slice) in slices.iter_mut().enumerate().skip(first) {
            let edge = grid.edge(i + 1);
            if edge >= self.to {
                *slice += self.delta - before;
                return;
            }
            let upto = until(edge);
            *slice += upto - before;
            before = upto;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narthex_model::TimeRange;

    fn spread(from: i64, to: i64, delta: f64) -> Vec<f64> {
        let grid = Grid::over(TimeRange::new(0, 40), 10);
        let mut slices = vec![0.0; grid.len];
        Spread { from, to, delta }.add_to(&grid, &mut slices);
        slices
    }

    #[test]
    fn in_proportion() {
        assert_eq!(spread(5, 25, 8.0), [2.0, 4.0, 2.0, 0.0]);
        assert_eq!(spread(10, 20, 8.0), [0.0, 8.0, 0.0, 0.0]);
        assert_eq!(spread(20, 20, 8.0), [0.0, 8.0, 0.0, 0.0]);
    }

    #[test]
    fn what_is_outside_is_left_out() {
        assert_eq!(spread(-10, 10, 8.0), [4.0, 0.0, 0.0, 0.0]);
        assert_eq!(spread(30, 50, 8.0), [0.0, 0.0, 0.0, 4.0]);
        assert_eq!(spread(-10, 50, 6.0), [1.0; 4]);
        assert_eq!(spread(-10, 0, 6.0), [0.0; 4]);
        assert_eq!(spread(40, 50, 6.0), [0.0; 4]);
    }

    #[test]
    fn parts_add_up_exactly() {
        for delta in [1.0, 7.0, 1e6 + 1.0, 3e11] {
            let slices = spread(3, 37, delta);
            assert_eq!(slices.iter().sum::<f64>(), delta);
            assert!(slices.iter().all(|s| (s * PARTS).fract() == 0.0));
        }
    }
}
