//! `min_over_time`, `max_over_time`, `quantile_over_time`, `last_over_time`, `first_over_time`, and the instant selector.

use std::collections::VecDeque;

use super::Series;
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
    extreme(
        series,
        |new, old| new < old,
        |step, i| out.set(step, series.values[i]),
    );
}

/// Of equal values the first.
pub(crate) fn max_over_time(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    extreme(
        series,
        |new, old| new > old,
        |step, i| out.set(step, series.values[i]),
    );
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
    let mut candidates: VecDeque<usize> = VecDeque::new();
    let mut next = 0;
    for (step, lo, hi) in series.filled(1) {
        next = next.max(lo);
        for i in next..hi {
            let v = series.values[i];
            while candidates
                .back()
                .is_some_and(|b| series.values[*b].is_nan() || beats(v, series.values[*b]))
            {
                candidates.pop_back();
            }
            candidates.push_back(i);
        }
        next = next.max(hi);
        while candidates.front().is_some_and(|c| *c < lo) {
            candidates.pop_front();
        }
        if let Some(best) = candidates.front() {
            f(step, *best);
        }
    }
}

pub(crate) fn quantile_over_time(
    series: &Series<'_>,
    phi: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    let mut scratch = Vec::new();
    for (step, lo, hi) in series.filled(1) {
        scratch.clear();
        scratch.extend_from_slice(&series.values[lo..hi]);
        out.set(step, quantile(phi(step), &mut scratch));
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
    if values.is_empty() || phi.is_nan() {
        return f64::NAN;
    }
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    let rank = phi * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let weight = rank - rank.floor();
    let (_, low, above) = values.select_nth_unstable_by(lower, nan_first);
    let low = *low;
    let high = above.iter().copied().min_by(nan_first).unwrap_or(low);
    low * (1.0 - weight) + high * weight
}

fn nan_first(a: &f64, b: &f64) -> std::cmp::Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal),
        (a_nan, b_nan) => b_nan.cmp(&a_nan),
    }
}
