//! `changes` and `resets`: how often a value changed, or fell, inside a window.

use super::Series;
use crate::steps::StepRow;

pub(crate) fn changes(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    count(series, out, &Pairs::changes(series.values));
}

pub(crate) fn resets(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    count(series, out, &Pairs::resets(series.values));
}

fn count(series: &Series<'_>, out: &mut StepRow<'_>, pairs: &Pairs) {
    for (step, lo, hi) in series.filled(1) {
        out.set(step, pairs.within(lo, hi));
    }
}

/// Counts of neighbours that differ, by differences of one prefix count.
pub(super) struct Pairs {
    /// Per sample, how many pairs up to it.
    seen: Vec<u32>,
}

impl Pairs {
    /// Neighbours that are not equal; NaN equals NaN.
    pub(super) fn changes(values: &[f64]) -> Self {
        Self::of(values, |before, after| {
            before != after && !(before.is_nan() && after.is_nan())
        })
    }

    /// Neighbours of which the second is lower.
    pub(super) fn resets(values: &[f64]) -> Self {
        Self::of(values, |before, after| after < before)
    }

    /// The sample at each of the positions that `hit` accepts, from 1 to `len - 1`, and the one before.
    pub(super) fn at(len: usize, hit: impl Fn(usize) -> bool) -> Self {
        let mut count = 0_u32;
        let seen = (0..len).map(|at| {
            count += u32::from(at > 0 && hit(at));
            count
        });
        Self {
            seen: seen.collect(),
        }
    }

    fn of(values: &[f64], hit: impl Fn(f64, f64) -> bool) -> Self {
        let mut seen = Vec::with_capacity(values.len());
        let mut count = 0_u32;
        let mut before = f64::NAN;
        for (i, v) in values.iter().enumerate() {
            count += u32::from(i > 0 && hit(before, *v));
            seen.push(count);
            before = *v;
        }
        Self { seen }
    }

    /// How many of them lie among the samples from `lo` to `hi - 1`; `lo < hi`.
    pub(super) fn within(&self, lo: usize, hi: usize) -> f64 {
        f64::from(self.seen[hi - 1] - self.seen[lo])
    }
}
