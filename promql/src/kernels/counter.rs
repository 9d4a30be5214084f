//! `rate`, `increase`, `delta`, `irate`, `idelta`: how much a value grew inside a window.
//!
//! Growth over the samples is extended to the window's edges as Prometheus does it (its `extrapolatedRate`).

use std::cell::OnceCell;

use super::Series;
use crate::steps::StepRow;

/// A gap to the window's edge that is at least this many times the average spacing means that the series began or
/// ended inside the window.
const EDGE_GAP_MAX: f64 = 1.1;
/// So many values are looked at together for resets.
const STRIDE: usize = 128;

pub(crate) fn rate(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    counter(series, out, series.windows.range as f64 / 1000.0);
}

pub(crate) fn increase(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    counter(series, out, 1.0);
}

pub(crate) fn delta(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    let extensions = series.extensions.of(series, 1.0);
    for (step, lo, hi) in series.filled(2) {
        let grown = series.values[hi - 1] - series.values[lo];
        out.set(step, grown * extensions[step].factor);
    }
}

/// Growth of a counter in each window, divided by `seconds`.
fn counter(series: &Series<'_>, out: &mut StepRow<'_>, seconds: f64) {
    let extensions = series.extensions.of(series, seconds);
    let mut resets = Resets::of(series.values);
    // Everything that a step needs comes along, so that only the two samples are looked up.
    let points = out.values.iter_mut().zip(out.present.iter_mut());
    let steps = series.bounds.iter().zip(extensions).zip(points);
    for (step, (((lo, hi), known), (value, there))) in steps.enumerate() {
        if hi - lo < 2 {
            continue;
        }
        let (lo, hi) = (*lo as usize, *hi as usize);
        let (first, last) = (series.values[lo], series.values[hi - 1]);
        let mut grown = last - first;
        if !resets.found.is_empty() {
            let lost = resets.lost_within(lo, hi);
            grown = lost.fold(grown, |grown, lost| grown + lost);
        }
        let factor = if first >= 0.0 && first < known.near_zero * grown {
            extension(series, step, lo, hi, Some((first, grown))) / seconds
        } else {
            known.factor
        };
        *value = grown * factor;
        *there = true;
    }
}

/// How growth in the window of a step is extended.
#[derive(Clone, Copy)]
pub(crate) struct Extension {
    /// What growth is multiplied by, unless a counter would have been zero between the window's start and its first sample.
    factor: f64,
    /// That may be so of a counter whose first sample is below so many times the growth.
    near_zero: f64,
}

impl Extension {
    /// Where there are too few samples to grow.
    const NONE: Self = Self {
        factor: f64::NAN,
        near_zero: f64::NAN,
    };

    /// A little more than rounding can take away: the exact form decides then.
    const NEAR: f64 = 1.0 + 1e-9;
}

/// The extension of each step, which follows from timestamps and windows; series that share these share it.
#[derive(Default)]
pub(crate) struct Extensions(OnceCell<Vec<Extension>>);

impl Extensions {
    /// Those of `series`, the factors divided by `seconds`; callers that share them want the same.
    fn of(&self, series: &Series<'_>, seconds: f64) -> &[Extension] {
        self.0.get_or_init(|| {
            let steps = series.bounds.iter().enumerate();
            let extensions = steps.map(|(step, (lo, hi))| {
                let (lo, hi) = (*lo as usize, *hi as usize);
                if hi - lo < 2 {
                    return Extension::NONE;
                }
                let Edges {
                    sampled,
                    to_start,
                    to_end,
                } = edges(series, step, lo, hi);
                Extension {
                    factor: (sampled + to_start + to_end) / sampled / seconds,
                    near_zero: to_start / sampled * Extension::NEAR,
                }
            });
            extensions.collect()
        })
    }
}

/// Where a counter fell, and from which value. Found once per series; there are few.
///
/// What a window lost is summed from the resets inside it, in order: a running sum over the whole series would swallow
/// small resets after large ones.
pub(super) struct Resets {
    /// Index of the sample that is lower than the one before, and what the counter had before.
    found: Vec<(usize, f64)>,
    /// Resets before this one lie before all windows to come.
    from: usize,
}

impl Resets {
    /// At the positions that `is_reset` accepts, from 1 on.
    pub(super) fn at(values: &[f64], is_reset: impl Fn(usize) -> bool) -> Self {
        let found = (1..values.len()).filter(|at| is_reset(*at));
        Self {
            found: found.map(|at| (at, values[at - 1])).collect(),
            from: 0,
        }
    }

    pub(super) fn of(values: &[f64]) -> Self {
        let mut found = Vec::new();
        for start in (1..values.len()).step_by(STRIDE) {
            let end = values.len().min(start + STRIDE);
            let pairs = || values[start - 1..end - 1].iter().zip(&values[start..end]);
            // Without a branch per pair first: most strides have no fall.
            if pairs().fold(false, |any, (before, v)| any | (v < before)) {
                let falls = (start..).zip(pairs()).filter(|(_, (before, v))| v < before);
                found.extend(falls.map(|(at, (before, _))| (at, *before)));
            }
        }
        Self { found, from: 0 }
    }

    /// What was lost between the samples `lo` and `hi - 1`. Windows must come in order.
    pub(super) fn lost_within(&mut self, lo: usize, hi: usize) -> impl Iterator<Item = f64> + '_ {
        while self.found.get(self.from).is_some_and(|(at, _)| *at <= lo) {
            self.from += 1;
        }
        let inside = self.found[self.from..].iter();
        inside
            .take_while(move |(at, _)| *at < hi)
            .map(|(_, lost)| *lost)
    }
}

/// The factor that extends growth between the first and last sample of a window to the whole window. A counter is not
/// extended to before the instant where it would have been zero.
pub(super) fn extension(
    series: &Series<'_>,
    step: usize,
    lo: usize,
    hi: usize,
    counter: Option<(f64, f64)>,
) -> f64 {
    let Edges {
        sampled,
        mut to_start,
        to_end,
    } = edges(series, step, lo, hi);
    if let Some((first, grown)) = counter
        && grown > 0.0
        && first >= 0.0
    {
        to_start = to_start.min(sampled * (first / grown));
    }
    (sampled + to_start + to_end) / sampled
}

/// Milliseconds between the samples of a window, and how far growth is extended to its edges.
struct Edges {
    sampled: f64,
    to_start: f64,
    to_end: f64,
}

fn edges(series: &Series<'_>, step: usize, lo: usize, hi: usize) -> Edges {
    let (first_t, last_t) = (series.timestamps[lo], series.timestamps[hi - 1]);
    let sampled = (last_t - first_t) as f64;
    let gaps = (hi - lo - 1) as f64;
    Edges {
        sampled,
        to_start: edge((first_t - series.windows.start(step)) as f64, sampled, gaps),
        to_end: edge((series.windows.end(step) - last_t) as f64, sampled, gaps),
    }
}

/// How far growth is extended over a gap to the window's edge. All in milliseconds.
#[inline]
pub(super) fn edge(gap: f64, sampled: f64, gaps: f64) -> f64 {
    // Shorter than the average spacing: no need to divide. This is nearly always so.
    if gap * gaps < sampled {
        return gap;
    }
    // In seconds, as Prometheus computes it: at the very limit the rounding decides.
    let spacing = sampled / 1000.0 / gaps;
    if gap / 1000.0 >= spacing * EDGE_GAP_MAX {
        sampled / gaps / 2.0
    } else {
        gap
    }
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
