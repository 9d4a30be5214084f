//! Kernels: from the samples of one series to its step vector, linear in samples plus steps.
//!
//! A kernel gets all samples of a series and the bounds of every window at once. It never sees stale markers.

pub(crate) mod calendar;
pub(crate) mod change;
pub(crate) mod counter;
pub(crate) mod extended;
pub(crate) mod hyperbolic;
pub(crate) mod order;
pub(crate) mod regression;
pub(crate) mod round;
mod segments;
mod sorted;
pub(crate) mod starts;
pub(crate) mod sum;
pub(crate) mod top;
pub(crate) mod windows;

use crate::steps::StepRow;
use counter::Extensions;
use windows::Windows;

/// The samples of one series and the windows laid over them.
pub(crate) struct Series<'a> {
    /// Milliseconds, strictly increasing.
    pub(crate) timestamps: &'a [i64],
    /// One per timestamp, no stale markers.
    pub(crate) values: &'a [f64],
    /// Per step, the samples inside its window: first index, and first index after.
    pub(crate) bounds: &'a [(u32, u32)],
    /// Where the windows lie in time.
    pub(crate) windows: &'a Windows,
    /// What all series with these timestamps and windows share.
    pub(crate) extensions: &'a Extensions,
}

impl<'a> Series<'a> {
    /// Per step with at least `least` samples: the step, its first index and the index after its last.
    fn filled(&self, least: u32) -> impl Iterator<Item = (usize, usize, usize)> + use<'a> {
        let steps = self.bounds.iter().enumerate();
        steps
            .filter(move |(_, (lo, hi))| hi - lo >= least)
            .map(|(step, (lo, hi))| (step, *lo as usize, *hi as usize))
    }
}

/// Fills one row. `param` is the function's scalar argument at a step, for those that have one.
pub(crate) type RangeKernel =
    fn(series: &Series<'_>, param: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>);
