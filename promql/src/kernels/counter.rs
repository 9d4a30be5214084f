//! `rate`, `increase`, `delta`, `irate`, `idelta`: how much a value grew inside a window.
//!
//! Growth over the samples is extended to the window's edges as Prometheus does it (its `extrapolatedRate`).

use super::Series;
use crate::steps::StepRow;

/// A gap to the window's edge that is at least this many times the average spacing means that the series began or
/// ended inside the window.
const EDGE_GAP_MAX: f64 = 1.1;

pub(crate) fn rate(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    let seconds = series.windows.range as f64 / 1000.0;
    counter(series, out, |grown| grown / seconds);
}

pub(crate) fn increase(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    counter(series, out, |grown| grown);
}

pub(crate) fn delta(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    for (step, lo, hi) in series.filled(2) {
        let grown = series.values[hi - 1] - series.values[lo];
        out.set(step, grown * extension(series, step, lo, hi, None));
    }
}

fn counter(series: &Series<'_>, out: &mut StepRow<'_>, scale: impl Fn(f64) -> f64) {
    let lost = lost_to_resets(series.values);
    for (step, lo, hi) in series.filled(2) {
        let (first, last) = (series.values[lo], series.values[hi - 1]);
        let mut grown = last - first;
        if let Some(lost) = &lost {
            grown += lost[hi - 1] - lost[lo];
        }
        out.set(
            step,
            scale(grown * extension(series, step, lo, hi, Some((first, grown)))),
        );
    }
}

/// What a counter lost in all resets up to each sample; `None` if there was no reset, the usual case.
///
/// Differences of this prefix sum are exact zeros where no reset lies between, so windows without a reset are as exact
/// as a plain subtraction.
fn lost_to_resets(values: &[f64]) -> Option<Vec<f64>> {
    let reset = |pair: &[f64]| pair[1] < pair[0];
    if !values.windows(2).any(reset) {
        return None;
    }
    let mut lost = Vec::with_capacity(values.len());
    let mut sum = 0.0;
    lost.push(sum);
    for pair in values.windows(2) {
        if reset(pair) {
            sum += pair[0];
        }
        lost.push(sum);
    }
    Some(lost)
}

/// The factor that extends growth between the first and last sample of a window to the whole window. A counter is not
/// extended to before the instant where it would have been zero.
fn extension(
    series: &Series<'_>,
    step: usize,
    lo: usize,
    hi: usize,
    counter: Option<(f64, f64)>,
) -> f64 {
    let (first_t, last_t) = (series.timestamps[lo], series.timestamps[hi - 1]);
    let sampled = (last_t - first_t) as f64 / 1000.0;
    let spacing = sampled / (hi - lo - 1) as f64;
    let mut to_start = (first_t - series.windows.start(step)) as f64 / 1000.0;
    let mut to_end = (series.windows.end(step) - last_t) as f64 / 1000.0;
    if to_start >= spacing * EDGE_GAP_MAX {
        to_start = spacing / 2.0;
    }
    if let Some((first, grown)) = counter
        && grown > 0.0
        && first >= 0.0
    {
        to_start = to_start.min(sampled * (first / grown));
    }
    if to_end >= spacing * EDGE_GAP_MAX {
        to_end = spacing / 2.0;
    }
    (sampled + to_start + to_end) / sampled
}

pub(crate) fn irate(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    for (step, _, hi) in series.filled(2) {
        let (before, last) = (series.values[hi - 2], series.values[hi - 1]);
        let grown = if last < before { last } else { last - before };
        let seconds = (series.timestamps[hi - 1] - series.timestamps[hi - 2]) as f64 / 1000.0;
        out.set(step, grown / seconds);
    }
}

pub(crate) fn idelta(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    for (step, _, hi) in series.filled(2) {
        out.set(step, series.values[hi - 1] - series.values[hi - 2]);
    }
}
