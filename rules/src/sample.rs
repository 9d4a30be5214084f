//! What an expression gives: series and their values at one instant.

use narthex_model::{Histogram, Labels};

/// An element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSample {
    /// Its labels, the metric's name among them if it has one.
    pub labels: Labels,
    /// Its value.
    pub value: SampleValue,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Box<ShownHistogram>),
}

/// A native histogram, and how templates print it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownHistogram {
    /// The distribution.
    pub histogram: Histogram,
    /// `{count:3, sum:2.5, (1,2]:3}`.
    pub text: String,
}
