//! Counters that say since when they count: `rate`, `increase`, `irate` and `resets` that know when a counter began.
//!
//! A counter that began inside a window was zero then, so that one sample is enough, and nothing is extended to before its
//! beginning. And it may have begun anew without having fallen.

use super::Series;
use super::change::Pairs;
use super::counter::{Resets, edge, extension};
use crate::steps::StepRow;

/// When the counter of each sample began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starts<'a> {
    /// When the samples are, in milliseconds, increasing.
    pub(crate) times: &'a [i64],
    /// One per sample, 0 where that is not known; empty if it is known of none.
    pub(crate) starts: &'a [i64],
}

impl Starts<'_> {
    fn of(&self, at: usize) -> i64 {
        self.starts.get(at).copied().unwrap_or(0)
    }

    /// When the counter of sample `at` began, if that was before the sample and after the instant `after`.
    pub(crate) fn since(&self, at: usize, after: i64) -> Option<i64> {
        let start = self.of(at);
        (start != 0 && start > after && start < self.times[at]).then_some(start)
    }

    /// Whether the counter began anew between sample `at - 1` and sample `at`.
    pub(crate) fn restarts(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let (start_before, before) = (self.of(before), self.times[before]);
        let (start, time) = (self.of(at), self.times[at]);
        let known = start != 0 && start < time;
        // A start at the sample before is that of a delta; but so write some who know no start at all.
        let delta = || start == before && start_before != 0 && start_before < before;
        known && (start > before || delta())
    }

    /// Whether the counter of sample `at` began before the sample before it, and yet is another one.
    pub(crate) fn overlaps(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let start = self.of(at);
        start != 0 && start < self.times[before] && start != self.of(before)
    }
}

/// Fills one row; whether counters overlap in any of its windows.
pub(crate) type StartsKernel =
    fn(series: &Series<'_>, starts: Starts<'_>, out: &mut StepRow<'_>) -> bool;

pub(crate) fn rate(series: &Series<'_>, starts: Starts<'_>, out: &mut StepRow<'_>) -> bool {
    let seconds = series.windows.range as f64 / 1000.0;
    counter(series, starts, out, seconds)
}

pub(crate) fn increase(series: &Series<'_>, starts: Starts<'_>, out: &mut StepRow<'_>) -> bool {
    counter(series, starts, out, 1.0)
}

pub(crate) fn irate(series: &Series<'_>, starts: Starts<'_>, out: &mut StepRow<'_>) -> bool {
    for (step, _, hi) in series.filled(2) {
        let (before, last) = (series.values[hi - 2], series.values[hi - 1]);
        let lost = last < before || starts.restarts(hi - 1);
        let grown = if lost { last } else { last - before };
        let seconds = (series.timestamps[hi - 1] - series.timestamps[hi - 2]) as f64 / 1000.0;
        out.set(step, grown / seconds);
    }
    false
}

pub(crate) fn resets(series: &Series<'_>, starts: Starts<'_>, out: &mut StepRow<'_>) -> bool {
    let resets = Pairs::at(series.values.len(), is_reset(series.values, starts));
    for (step, lo, hi) in series.filled(1) {
        out.set(step, resets.within(lo, hi));
    }
    false
}

fn is_reset(values: &[f64], starts: Starts<'_>) -> impl Fn(usize) -> bool {
    move |at| values[at] < values[at - 1] || starts.restarts(at)
}

fn counter(series: &Series<'_>, starts: Starts<'_>, out: &mut StepRow<'_>, seconds: f64) -> bool {
    let mut resets = Resets::at(series.values, is_reset(series.values, starts));
    let overlaps = Pairs::at(series.values.len(), |at| starts.overlaps(at));
    let mut overlap = false;
    for (step, lo, hi) in series.filled(1) {
        overlap |= overlaps.within(lo, hi) > 0.0;
        let (first, last) = (series.values[lo], series.values[hi - 1]);
        let grown = resets
            .lost_within(lo, hi)
            .fold(last - first, |grown, lost| grown + lost);
        let grown = match starts.since(lo, series.windows.start(step)) {
            Some(since) => {
                let factor = extension_since(series, step, (lo, hi), since);
                (grown + first) * (factor / seconds)
            }
            None if hi - lo < 2 => continue,
            None => {
                let factor = extension(series, step, lo, hi, Some((first, grown)));
                grown * (factor / seconds)
            }
        };
        out.set(step, grown);
    }
    overlap
}

/// The factor that extends growth between the instant `since` and the last sample of a window to the window's end. One sample
/// tells no spacing, so it is not extended.
fn extension_since(series: &Series<'_>, step: usize, (lo, hi): (usize, usize), since: i64) -> f64 {
    let (first_t, last_t) = (series.timestamps[lo], series.timestamps[hi - 1]);
    let to_end = match hi - lo - 1 {
        0 => 0.0,
        gaps => edge(
            (series.windows.end(step) - last_t) as f64,
            (last_t - first_t) as f64,
            gaps as f64,
        ),
    };
    let known = (last_t - since) as f64;
    (known + to_end) / known
}

#[cfg(test)]
mod tests;
