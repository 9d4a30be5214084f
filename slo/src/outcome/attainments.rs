//! The same window by every method of counting.

/// The fraction that was good in one window, by each method; `None`: nothing counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attainments {
    /// Good events of all events.
    pub occurrences: Option<f64>,
    /// Good stretches of time of all that count.
    pub timeslices: Option<f64>,
    /// The mean over stretches of time of their fractions of good events.
    pub ratio_timeslices: Option<f64>,
}
