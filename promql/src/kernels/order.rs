//! `min_over_time`, `max_over_time`, `quantile_over_time`, `last_over_time`, `first_over_time`, and the instant selector.

use super::Series;
use super::segments::Segments;
use super::sorted::{SortedWindow, key, value};
use crate::steps::StepRow;

pub(crate) fn last_over_time(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    for (step, _, hi) in series.filled(1) {
        out.set(step, series.values[hi - 1]);
    }
}

pub(crate) fn first_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, lo, _) in series.filled(1) {
        out.set(step, series.values[lo]);
    }
}

/// The time of the newest sample, in seconds.
pub(crate) fn ts_of_last_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, _, hi) in series.filled(1) {
        out.set(step, series.timestamps[hi - 1] as f64 / 1000.0);
    }
}

/// The time of the oldest sample, in seconds.
pub(crate) fn ts_of_first_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, lo, _) in series.filled(1) {
        out.set(step, series.timestamps[lo] as f64 / 1000.0);
    }
}

/// Of equal values the first: zeros may differ in their sign.
pub(crate) fn min_over_time(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    let lesser = |least, v| if v < least { v } else { least };
    extreme_value(series, f64::INFINITY, lesser, |new, old| new < old, out);
}

/// Of equal values the first.
pub(crate) fn max_over_time(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    let greater = |most, v| if v > most { v } else { most };
    extreme_value(
        series,
        f64::NEG_INFINITY,
        greater,
        |new, old| new > old,
        out,
    );
}

/// Sets the extreme of every filled window: of equal ones the first, NaN only if all are. Nothing is beyond `worst`.
fn extreme_value(
    series: &Series<'_>,
    worst: f64,
    better: impl Fn(f64, f64) -> f64,
    beats: impl Fn(f64, f64) -> bool,
    out: &mut StepRow<'_>,
) {
    let Some(segments) = Segments::lay(series.bounds) else {
        return extreme(series, beats, |step, i| out.set(step, series.values[i]));
    };
    segments.fold(series.values, worst, better, |step, v| {
        let (lo, hi) = series.bounds[step];
        let all_nan = || {
            series.values[lo as usize..hi as usize]
                .iter()
                .all(|v| v.is_nan())
        };
        let v = if v == worst && all_nan() { f64::NAN } else { v };
        out.set(step, v);
    });
}

/// The time of the last minimum, in seconds.
pub(crate) fn ts_of_min_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    extreme(
        series,
        |new, old| new <= old,
        |step, i| out.set(step, series.timestamps[i] as f64 / 1000.0),
    );
}

/// The time of the last maximum, in seconds.
pub(crate) fn ts_of_max_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    extreme(
        series,
        |new, old| new >= old,
        |step, i| out.set(step, series.timestamps[i] as f64 / 1000.0),
    );
}

/// Gives `f` the index of the extreme sample of every filled window. A queue holds the candidates, best first: a new
/// sample drives out those it beats, so each sample enters and leaves once. NaN loses against everything.
fn extreme(series: &Series<'_>, beats: impl Fn(f64, f64) -> bool, mut f: impl FnMut(usize, usize)) {
    let mut candidates: Vec<(usize, f64)> = Vec::new();
    // Candidates before this one have left the window.
    let mut front = 0;
    let mut next = 0;
    for (step, lo, hi) in series.filled(1) {
        next = next.max(lo);
        for (i, v) in (next..).zip(&series.values[next..hi.max(next)]) {
            while let Some((_, worst)) = candidates[front..].last()
                && (worst.is_nan() || beats(*v, *worst))
            {
                candidates.pop();
            }
            candidates.push((i, *v));
        }
        next = next.max(hi);
        while candidates.get(front).is_some_and(|(i, _)| *i < lo) {
            front += 1;
        }
        if let Some((best, _)) = candidates.get(front) {
            f(step, *best);
        }
    }
}

pub(crate) fn quantile_over_time(
    series: &Series<'_>,
    phi: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    let keys: Vec<u64> = series.values.iter().map(|v| key(*v)).collect();
    let mut window = SortedWindow::default();
    for (step, lo, hi) in series.filled(1) {
        let sorted = window.move_to(&keys, lo, hi);
        let quantile = match rank(phi(step), sorted.len()) {
            Rank::Outside(v) => v,
            Rank::Between(lower, weight) => {
                let low = value(sorted[lower]);
                let high = sorted.get(lower + 1).map_or(low, |key| value(*key));
                low * (1.0 - weight) + high * weight
            }
        };
        out.set(step, quantile);
    }
}

/// Median absolute deviation; NaN if any sample is.
pub(crate) fn mad_over_time(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    let mut scratch = Vec::new();
    for (step, lo, hi) in series.filled(1) {
        scratch.clear();
        scratch.extend_from_slice(&series.values[lo..hi]);
        if scratch.iter().any(|v| v.is_nan()) {
            out.set(step, f64::NAN);
            continue;
        }
        let median = quantile(0.5, &mut scratch);
        scratch.iter_mut().for_each(|v| *v = (*v - median).abs());
        out.set(step, quantile(0.5, &mut scratch));
    }
}

/// The `phi`-quantile by linear interpolation between the two nearest ranks; outside 0..=1 infinite, and NaN if `phi` is
/// NaN or nothing is there. NaN sorts first. Reorders `values`.
pub(crate) fn quantile(phi: f64, values: &mut [f64]) -> f64 {
    let (lower, weight) = match rank(phi, values.len()) {
        Rank::Outside(v) => return v,
        Rank::Between(lower, weight) => (lower, weight),
    };
    let (_, low, above) = values.select_nth_unstable_by_key(lower, |v| key(*v));
    let low = *low;
    let high = above.iter().copied().min_by_key(|v| key(*v)).unwrap_or(low);
    low * (1.0 - weight) + high * weight
}

/// Where a quantile lies.
enum Rank {
    /// It is this, whatever the values are.
    Outside(f64),
    /// So far from the value of this rank to the next.
    Between(usize, f64),
}

/// The rank of the `phi`-quantile of `len` values.
fn rank(phi: f64, len: usize) -> Rank {
    if len == 0 || phi.is_nan() {
        return Rank::Outside(f64::NAN);
    }
    if phi < 0.0 {
        return Rank::Outside(f64::NEG_INFINITY);
    }
    if phi > 1.0 {
        return Rank::Outside(f64::INFINITY);
    }
    let rank = phi * (len - 1) as f64;
    Rank::Between(rank.floor() as usize, rank - rank.floor())
}
