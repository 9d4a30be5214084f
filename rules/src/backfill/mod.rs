//! What recording rules would have recorded over times that are past.
//!
//! A server evaluates rules instant by instant, and each sees what those before it wrote. Here a rule is evaluated over a span of
//! instants at once, which gives the same as long as all it reads is stored before: [`stages`] puts rules into such an order,
//! [`Instants`] are the times that a group is evaluated at, a [`Recorder`] makes of answers what a server would have written, and
//! [`Gathered`] puts the series of several rules together.

mod gathered;
mod instants;
mod recorder;
mod span;
mod stages;

pub use gathered::Gathered;
pub use instants::Instants;
pub use recorder::{Recorded, Recorder, Refused};
pub use stages::{RuleAt, Stages, stages};

use narthex_model::{Histogram, Labels, TimestampMs};

/// A series over a span of time: times strictly increasing, floats and histograms have none in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// When the floats are.
    pub timestamps: Vec<TimestampMs>,
    /// The floats.
    pub values: Vec<f64>,
    /// The native histograms.
    pub histograms: Vec<(TimestampMs, Histogram)>,
}

impl Series {
    /// How many samples it has.
    pub fn len(&self) -> usize {
        self.timestamps.len() + self.histograms.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The times of all samples, floats first.
    fn times(&self) -> impl Iterator<Item = TimestampMs> + '_ {
        let histograms = self.histograms.iter().map(|(t, _)| *t);
        self.timestamps.iter().copied().chain(histograms)
    }
}
