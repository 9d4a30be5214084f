//! When it was bad, by day and hour.

use narthex_model::TimestampMs;

/// When it was bad: days as rows, hours as columns.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// The IANA name of the zone of its days and hours.
    pub zone: String,
    /// The days, in order.
    pub days: Vec<HeatDay>,
}

/// A day.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatDay {
    /// When it begins.
    pub start: TimestampMs,
    /// `2026-03-29`.
    pub date: String,
    /// Its 24 hours as clocks show them: an hour that clocks skip is `None`, one that they show twice holds both, one outside the
    /// window is `None`.
    pub hours: Vec<Option<HeatCell>>,
}

/// An hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatCell {
    /// The fraction that was good; `None`: nothing counted.
    pub attained: Option<f64>,
    /// The fraction of the window's budget that it cost.
    pub cost: f64,
    /// The fraction of it that was observed.
    pub coverage: f64,
}
