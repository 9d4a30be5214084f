//! A sample's value: a float or a histogram.

use super::FloatHistogram;

/// What a series has at an instant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Point {
    /// A number.
    Float(f64),
    /// A distribution.
    Histogram(FloatHistogram),
}

impl Point {
    /// The float, if it is one.
    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            Self::Float(v) => Some(*v),
            Self::Histogram(_) => None,
        }
    }

    /// The histogram, if it is one.
    pub(crate) fn histogram(&self) -> Option<&FloatHistogram> {
        match self {
            Self::Float(_) => None,
            Self::Histogram(histogram) => Some(histogram),
        }
    }
}
