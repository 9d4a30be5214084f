//! What a change of specs changes: which SLOs, which of their fields, which slices are counted anew, and what would have come of it.
//!
//! [`diff`] compares specs, [`Change::measure`] what came of both over the same samples; [`table`], [`markdown`] and [`json`] tell of it.

mod change;
mod fields;
pub mod json;
pub mod markdown;
mod measured;
mod parts;
pub mod table;
#[cfg(test)]
mod tests;

pub use change::{Change, History, Kind, diff};
pub use fields::{Field, fields};
pub use measured::{Effect, Measured, Past, States};

use narthex_model::{TimeRange, TimestampMs};

/// What a change of specs changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The SLOs that are changed, by id.
    pub changes: Vec<Change>,
    /// How many SLOs stay as they are.
    pub same: usize,
    /// Over which time it was measured; `None`: without data.
    pub over: Option<Over>,
}

/// Over which time a change was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// The instant where windows end.
    pub at: TimestampMs,
    /// The time that was looked back on, day by day; `None`: `at` alone.
    pub past: Option<TimeRange>,
}
