//! Reads series in batches, by several threads, into a tally.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use narthex_model::{Error, LabelsRef, Result, TimestampMs, is_stale};

use super::Work;
use super::births::{Before, Births};
use super::lives::lives;
use crate::count::{Series, Tally};
use crate::store::{Chosen, Samples};

/// A batch is about so many samples: a few of them fit into memory, and there are enough for all threads.
const SAMPLES_AT_ONCE: u64 = 1 << 19;

/// Runs of positions of about equal cost; none is split that `together` says belongs to the one before.
pub(super) fn batches(chosen: &dyn Chosen, together: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let (mut all, mut start, mut cost) = (Vec::new(), 0, 0);
    for at in 0..chosen.len() {
        if cost >= SAMPLES_AT_ONCE && !together(at) {
            all.push(start..at);
            (start, cost) = (at, 0);
        }
        cost += chosen.cost(at).max(1);
    }
    if start < chosen.len() {
        all.push(start..chosen.len());
    }
    all
}

/// Reads all batches and has each counted; `empty` makes a tally without anything.
pub(super) fn count_all(
    work: Work<'_>,
    chosen: &dyn Chosen,
    batches: &[Range<usize>],
    empty: &(dyn Fn() -> Tally + Sync),
    count: &(dyn Fn(&mut Tally, &Batch<'_>) -> Result<()> + Sync),
) -> Result<Tally> {
    let next = AtomicUsize::new(0);
    let run = || -> Result<Tally> {
        let mut tally = empty();
        while let Some(positions) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let batch = Batch {
                births: work.births,
                start: work.range().start,
                chosen,
                positions: positions.clone(),
                samples: chosen.read(positions.clone())?,
            };
            count(&mut tally, &batch)?;
        }
        Ok(tally)
    };
    let threads = work.options.threads.min(batches.len());
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
    /// Since when samples were read.
    start: TimestampMs,
    chosen: &'a dyn Chosen,
    pub(super) positions: Range<usize>,
    samples: Box<dyn Samples>,
}

impl Batch<'_> {
    /// Their labels.
    pub(super) fn labels(&self, position: usize) -> LabelsRef<'_> {
        self.chosen.labels(position)
    }

    /// The samples of the series at `position`, as they are.
    pub(super) fn plain(&self, position: usize) -> (&[TimestampMs], &[f64]) {
        self.samples.series(position - self.positions.start)
    }

    /// Has the samples of a counter counted, with what was before them: each of its lives, one after the other.
    pub(super) fn counter(
        &self,
        position: usize,
        count: &mut dyn FnMut(&[Series<'_>]),
    ) -> Result<()> {
        let (timestamps, values) = self.plain(position);
        let Some(&first) = timestamps.first() else {
            return Ok(());
        };
        let mut series = Series {
            timestamps,
            values,
            born: None,
        };
        // It was there when reading began, as far as can be told.
        let was_there = values[0].is_finite()
            && timestamps
                .get(1)
                .is_some_and(|second| first - self.start <= second - first);
        if was_there {
            return self.lives(position, series, count);
        }
        match self.births.before(self.labels(position), first)? {
            Before::Unknown => {}
            Before::Born(at) => series.born = Some(at),
            Before::Samples(mut earlier, mut their) => {
                earlier.extend_from_slice(timestamps);
                their.extend_from_slice(values);
                let (timestamps, values) = (&earlier[..], &their[..]);
                let series = Series {
                    timestamps,
                    values,
                    ..series
                };
                return self.lives(position, series, count);
            }
        }
        self.lives(position, series, count)
    }

    fn lives(
        &self,
        position: usize,
        whole: Series<'_>,
        count: &mut dyn FnMut(&[Series<'_>]),
    ) -> Result<()> {
        if whole.values.iter().any(|v| is_stale(*v)) {
            count(&lives(self.births, self.labels(position), whole)?);
        } else {
            count(&[whole]);
        }
        Ok(())
    }
}
