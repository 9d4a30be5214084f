//! Events not slower than a threshold, by native histograms.

use std::ops::Range;

use narthex_model::{HistogramRef, ResetHint, TimestampMs, is_stale};

use super::interval::Interval;
use super::tally::Unobserved;
use super::{Series, Tally, counter};

mod below;

/// Count, low, likely and high: all events, and how many lie below the threshold.
const COLUMNS: usize = 4;

/// The samples of a native histogram; what lies below the threshold is worked out once for each sample.
#[derive(Debug, Clone, Default)]
pub(crate) struct NativeSeries {
    timestamps: Vec<TimestampMs>,
    /// As the samples say them; stale markers where those were.
    columns: [Vec<f64>; COLUMNS],
    /// Whether a sample says that it began anew.
    resets: Vec<bool>,
}

/// A run of the samples of a series, in which its counts go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NativeLife {
    /// Its samples.
    pub(crate) samples: Range<usize>,
    /// As in [`Series`].
    pub(crate) born: Option<TimestampMs>,
}

impl NativeSeries {
    /// Forgets all samples, and keeps the memory for those of the next series.
    pub(crate) fn clear(&mut self) {
        self.timestamps.clear();
        self.columns.iter_mut().for_each(Vec::clear);
        self.resets.clear();
    }

    /// How many samples there are, stale markers among them.
    pub(crate) fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Adds the next sample, later than those before.
    pub(crate) fn push(&mut self, at: TimestampMs, histogram: &HistogramRef<'_>, threshold: f64) {
        let said = match is_stale(histogram.sum) {
            true => [histogram.sum; COLUMNS],
            false => {
                let below = below::below(histogram, threshold);
                [histogram.count, below.low, below.likely, below.high]
            }
        };
        self.timestamps.push(at);
        self.resets.push(histogram.reset_hint == ResetHint::Reset);
        let columns = self.columns.iter_mut().zip(said);
        columns.for_each(|(column, said)| column.push(said));
    }

    /// Puts the samples of `earlier` from that at `from` on before its own.
    pub(crate) fn put_before(&mut self, earlier: &Self, from: usize) {
        let of =
            |to: &mut Vec<f64>, all: &[f64]| drop(to.splice(0..0, all[from..].iter().copied()));
        let columns = self.columns.iter_mut().zip(&earlier.columns);
        columns.for_each(|(to, all)| of(to, all));
        let (times, resets) = (&earlier.timestamps[from..], &earlier.resets[from..]);
        self.timestamps.splice(0..0, times.iter().copied());
        self.resets.splice(0..0, resets.iter().copied());
    }

    /// How many events there were, as the samples say: a counter.
    pub(crate) fn counter(&self) -> Series<'_> {
        self.of(0..self.len(), &self.columns[0], None)
    }

    fn of<'a>(
        &'a self,
        samples: Range<usize>,
        values: &'a [f64],
        born: Option<TimestampMs>,
    ) -> Series<'a> {
        Series {
            timestamps: &self.timestamps[samples],
            values,
            born,
            timeline: None,
        }
    }

    /// Cuts a life where the histogram ended and began anew, whoever saw its target meanwhile: the time between was not its.
    fn cut(&self, life: &NativeLife) -> Vec<NativeLife> {
        let mut lives = vec![life.clone()];
        let interval = Interval::learn(&self.timestamps[life.samples.clone()]);
        let (mut last, mut ended) = (None, None);
        for at in life.samples.clone() {
            let count = self.columns[0][at];
            if is_stale(count) {
                ended = last.map(|_| at);
            }
            if !count.is_finite() {
                continue;
            }
            let is_reset = last.is_some_and(|last| self.is_reset(last, at));
            if let Some(marker) = ended.take().filter(|_| is_reset) {
                let t = self.timestamps[at];
                let seen = (t - interval.usual()).max(self.timestamps[marker]);
                let rest = NativeLife {
                    samples: at..life.samples.end,
                    born: Some(seen),
                };
                if let Some(before) = lives.last_mut() {
                    before.samples.end = at;
                }
                lives.push(rest);
            }
            last = Some(at);
        }
        lives
    }

    fn is_reset(&self, last: usize, at: usize) -> bool {
        self.resets[at] || self.columns[0][at] < self.columns[0][last]
    }

    /// A column as a counter that never falls: what it rose by in all since the life began.
    fn risen(&self, life: &NativeLife, column: usize) -> Vec<f64> {
        let values = &self.columns[column];
        let (mut last, mut sum) = (None, 0.0);
        let rise = |at: usize| {
            let now = values[at];
            if !self.columns[0][at].is_finite() {
                return now;
            }
            sum += match last.replace(at) {
                // A coarser schema may put a little less below the threshold: no reset.
                Some(last) if !self.is_reset(last, at) => (now - values[last]).max(0.0),
                _ => now,
            };
            sum
        };
        life.samples.clone().map(rise).collect()
    }
}

impl Tally {
    /// Adds the lives of a native histogram to a group. The events that are told apart must be the good ones.
    ///
    /// # Panics
    /// If there is no such group.
    pub(crate) fn native(&mut self, group: usize, series: &NativeSeries, lives: &[NativeLife]) {
        for life in lives.iter().flat_map(|life| series.cut(life)) {
            let risen = |column| series.risen(&life, column);
            let [count, low, likely, high] = [0, 1, 2, 3].map(risen);
            let of = |values| series.of(life.samples.clone(), values, life.born);
            let (grid, columns) = self.group(group);
            let bounds = columns.bounds_mut();
            counter::count(of(&low), &grid, &mut bounds.low, &mut Unobserved);
            counter::count(of(&high), &grid, &mut bounds.high, &mut Unobserved);
            self.total(group, of(&count));
            self.some(group, of(&likely));
        }
    }
}
