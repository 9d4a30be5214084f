//! Native histograms of answers and scripts: their buckets, their text, their arithmetic.

use narthex_model::{Histogram, ResetHint};

use crate::histogram::FloatHistogram;

/// A bucket with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShownBucket {
    /// Which bounds belong to it: 0 the upper, 1 the lower, 2 none, 3 both.
    pub boundary_rule: u8,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// How many observations are in it.
    pub count: f64,
}

/// The buckets that hold something, by increasing value.
pub fn buckets(histogram: &Histogram) -> Vec<ShownBucket> {
    let histogram = FloatHistogram::from(&histogram.as_ref());
    let shown = histogram.buckets().map(|bucket| ShownBucket {
        boundary_rule: bucket.boundary_rule(),
        lower: bucket.lower,
        upper: bucket.upper,
        count: bucket.count,
    });
    shown.filter(|bucket| bucket.count != 0.0).collect()
}

/// `{count:3, sum:1.5, (0.5,1]:3}`.
pub fn text(histogram: &Histogram) -> String {
    FloatHistogram::from(&histogram.as_ref()).to_string()
}

/// The same without empty buckets, in as few spans as possible.
pub fn compact(histogram: &Histogram) -> Histogram {
    let mut compact = FloatHistogram::from(&histogram.as_ref());
    compact.drop_empty();
    Histogram::from(&compact)
}

/// `a + b`; `None` if exponential buckets meet custom ones.
pub fn add(a: &Histogram, b: &Histogram) -> Option<Histogram> {
    let mut sum = FloatHistogram::from(&a.as_ref());
    sum.add(&FloatHistogram::from(&b.as_ref())).ok()?;
    Some(Histogram::from(&sum))
}

/// `a - b`, a gauge; `None` if exponential buckets meet custom ones.
pub fn sub(a: &Histogram, b: &Histogram) -> Option<Histogram> {
    let mut difference = FloatHistogram::from(&a.as_ref());
    difference.sub(&FloatHistogram::from(&b.as_ref())).ok()?;
    difference.hint = ResetHint::Gauge;
    Some(Histogram::from(&difference))
}
