//! Reads series in batches, by several threads, into a tally.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use narthex_model::{Error, LabelsRef, Result, TimestampMs};

use super::Work;
use super::births::{Before, Births};
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

    /// Has the samples of a counter counted, with what was before them.
    pub(super) fn counter(&self, position: usize, count: &mut dyn FnMut(Series<'_>)) -> Result<()> {
        let (timestamps, values) = self.plain(position);
        let mut series = Series {
            timestamps,
            values,
            born: None,
        };
        let Some(&first) = timestamps.first() else {
            return Ok(());
        };
        // It was there when reading began, as far as can be told.
        let was_there = timestamps
            .get(1)
            .is_some_and(|second| first - self.start <= second - first);
        if was_there {
            count(series);
            return Ok(());
        }
        match self.births.before(self.labels(position), first)? {
            Before::Unknown => count(series),
            Before::Born(at) => {
                series.born = Some(at);
                count(series);
            }
            Before::Sample(t, v) => {
                let timestamps: Vec<_> = [t].iter().chain(timestamps).copied().collect();
                let values: Vec<_> = [v].iter().chain(values).copied().collect();
                count(Series {
                    timestamps: &timestamps,
                    values: &values,
                    born: None,
                });
            }
        }
        Ok(())
    }
}
