//! `changes` and `resets`: how often a value changed, or fell, inside a window.

use super::Series;
use crate::steps::StepRow;

pub(crate) fn changes(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    count_pairs(series, out, |before, after| {
        before != after && !(before.is_nan() && after.is_nan())
    });
}

pub(crate) fn resets(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    count_pairs(series, out, |before, after| after < before);
}

/// Counts neighbours inside each window that `hit` accepts, by differences of one prefix count.
fn count_pairs(series: &Series<'_>, out: &mut StepRow<'_>, hit: impl Fn(f64, f64) -> bool) {
    let mut seen = Vec::with_capacity(series.values.len());
    let mut count = 0_u32;
    let mut before = f64::NAN;
    for (i, v) in series.values.iter().enumerate() {
        count += u32::from(i > 0 && hit(before, *v));
        seen.push(count);
        before = *v;
    }
    for (step, lo, hi) in series.filled(1) {
        out.set(step, f64::from(seen[hi - 1] - seen[lo]));
    }
}
