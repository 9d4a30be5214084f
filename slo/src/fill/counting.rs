//! Counts selections of series, one after the other, into one tally.

use narthex_model::Result;

use super::batches::{Batch, Batches, count_all};
use super::groups::Groups;
use super::{Filled, Work};
use crate::count::{Method, Tally};
use crate::spec::Which;

/// What was counted so far.
pub(super) struct Counting<'a> {
    work: Work<'a>,
    groups: Groups<'a>,
    tally: Tally,
    series: usize,
    samples: u64,
}

impl<'a> Counting<'a> {
    /// Nothing yet, for the groups of all series that there will be.
    pub(super) fn new(work: Work<'a>, groups: Groups<'a>, method: Method, which: Which) -> Self {
        Self {
            work,
            tally: Tally::new(work.grid, groups.len(), method, which).after(work.known_before()),
            groups,
            series: 0,
            samples: 0,
        }
    }

    /// Has the float samples of a selection read and counted, batch by batch.
    pub(super) fn floats(
        &mut self,
        batches: &Batches,
        count: &(dyn Fn(&mut Tally, &Batch<'_>) -> Result<()> + Sync),
    ) -> Result<()> {
        let chosen = batches.chosen.as_ref();
        self.series += chosen.len();
        self.samples += (0..chosen.len()).map(|at| chosen.cost(at)).sum::<u64>();
        let empty = || self.tally.without_events();
        let counted = count_all(self.work, batches, &empty, count)?;
        self.tally.merge(&counted);
        Ok(())
    }

    /// Has a series counted that is read some other way; `count` says how many samples it had.
    pub(super) fn one(&mut self, count: impl FnOnce(&mut Tally) -> Result<u64>) -> Result<()> {
        self.series += 1;
        self.samples += count(&mut self.tally)?;
        Ok(())
    }

    /// The slices of each group.
    pub(super) fn finish(self) -> Filled {
        Filled {
            span: self.work.grid.range(),
            reaches_back_to: self.tally.reaches_back_to(),
            reaches_ahead_to: self.tally.reaches_ahead_to(),
            tracks: self.groups.tracks(self.tally),
            series: self.series,
            samples: self.samples,
        }
    }
}
