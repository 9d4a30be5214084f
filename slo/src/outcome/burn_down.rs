//! How a budget goes down over its window.

use narthex_model::{TimeRange, TimestampMs};

use super::Unit;

/// How a budget went down over its window.
#[derive(Debug, Clone, PartialEq)]
pub struct BurnDown {
    /// The whole window; of a calendar period that is not over, up to its end.
    pub span: TimeRange,
    /// In what the budget is counted.
    pub unit: Unit,
    /// The budget of the whole window, the same at all points, so that what is spent never falls.
    pub allowed: f64,
    /// Whether that is a forecast: a calendar period is not over.
    pub projected: bool,
    /// Its points, in order of time, up to now.
    pub points: Vec<BurnPoint>,
}

/// How a budget stood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnPoint {
    /// When.
    pub at: TimestampMs,
    /// The fraction of the budget that was spent since the window began: 0 at first.
    pub spent: f64,
    /// The fraction that was left in the rolling window that ended here: below 1 at the first point if anything was bad before it.
    /// `None` for calendar periods, and where nothing was counted.
    pub rolling_left: Option<f64>,
    /// The fraction of the time since the point before that was observed.
    pub coverage: f64,
}
