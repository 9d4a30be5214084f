//! Events, counted by counters.
//!
//! Those that are told apart are series of the same metric, as a rule; so what both select is read once.

use narthex_model::{LabelsRef, Result};

use super::batches::{Batch, Batches};
use super::counting::Counting;
use super::groups::Groups;
use super::{Filled, Work};
use crate::count::{Method, Tally};
use crate::spec::{Counted, Selector, Which};

pub(super) fn count(
    work: Work<'_>,
    total: &Counted,
    some: &Counted,
    which: Which,
) -> Result<Filled> {
    let mut all: Vec<(Batches, Role)> = Vec::new();
    for (at, selector) in total.0.iter().enumerate() {
        all.push((Batches::by_times(work.select(selector)?), Role::Total(at)));
    }
    for selector in &some.0 {
        let chosen = work.select(selector)?;
        let alone = |at: &u32| !accepted(&total.0, chosen.labels(*at as usize));
        let positions: Vec<u32> = (0..chosen.len() as u32).filter(alone).collect();
        if !positions.is_empty() {
            all.push((Batches::by_times(chosen.only(&positions)), Role::Some));
        }
    }
    let mut groups = Groups::by(&work.slo.group_by);
    let numbers: Vec<Vec<usize>> = all
        .iter()
        .map(|(batches, _)| groups.numbers(batches.chosen.as_ref()))
        .collect();
    let mut counting = Counting::new(work, groups, Method::Counters, which);
    for ((batches, role), numbers) in all.iter().zip(&numbers) {
        let each = |tally: &mut Tally, batch: &Batch<'_>| {
            for position in batch.positions.clone() {
                let labels = batch.labels(position);
                let (totals, somes) = role.times(labels, total, some);
                batch.counter(position, &mut |lives| {
                    for life in lives {
                        (0..totals).for_each(|_| tally.total(numbers[position], *life));
                        (0..somes).for_each(|_| tally.some(numbers[position], *life));
                    }
                })?;
            }
            Ok(())
        };
        counting.floats(batches, &each)?;
    }
    Ok(counting.finish())
}

/// What a selection is read for.
enum Role {
    /// For all events, by the selector of this number, and for those that are told apart as well.
    Total(usize),
    /// Only for those that are told apart.
    Some,
}

impl Role {
    /// How often a series counts as one of all events, and as one of those that are told apart.
    fn times(&self, labels: LabelsRef<'_>, total: &Counted, some: &Counted) -> (usize, usize) {
        match self {
            Self::Some => (0, 1),
            // The first selection that has it counts it for all that are told apart.
            Self::Total(at) if accepted(&total.0[..*at], labels) => (1, 0),
            Self::Total(_) => {
                let accepting = some.0.iter().filter(|s| s.accepts(labels));
                (1, accepting.count())
            }
        }
    }
}

fn accepted(selectors: &[Selector], labels: LabelsRef<'_>) -> bool {
    selectors.iter().any(|selector| selector.accepts(labels))
}
