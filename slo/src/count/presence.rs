//! How much of each slice was observed.

use narthex_model::TimestampMs;

use super::Grid;

/// How much of each slice series were to be seen, and how much of that they were not.
///
/// Times are added as spans, each in constant time: what they cover whole is kept as differences between neighbouring slices.
#[derive(Debug, Clone)]
pub(super) struct Presence {
    expected: Spans,
    missing: Spans,
}

impl Presence {
    pub(super) fn new(len: usize) -> Self {
        Self {
            expected: Spans::new(len),
            missing: Spans::new(len),
        }
    }

    /// A series was to be seen from `from` to `to`.
    pub(super) fn expect(&mut self, grid: &Grid, from: TimestampMs, to: TimestampMs) {
        self.expected.add(grid, from, to);
    }

    /// Within what was expected, it was not.
    pub(super) fn miss(&mut self, grid: &Grid, from: TimestampMs, to: TimestampMs) {
        self.missing.add(grid, from, to);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.expected.merge(&other.expected);
        self.missing.merge(&other.missing);
    }

    /// Of each slice how much was observed, in milliseconds: where series were there for a slice's length in all, the mean of
    /// them; where they were there for less, that.
    pub(super) fn observed(&self, grid: &Grid) -> Vec<f64> {
        let expected = self.expected.covered(grid);
        let missing = self.missing.covered(grid);
        let slices = expected.into_iter().zip(missing);
        slices
            .map(|(expected, missing)| {
                let observed = (expected - missing).max(0) as f64;
                observed * grid.step as f64 / expected.max(grid.step) as f64
            })
            .collect()
    }
}

/// Spans of time laid over slices.
#[derive(Debug, Clone)]
struct Spans {
    /// By how many more spans this slice is covered whole than the one before it.
    whole: Vec<i64>,
    /// How much of it is covered by spans that begin or end in it.
    part: Vec<i64>,
}

impl Spans {
    fn new(len: usize) -> Self {
        Self {
            whole: vec![0; len + 1],
            part: vec![0; len],
        }
    }

    fn add(&mut self, grid: &Grid, from: TimestampMs, to: TimestampMs) {
        let (from, to) = (from.max(grid.start), to.min(grid.end()));
        if from >= to {
            return;
        }
        let (first, last) = (grid.index(from), grid.index(to - 1));
        if first == last {
            self.part[first] += to - from;
            return;
        }
        self.part[first] += grid.edge(first + 1) - from;
        self.part[last] += to - grid.edge(last);
        self.whole[first + 1] += 1;
        self.whole[last] -= 1;
    }

    fn merge(&mut self, other: &Self) {
        let add = |to: &mut [i64], from: &[i64]| {
            to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        };
        add(&mut self.whole, &other.whole);
        add(&mut self.part, &other.part);
    }

    fn covered(&self, grid: &Grid) -> Vec<i64> {
        let mut spans = 0;
        let slices = self.whole.iter().zip(&self.part);
        slices
            .map(|(change, part)| {
                spans += change;
                spans * grid.step + part
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narthex_model::TimeRange;

    #[test]
    fn mean_of_series_but_no_more_than_was_there() {
        let grid = Grid::over(TimeRange::new(0, 50), 10);
        let mut presence = Presence::new(grid.len);
        presence.expect(&grid, -5, 35);
        assert_eq!(presence.observed(&grid), [10.0, 10.0, 10.0, 5.0, 0.0]);
        presence.expect(&grid, 10, 100);
        presence.miss(&grid, 12, 22);
        assert_eq!(presence.observed(&grid), [10.0, 6.0, 9.0, 10.0, 10.0]);
        let mut both = presence.clone();
        both.merge(&presence);
        assert_eq!(both.observed(&grid), presence.observed(&grid));
    }
}
