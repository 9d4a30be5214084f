//! Which series are read one after the other, so that they share what follows from their times.
//!
//! Series are sorted by labels, and the instance is seldom the first of these: neighbours have different times. Where each
//! series fills pages of its own, those of one target are read together instead: their times are decoded once, windows are
//! laid over them once. Where many series share a page they stay together, since a page is decompressed as a whole.

use std::ops::Range;

use narthex_engine::Selection;

use crate::work::{self, WorkLimits};

/// From so many series on, those in the head are read as they were written.
const AS_WRITTEN_MIN: usize = 4096;

/// The series of `selection` in the order in which they are read, and the work cut over them. Each range is sorted by labels,
/// unless all is in the head.
pub(crate) fn cut(
    selection: &Selection,
    partitions: usize,
    limits: WorkLimits,
) -> (Selection, Vec<Vec<Range<usize>>>) {
    if let Some(order) = as_written(selection) {
        let selection = selection.at(&order);
        let work = work::cut(&selection, partitions, limits);
        return (selection, work);
    }
    let Some(mut order) = selection.by_times() else {
        return (selection.clone(), work::cut(selection, partitions, limits));
    };
    let each = selection.samples_max_of_each();
    let samples = |at: &u32| each.get(*at as usize).copied().unwrap_or(0);
    let work = work::cut_costs(order.iter().map(samples), partitions, limits);
    for range in work.iter().flatten() {
        if let Some(positions) = order.get_mut(range.clone()) {
            positions.sort_unstable();
        }
    }
    (selection.at(&order), work)
}

/// Positions in the order of writing, if there are many: those of few series are in the processor's caches anyway.
fn as_written(selection: &Selection) -> Option<Vec<u32>> {
    (selection.len() >= AS_WRITTEN_MIN)
        .then(|| selection.as_written())
        .flatten()
}
