//! Reads series in batches, by several threads, into a tally.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use narthex_model::{Error, LabelsRef, Result, TimestampMs, is_stale};

use super::Work;
use super::births::{Before, Births, Floats, newest};
use super::lives::{lives, may_end, seen_together, was_there};
use super::timelines::Timelines;
use crate::count::{Series, Tally};
use crate::store::{Chosen, Samples};

/// A batch is about so many samples: a few of them fit into memory, and there are enough for all threads.
const SAMPLES_AT_ONCE: u64 = 1 << 19;

/// Series, and the batches that they are read in.
pub(super) struct Batches {
    pub(super) chosen: Box<dyn Chosen>,
    pub(super) ranges: Vec<Range<usize>>,
}

impl Batches {
    /// In the order of labels.
    fn by_labels(chosen: Box<dyn Chosen>) -> Self {
        let ranges = ranges((0..chosen.len()).map(|at| chosen.cost(at)));
        Self { chosen, ranges }
    }

    /// The series of sets of positions, which have none in common, each set in one batch; and by position in `chosen`, that in the batches.
    pub(super) fn of_sets(
        chosen: &dyn Chosen,
        sets: impl Iterator<Item = BTreeSet<u32>>,
    ) -> (Self, Vec<u32>) {
        let sets: Vec<_> = sets.collect();
        let cost = |set: &BTreeSet<u32>| set.iter().map(|at| chosen.cost(*at as usize)).sum();
        let (mut order, mut all) = (Vec::new(), Vec::new());
        for run in ranges(sets.iter().map(cost)) {
            let start = order.len();
            order.extend(sets[run].iter().flatten());
            order[start..].sort_unstable();
            all.push(start..order.len());
        }
        let mut places = vec![0; chosen.len()];
        for (place, at) in (0..).zip(&order) {
            places[*at as usize] = place;
        }
        let batches = Self {
            chosen: chosen.only(&order),
            ranges: all,
        };
        (batches, places)
    }

    /// With those that have the same times in the same batch, as far as possible: times are decoded and laid over slices once for all.
    pub(super) fn by_times(chosen: Box<dyn Chosen>) -> Self {
        let Some(mut order) = chosen.by_times() else {
            return Self::by_labels(chosen);
        };
        let costs = order.iter().map(|at| chosen.cost(*at as usize));
        let ranges = ranges(costs);
        for range in &ranges {
            order[range.clone()].sort_unstable();
        }
        let chosen = chosen.only(&order);
        Self { chosen, ranges }
    }
}

/// Runs of positions of about equal cost.
fn ranges(costs: impl Iterator<Item = u64>) -> Vec<Range<usize>> {
    let (mut all, mut start, mut cost) = (Vec::new(), 0, 0);
    let mut len = 0;
    for (at, more) in costs.enumerate() {
        if cost >= SAMPLES_AT_ONCE {
            all.push(start..at);
            (start, cost) = (at, 0);
        }
        cost += more.max(1);
        len = at + 1;
    }
    if start < len {
        all.push(start..len);
    }
    all
}

/// Reads all batches and has each counted; `empty` makes a tally without anything.
pub(super) fn count_all(
    work: Work<'_>,
    batches: &Batches,
    empty: &(dyn Fn() -> Tally + Sync),
    count: &(dyn Fn(&mut Tally, &Batch<'_>) -> Result<()> + Sync),
) -> Result<Tally> {
    let next = AtomicUsize::new(0);
    let run = || -> Result<Tally> {
        let mut tally = empty();
        let chosen = batches.chosen.as_ref();
        while let Some(positions) = batches.ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
            let samples = chosen.read(positions.clone())?;
            let batch = Batch {
                births: work.births,
                start: work.grid.start,
                chosen,
                positions: positions.clone(),
                timelines: Timelines::lay(samples.as_ref(), positions.len(), &work.grid),
                samples,
            };
            count(&mut tally, &batch)?;
        }
        Ok(tally)
    };
    let threads = work.options.threads.min(batches.ranges.len());
    if threads <= 1 {
        return run();
    }
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let mut all: Option<Tally> = None;
        for thread in running {
            let tally = thread
                .join()
                .map_err(|_| Error::internal("counting ended in a panic; please report it"))??;
            match &mut all {
                Some(all) => all.merge(&tally),
                None => all = Some(tally),
            }
        }
        Ok(all.unwrap_or_else(empty))
    })
}

/// Series whose samples were read.
pub(super) struct Batch<'a> {
    births: &'a Births<'a>,
    /// When the slices begin.
    start: TimestampMs,
    chosen: &'a dyn Chosen,
    pub(super) positions: Range<usize>,
    samples: Box<dyn Samples>,
    timelines: Timelines,
}

impl Batch<'_> {
    /// Their labels.
    pub(super) fn labels(&self, position: usize) -> LabelsRef<'_> {
        self.chosen.labels(position)
    }

    /// Has the samples of a gauge counted, with what was before them.
    pub(super) fn gauge(&self, position: usize, count: &mut dyn FnMut(Series<'_>)) -> Result<()> {
        let series = self.series(position);
        let Some(&first) = series.timestamps.first() else {
            return Ok(());
        };
        let is_seen = |v: f64| !is_stale(v);
        let mut earlier = None;
        if !was_there(series, self.start, is_seen) {
            let newest = newest(is_seen);
            earlier = self.births.earlier(self.labels(position), first, newest)?;
        }
        let whole = with(&mut earlier, series);
        seen_together(whole).into_iter().for_each(count);
        Ok(())
    }

    /// Has the samples of a counter counted, with what was before them: each of its lives, one after the other.
    pub(super) fn counter(
        &self,
        position: usize,
        count: &mut dyn FnMut(&[Series<'_>]),
    ) -> Result<()> {
        self.lives(self.labels(position), self.series(position), count)
    }

    /// The same for a counter whose samples are in several series.
    pub(super) fn counter_of(
        &self,
        positions: &[u32],
        count: &mut dyn FnMut(&[Series<'_>]),
    ) -> Result<()> {
        if let [position] = positions {
            return self.counter(*position as usize, count);
        }
        let all = positions
            .iter()
            .map(|at| (*at as usize, self.series(*at as usize)));
        let mut all: Vec<_> = all
            .filter(|(_, series)| !series.timestamps.is_empty())
            .collect();
        all.sort_by_key(|(_, series)| series.timestamps[0]);
        let Some((first, _)) = all.first() else {
            return Ok(());
        };
        let (timestamps, values) = merged(all.iter().map(|(_, series)| *series));
        let series = Series {
            timestamps: &timestamps,
            values: &values,
            born: None,
            timeline: None,
        };
        self.lives(self.labels(*first), series, count)
    }

    fn lives(
        &self,
        labels: LabelsRef<'_>,
        mut series: Series<'_>,
        count: &mut dyn FnMut(&[Series<'_>]),
    ) -> Result<()> {
        let Some(&first) = series.timestamps.first() else {
            return Ok(());
        };
        let mut earlier = None;
        if !was_there(series, self.start, f64::is_finite) {
            let newest = newest(f64::is_finite);
            match self.births.before(labels, first, newest)? {
                Before::Unknown => {}
                Before::Born(at) => series.born = Some(at),
                Before::Samples(samples) => earlier = Some(samples),
            }
        }
        let whole = with(&mut earlier, series);
        if may_end(whole) {
            count(&lives(self.births, labels, whole)?);
        } else {
            count(&[whole]);
        }
        Ok(())
    }

    fn series(&self, position: usize) -> Series<'_> {
        let at = position - self.positions.start;
        let (timestamps, values) = self.samples.series(at);
        Series {
            timestamps,
            values,
            born: None,
            timeline: self.timelines.of(at),
        }
    }
}

/// The samples of series in order of time; of several at a time the first that is a number.
fn merged<'a>(all: impl Iterator<Item = Series<'a>>) -> (Vec<TimestampMs>, Vec<f64>) {
    let pairs = all.flat_map(|series| series.timestamps.iter().zip(series.values));
    let mut pairs: Vec<(TimestampMs, f64)> = pairs.map(|(t, v)| (*t, *v)).collect();
    pairs.sort_by_key(|(t, v)| (*t, !v.is_finite()));
    pairs.dedup_by_key(|(t, _)| *t);
    pairs.into_iter().unzip()
}

/// A series with what was before it.
fn with<'a>(earlier: &'a mut Option<Floats>, series: Series<'a>) -> Series<'a> {
    let Some((timestamps, values)) = earlier else {
        return series;
    };
    timestamps.extend_from_slice(series.timestamps);
    values.extend_from_slice(series.values);
    Series {
        timestamps,
        values,
        timeline: None,
        ..series
    }
}
