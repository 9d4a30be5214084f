//! Events not slower than a threshold, by native histograms.

use narthex_model::{HistogramRef, ResetHint, TimestampMs, is_stale};

use super::tally::Unobserved;
use super::{Series, Tally, counter};

mod below;

/// The samples of a native histogram, as counters that never fall: what lies below the threshold is worked out once for each sample.
#[derive(Debug, Clone, Default)]
pub struct NativeSeries {
    timestamps: Vec<TimestampMs>,
    count: Vec<f64>,
    low: Vec<f64>,
    likely: Vec<f64>,
    high: Vec<f64>,
    /// Count, low, likely and high of the last sample, as it said.
    last: [f64; 4],
}

impl NativeSeries {
    /// Forgets all samples, and keeps the memory for those of the next series.
    pub fn clear(&mut self) {
        self.timestamps.clear();
        for column in self.columns() {
            column.clear();
        }
        self.last = [0.0; 4];
    }

    /// How many samples there are, stale markers among them.
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// Adds the next sample, later than those before.
    pub fn push(&mut self, at: TimestampMs, histogram: &HistogramRef<'_>, threshold: f64) {
        self.timestamps.push(at);
        if is_stale(histogram.sum) {
            for column in self.columns() {
                column.push(histogram.sum);
            }
            return;
        }
        let below = below::below(histogram, threshold);
        let now = [histogram.count, below.low, below.likely, below.high];
        let is_reset = histogram.reset_hint == ResetHint::Reset || now[0] < self.last[0];
        let last = std::mem::replace(&mut self.last, now);
        for (i, column) in self.columns().into_iter().enumerate() {
            // A coarser schema may put a little less below the threshold: no reset.
            let risen = if is_reset {
                now[i]
            } else {
                (now[i] - last[i]).max(0.0)
            };
            let before = column.iter().rev().find(|v| v.is_finite());
            column.push(before.copied().unwrap_or(0.0) + risen);
        }
    }

    fn columns(&mut self) -> [&mut Vec<f64>; 4] {
        [
            &mut self.count,
            &mut self.low,
            &mut self.likely,
            &mut self.high,
        ]
    }
}

impl Tally {
    /// Adds a native histogram to a group; `born` as in [`Series`]. The events that are told apart must be the good ones.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn native(&mut self, group: usize, series: &NativeSeries, born: Option<TimestampMs>) {
        let of = |values| Series {
            timestamps: &series.timestamps,
            values,
            born,
            timeline: None,
        };
        let (grid, columns) = self.group(group);
        let bounds = columns.bounds_mut();
        counter::count(of(&series.low), &grid, &mut bounds.low, &mut Unobserved);
        counter::count(of(&series.high), &grid, &mut bounds.high, &mut Unobserved);
        self.total(group, of(&series.count));
        self.some(group, of(&series.likely));
    }
}
