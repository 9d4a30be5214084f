//! What is promised. Every format that is read ends in these types.

mod display;
mod indicator;
mod percent;
mod policy;
mod selector;
mod unknown;
mod window;

use std::collections::BTreeMap;

pub use indicator::{Comparison, Counted, Indicator, Part, Selector, Which};
pub use percent::{complement, from_percent, to_percent};
pub use policy::{BurnTier, Policy, Trigger};
pub use unknown::no_such;
pub use window::LONGEST_MS;
pub use window::{Calendar, CalendarUnit, Exclusion, Rolling, Weekday, Window};

/// A service level objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// What tells it from all others: letters, digits, `-`, `_` and `.`, a letter or digit first.
    pub id: String,
    /// The service that promises.
    pub service: String,
    /// Its name within the service.
    pub name: String,
    /// A sentence for people; may be empty.
    pub description: String,
    /// For filters and reports.
    pub labels: BTreeMap<String, String>,
    /// What is measured.
    pub indicator: Indicator,
    /// Labels by which it is measured apart; empty: as a whole.
    pub group_by: Vec<String>,
    /// How much is promised.
    pub objective: Objective,
    /// Over which windows; never empty. Policies are about the first.
    pub windows: Vec<Window>,
    /// When nothing is promised.
    pub exclusions: Vec<Exclusion>,
    /// What absent data mean.
    pub missing: Missing,
    /// When somebody is told.
    pub policies: Vec<Policy>,
    /// The length of a slice of the ledger, in milliseconds: divides a day.
    pub slice_ms: i64,
}

impl Slo {
    /// The SLOs that it is made of; none, if it is measured itself.
    pub fn parts(&self) -> &[Part] {
        match &self.indicator {
            Indicator::Composite { parts } => parts,
            _ => &[],
        }
    }

    /// How long the first window is, in milliseconds; of a calendar period, as a rule. Policies are scaled by it.
    pub fn window_ms(&self) -> i64 {
        self.windows.first().map_or(0, Window::nominal_ms)
    }

    /// The shortest time that is judged by itself, in milliseconds: a stretch, or a slice.
    pub fn judged_ms(&self) -> i64 {
        let stretch_ms = self.objective.budgeting.stretch_ms();
        stretch_ms.map_or(self.slice_ms, |ms| ms.max(self.slice_ms))
    }

    /// Whether it is made of others.
    pub fn is_composite(&self) -> bool {
        matches!(self.indicator, Indicator::Composite { .. })
    }
}

/// How much is promised, and how it is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// The fraction that should be good: above 0, below 1.
    pub target: f64,
    /// What the fraction is of.
    pub budgeting: Budgeting,
}

/// What a budget is counted in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budgeting {
    /// Good events of all events.
    Occurrences,
    /// Good stretches of time of all that count.
    Timeslices {
        /// How long a stretch is, in milliseconds: a multiple of the ledger's slice.
        slice_ms: i64,
        /// The fraction of good events that makes it good: above 0, at most 1.
        good_from: f64,
    },
    /// The mean over stretches of time of their fractions of good events.
    RatioTimeslices {
        /// How long a stretch is, in milliseconds: a multiple of the ledger's slice.
        slice_ms: i64,
    },
}

impl Budgeting {
    /// How long a stretch is, in milliseconds; `None` with occurrences.
    pub fn stretch_ms(self) -> Option<i64> {
        match self {
            Self::Occurrences => None,
            Self::Timeslices { slice_ms, .. } | Self::RatioTimeslices { slice_ms } => {
                Some(slice_ms)
            }
        }
    }
}

/// The target of a composite that says none, of those of its parts with their weights: their own, if it is the same, or the mean. `None`
/// without parts.
pub(crate) fn weighted_target(parts: &[(f64, f64)]) -> Option<f64> {
    let (first, _) = *parts.first()?;
    if parts.iter().all(|(target, _)| *target == first) {
        return Some(first);
    }
    let weights: f64 = parts.iter().map(|(_, weight)| weight).sum();
    let sum: f64 = parts.iter().map(|(target, weight)| weight * target).sum();
    Some(sum / weights)
}

/// What absent data mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Missing {
    /// A slice that was observed and had no events.
    pub no_traffic: Absent,
    /// A slice that was not observed.
    pub no_data: Absent,
    /// The fraction of a window that must have been observed for its state to be known: 0 to 1.
    pub coverage_floor: f64,
    /// The first sample of a counter whose target had been scraped before.
    pub first_sample: FirstSample,
}

/// What a slice without events counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Nothing.
    Exclude,
    /// Good time.
    Good,
    /// Bad time.
    Bad,
    /// Whatever the slice before it was; alerts stay as they are.
    Hold,
}

/// What the first sample of a counter that is born counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstSample {
    /// Its value: it began at zero.
    Zero,
    /// Nothing.
    Ignore,
}

impl Default for Missing {
    fn default() -> Self {
        Self {
            no_traffic: Absent::Exclude,
            no_data: Absent::Exclude,
            coverage_floor: 0.9,
            first_sample: FirstSample::Zero,
        }
    }
}
