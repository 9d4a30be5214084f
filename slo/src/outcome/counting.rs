//! Ways to say what was attained.

use crate::spec::Budgeting;

/// A way to say what was attained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counting {
    /// One that can be promised.
    By(Budgeting),
    /// The mean over all slices of the fraction of good events in the five minutes before their ends: as Prometheus says it with
    /// recorded ratios of five minutes, averaged over the window.
    MeanOfRatios,
}

impl Counting {
    /// The name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::By(Budgeting::Occurrences) => "occurrences",
            Self::By(Budgeting::Timeslices { .. }) => "timeslices",
            Self::By(Budgeting::RatioTimeslices { .. }) => "ratio-timeslices",
            Self::MeanOfRatios => "mean-of-5m-ratios",
        }
    }
}
