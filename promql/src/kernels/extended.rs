//! `anchored` and `smoothed`: what a counter or gauge did between the very edges of a window.
//!
//! Samples outside the window say what the value was at its edges: `anchored` takes the newest sample at or before the start,
//! `smoothed` interpolates between the neighbours of each edge. Nothing is extrapolated.

use super::Series;
use super::change::Pairs;
use super::counter::Resets;
use super::windows::Windows;
use crate::ast::Extension;
use crate::steps::StepRow;

/// How far outside its windows a selector looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Which edges.
    pub(crate) extension: Extension,
    /// Milliseconds before the start; with `smoothed` also after the end.
    pub(crate) lookback: i64,
}

impl Reach {
    /// The windows of samples that windows of this reach need.
    pub(crate) fn around(self, windows: &Windows) -> Windows {
        let after = match self.extension {
            Extension::Anchored => 0,
            Extension::Smoothed => self.lookback,
        };
        Windows {
            first_end: windows.first_end.saturating_add(after),
            range: windows
                .range
                .saturating_add(self.lookback)
                .saturating_add(after),
            ..windows.clone()
        }
    }
}

/// The samples of one series, and windows that look beyond their edges.
pub(crate) struct Extended<'a> {
    /// Milliseconds, strictly increasing.
    pub(crate) timestamps: &'a [i64],
    /// One per timestamp, no stale markers.
    pub(crate) values: &'a [f64],
    /// Per step, the samples within reach: first index, and first index after.
    pub(crate) bounds: &'a [(u32, u32)],
    /// The windows themselves.
    pub(crate) windows: &'a Windows,
    /// Which edges.
    pub(crate) extension: Extension,
}

impl<'a> Extended<'a> {
    /// The samples of `series`, whose bounds are those within reach of `windows`.
    pub(crate) fn of(series: &Series<'a>, windows: &'a Windows, extension: Extension) -> Self {
        Self {
            timestamps: series.timestamps,
            values: series.values,
            bounds: series.bounds,
            windows,
            extension,
        }
    }
}

/// Fills one row.
pub(crate) type ExtendedKernel = fn(series: &Extended<'_>, out: &mut StepRow<'_>);

/// A window with a value at either edge.
struct Window {
    /// The samples that the values at the edges come from, or the first and last inside.
    first: usize,
    last: usize,
    left: f64,
    right: f64,
}

pub(crate) fn rate(series: &Extended<'_>, out: &mut StepRow<'_>) {
    let seconds = series.windows.range as f64 / 1000.0;
    counter(series, |step, grown| out.set(step, grown / seconds));
}

pub(crate) fn increase(series: &Extended<'_>, out: &mut StepRow<'_>) {
    counter(series, |step, grown| out.set(step, grown));
}

pub(crate) fn delta(series: &Extended<'_>, out: &mut StepRow<'_>) {
    for step in 0..series.bounds.len() {
        if let Some(window) = series.window(step, false) {
            out.set(step, window.right - window.left);
        }
    }
}

pub(crate) fn changes(series: &Extended<'_>, out: &mut StepRow<'_>) {
    pairs(series, out, &Pairs::changes(series.values));
}

pub(crate) fn resets(series: &Extended<'_>, out: &mut StepRow<'_>) {
    pairs(series, out, &Pairs::resets(series.values));
}

/// An instant selector: the value at each instant itself, or the last one known.
pub(crate) fn instant(series: &Extended<'_>, out: &mut StepRow<'_>) {
    for (step, (lo, hi)) in series.bounds.iter().enumerate() {
        let (lo, hi) = (*lo as usize, *hi as usize);
        let at = series.windows.end(step);
        let next = lo + series.timestamps[lo..hi].partition_point(|t| *t < at);
        if next < hi && series.timestamps[next] == at {
            out.set(step, series.values[next]);
        } else if next > lo && next < hi {
            out.set(step, series.between(next - 1, at, false));
        } else if next > lo {
            out.set(step, series.values[next - 1]);
        }
    }
}

fn counter(series: &Extended<'_>, mut grown: impl FnMut(usize, f64)) {
    let mut resets = Resets::of(series.values);
    for step in 0..series.bounds.len() {
        if let Some(window) = series.window(step, true) {
            let lost = series.lost(step, &window, &mut resets);
            grown(step, window.right - window.left + lost);
        }
    }
}

fn pairs(series: &Extended<'_>, out: &mut StepRow<'_>, pairs: &Pairs) {
    for step in 0..series.bounds.len() {
        if let Some(window) = series.window(step, false) {
            out.set(step, pairs.within(window.first, window.last + 1));
        }
    }
}

impl Extended<'_> {
    /// `None` if no sample says anything about the window of `step`.
    fn window(&self, step: usize, counter: bool) -> Option<Window> {
        let (lo, hi) = self.bounds[step];
        let (lo, hi) = (lo as usize, hi as usize);
        if lo == hi {
            return None;
        }
        let (start, end) = (self.windows.start(step), self.windows.end(step));
        let times = &self.timestamps[lo..hi];
        let first = lo + times.partition_point(|t| *t <= start).saturating_sub(1);
        let smoothed = self.extension == Extension::Smoothed;
        let last = if smoothed {
            (lo + times.partition_point(|t| *t < end)).min(hi - 1)
        } else {
            hi - 1
        };
        if self.timestamps[last] <= start || (smoothed && self.timestamps[first] > end) {
            return None;
        }
        let left = if smoothed && self.timestamps[first] < start {
            self.between(first, start, counter)
        } else {
            self.values[first]
        };
        let right = if smoothed && last > lo && self.timestamps[last] > end {
            self.between(last - 1, end, counter)
        } else {
            self.values[last]
        };
        Some(Window {
            first,
            last,
            left,
            right,
        })
    }

    /// The value at `t` on the line from sample `i` to the next; a counter that falls there starts at zero.
    fn between(&self, i: usize, t: i64, counter: bool) -> f64 {
        let (from, to) = (self.values[i], self.values[i + 1]);
        let from = if counter && to < from { 0.0 } else { from };
        let (start, end) = (self.timestamps[i], self.timestamps[i + 1]);
        from + (to - from) * (t - start) as f64 / (end - start) as f64
    }

    /// What a counter lost in `window`: from its left edge over the samples strictly inside to its right edge.
    fn lost(&self, step: usize, window: &Window, resets: &mut Resets) -> f64 {
        let inside =
            window.first + usize::from(self.timestamps[window.first] <= self.windows.start(step));
        let after =
            window.last + usize::from(self.timestamps[window.last] < self.windows.end(step));
        if inside >= after {
            return if window.right < window.left {
                window.left
            } else {
                0.0
            };
        }
        let mut lost = 0.0;
        if self.values[inside] < window.left {
            lost += window.left;
        }
        lost = resets
            .lost_within(inside, after)
            .fold(lost, |sum, one| sum + one);
        if window.right < self.values[after - 1] {
            lost += self.values[after - 1];
        }
        lost
    }
}

/// The samples of one window of a range selector, with its edges.
pub(crate) fn samples(series: &Extended<'_>) -> Vec<(i64, f64)> {
    let Some(window) = series.window(0, false) else {
        return Vec::new();
    };
    let (start, end) = (series.windows.start(0), series.windows.end(0));
    let inside = (window.first..=window.last)
        .map(|i| (series.timestamps[i], series.values[i]))
        .filter(|(t, _)| start < *t && *t < end);
    [(start, window.left)]
        .into_iter()
        .chain(inside)
        .chain([(end, window.right)])
        .collect()
}

#[cfg(test)]
mod tests;
