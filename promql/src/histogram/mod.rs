//! Native histograms as PromQL computes with them: sparse buckets of floats, and what can be asked of them.
//!
//! Nothing here knows Arrow. The rules are those of Prometheus; sums and
//! differences have no buckets without observations, but those that were written stay.

mod add;
mod bound_table;
mod bounds;
mod bucket;
mod buckets;
mod convert;
mod custom;
mod display;
mod equal;
mod fraction;
mod hint;
mod moments;
mod note;
mod partial;
mod point;
mod quantile;
mod read;
mod reset;
mod scale;
mod tally;
mod total;
mod trim;
pub(crate) mod window;
mod zero;

#[cfg(test)]
mod samples;

use std::sync::Arc;

use narthex_model::ResetHint;

pub(crate) use add::{Combined, Incompatible};
pub(crate) use bucket::Bucket;
pub(crate) use buckets::Buckets;
pub(crate) use note::{HistogramNote, Operation};
pub(crate) use partial::Partial;
pub(crate) use point::Point;
pub(crate) use total::{HistogramMean, HistogramSum, Total};
pub(crate) use trim::Keep;

use tally::Tally;

/// The schema whose bounds are listed.
pub(crate) const CUSTOM_SCHEMA: i32 = -53;

/// A native histogram. Its numbers are floats, or while many are being added up, floats with what rounding lost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FloatHistogram<N = f64> {
    /// -4..=8: bucket `i` ends at `2^(i * 2^-schema)`; -53: the bounds are listed in `bounds`.
    pub(crate) schema: i32,
    /// What is known of resets.
    pub(crate) hint: ResetHint,
    /// Half-width of the zero bucket.
    pub(crate) zero_threshold: f64,
    /// Observations in the zero bucket.
    pub(crate) zero_count: N,
    /// All observations, those of NaN too, which are in no bucket.
    pub(crate) count: N,
    /// Sum of the observed values.
    pub(crate) sum: N,
    /// Buckets above zero; with custom bounds, all of them.
    pub(crate) positive: Buckets<N>,
    /// Buckets below zero, numbered away from zero.
    pub(crate) negative: Buckets<N>,
    /// Upper bounds with schema -53, increasing, without +Inf; else empty.
    pub(crate) bounds: Arc<[f64]>,
}

impl<N: Tally> FloatHistogram<N> {
    /// Nothing observed, with the same kind of buckets.
    fn nothing(&self) -> Self {
        Self {
            schema: self.schema,
            hint: ResetHint::Unknown,
            zero_threshold: 0.0,
            zero_count: N::default(),
            count: N::default(),
            sum: N::default(),
            positive: Buckets::default(),
            negative: Buckets::default(),
            bounds: self.bounds.clone(),
        }
    }

    /// Leaves out buckets without observations.
    pub(crate) fn drop_empty(&mut self) {
        self.positive.drop_empty();
        self.negative.drop_empty();
    }
}

impl<N> FloatHistogram<N> {
    /// Whether its bounds are listed rather than computed.
    pub(crate) fn is_custom(&self) -> bool {
        self.schema == CUSTOM_SCHEMA
    }
}
