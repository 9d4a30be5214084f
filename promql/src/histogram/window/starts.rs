//! What start timestamps say of resets.

use super::Window;
use crate::kernels::starts::Starts;

impl<'a> Window<'a> {
    /// When the counter of each sample began.
    pub(super) fn counters(&self) -> Starts<'a> {
        Starts {
            times: self.times,
            starts: self.starts,
        }
    }

    /// Whether the counter began anew between sample `at - 1` and sample `at`.
    pub(super) fn restarts(&self, at: usize) -> bool {
        self.counters().restarts(at)
    }

    /// Whether the counter of sample `at` began before the sample before it, and yet is another one.
    pub(super) fn overlaps(&self, at: usize) -> bool {
        self.counters().overlaps(at)
    }

    /// When the counter began, if that was inside the window and before the first sample: it was zero then.
    pub(super) fn counter_start_inside(&self) -> Option<i64> {
        self.counters().since(0, self.start)
    }
}
