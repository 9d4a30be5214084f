//! From raw samples to slices: how many events were good, bad and there at all, and how much of the time was observed.
//!
//! A counter counts by the differences of consecutive samples, corrected where it was reset, and never extrapolated. A difference
//! belongs to the time between its samples and is divided among slices in proportion to it, so that slices add up to exactly what
//! the counter counted (see `spread.rs`). What is not there is not guessed: slices say how much of them was observed.
//!
//! A [`Tally`] takes series in any order, one call for each, and allocates nothing per sample; tallies of parts of the series merge.

mod compare;
mod counter;
mod gauge;
mod grid;
mod interval;
mod latency;
mod native;
mod presence;
mod queries;
mod slices;
mod spread;
mod tally;
#[cfg(test)]
mod tests;
mod timeline;

pub use gauge::{GaugeRule, by_sample, by_time};
pub use grid::Grid;
pub(crate) use latency::{BucketPlan, Buckets};
pub(crate) use native::{NativeLife, NativeSeries};
pub use queries::{of_queries, of_ratio};
pub use slices::{Bounds, Method, Slices};
pub use tally::Tally;
pub use timeline::Timeline;

use narthex_model::TimestampMs;

/// The samples of a series: those in the grid, and from some ten before it on, so that the difference across its edge counts and the
/// usual distance of samples is known; if they were not seen for a while before it, from the last that were.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// Their times, increasing.
    pub timestamps: &'a [TimestampMs],
    /// Their values, as many.
    pub values: &'a [f64],
    /// Since when the first of them counts from zero: the last time at which its target was scraped without it, or its start
    /// timestamp. `None`: the first sample is only where counting begins.
    pub born: Option<TimestampMs>,
    /// How the times lie on the grid that the series is counted on, if that is known.
    pub timeline: Option<&'a Timeline>,
}
