//! What a query answers.

use narthex_model::{Histogram, Labels, TimestampMs};

/// The value of a query, with what should be said about it.
#[derive(Debug, Clone, Default)]
pub struct QueryOutput {
    /// The value.
    pub value: QueryValue,
    /// Things that are probably wrong.
    pub warnings: Vec<String>,
    /// Things worth knowing.
    pub infos: Vec<String>,
}

/// The value of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryValue {
    /// An instant query of scalar type.
    Scalar {
        /// When.
        timestamp: TimestampMs,
        /// The number.
        value: f64,
    },
    /// An instant query of string type.
    String {
        /// When.
        timestamp: TimestampMs,
        /// The text.
        value: String,
    },
    /// An instant query of instant-vector type; unordered unless the expression sorts.
    Vector(Vec<InstantSample>),
    /// A range query, or an instant query of range-vector type; sorted by labels.
    Matrix(Vec<RangeSeries>),
}

impl Default for QueryValue {
    fn default() -> Self {
        Self::Vector(Vec::new())
    }
}

/// An element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct InstantSample {
    /// Its labels.
    pub labels: Labels,
    /// When.
    pub timestamp: TimestampMs,
    /// The value.
    pub value: SampleValue,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Box<Histogram>),
}

/// A series of a matrix: as many values as timestamps, times strictly increasing; floats and histograms have no time in common,
/// and there is at least one of either.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSeries {
    /// Its labels.
    pub labels: Labels,
    /// When the floats are.
    pub timestamps: Vec<TimestampMs>,
    /// The floats.
    pub values: Vec<f64>,
    /// The native histograms, times strictly increasing.
    pub histograms: Vec<(TimestampMs, Histogram)>,
}

impl RangeSeries {
    /// The value at instant `at`.
    pub fn at(&self, at: TimestampMs) -> Option<SampleValue> {
        if let Some(position) = self.timestamps.iter().position(|t| *t == at) {
            return self.values.get(position).copied().map(SampleValue::Float);
        }
        let histogram = self.histograms.iter().find(|(t, _)| *t == at);
        histogram.map(|(_, histogram)| SampleValue::Histogram(Box::new(histogram.clone())))
    }
}
