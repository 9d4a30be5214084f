//! What came of a promise: [`Outcome`] in one window, and what is drawn beside it.

mod burn_down;
mod counting;
mod heat_map;
mod incident;
mod spender;

pub use burn_down::{BurnDown, BurnPoint};
pub use counting::Counting;
pub use heat_map::{HeatCell, HeatDay, HeatMap};
pub use incident::Incident;
pub use spender::Spender;

use narthex_model::{Labels, TimeRange, TimestampMs};

use crate::spec::Window;

/// One SLO, for one group, in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The id of the SLO.
    pub slo: String,
    /// Which group; empty: all together.
    pub group: Labels,
    /// Which window.
    pub window: Window,
    /// Its time: of a calendar period that is not over, up to when it was looked at.
    pub span: TimeRange,
    /// When a calendar period ends; of a rolling window, the end of its time.
    pub ends_at: TimestampMs,
    /// What was counted, exclusions left out.
    pub counts: Counts,
    /// What was counted, exclusions or not.
    pub raw: Counts,
    /// The fraction that was good, by the SLO's method; `None`: nothing counted.
    pub attained: Option<f64>,
    /// The same, exclusions or not.
    pub raw_attained: Option<f64>,
    /// Between what it lies, where a threshold falls between two buckets.
    pub bounds: Option<(f64, f64)>,
    /// The budget over what has been so far.
    pub budget: Budget,
    /// The budget over the whole of a calendar period that is not over, with traffic as in those before.
    pub projected: Option<Budget>,
    /// How many times faster than allowed the budget burnt in the last hour.
    pub burn_rate: Option<f64>,
    /// How long what is left will last at that pace, in milliseconds; of a rolling window, with old errors leaving it.
    pub exhausted_in_ms: Option<i64>,
    /// The fraction of its time that was observed, 0 to 1.
    pub coverage: f64,
    /// How it stands.
    pub state: State,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    /// Good events.
    pub good: f64,
    /// All events.
    pub total: f64,
    /// Bad events: `total - good`, summed by itself.
    pub bad: f64,
    /// Good events at least, where a threshold falls between two buckets.
    pub good_low: f64,
    /// Good events at most.
    pub good_high: f64,
    /// How much time was observed, in milliseconds.
    pub observed_ms: f64,
    /// Stretches of time that count; with occurrences, 0.
    pub slices: f64,
    /// How good those were, added.
    pub good_slices: f64,
}

/// How much may be bad, and how much was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// In what it is counted.
    pub unit: Unit,
    /// How much may be bad.
    pub allowed: f64,
    /// How much was bad.
    pub spent: f64,
}

/// What a budget is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Events.
    Events,
    /// Minutes.
    Minutes,
}

impl Budget {
    /// The fraction that is left: 1 at first, negative when overspent; `None` if nothing may be bad yet.
    pub fn remaining(&self) -> Option<f64> {
        (self.allowed > 0.0).then(|| 1.0 - self.spent / self.allowed)
    }
}

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Kept.
    Meeting,
    /// Kept so far, with less than a quarter of the budget left or burning too fast to last.
    AtRisk,
    /// Broken.
    Blown,
    /// Too little was observed.
    Unknown,
}

impl State {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Meeting, Self::AtRisk, Self::Blown, Self::Unknown];

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Meeting => "meeting",
            Self::AtRisk => "at risk",
            Self::Blown => "blown",
            Self::Unknown => "unknown",
        }
    }
}
