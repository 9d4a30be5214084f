//! What changed in a store since slices were counted from it.

use narthex_model::{Result, TimeRange};

use crate::ledger::{Ledger, Spans};
use crate::store::Store;

/// What lies this near to a change may have to be counted anew as well: a difference belongs to the time between two samples.
const NEAR_MS: i64 = 300_000;

/// So far samples of a series are apart at most, as a rule: the first tells nothing of the slices before the second.
const SCRAPE_MS: i64 = 60_000;

/// Notes that samples of these times have come or gone: slices near to them are dirty, as far as there are samples of them still. All else
/// that `store` is made of must have been counted, or noted.
///
/// # Errors
/// If the ledger cannot be written; then nothing is noted.
pub fn note_changed(
    store: &dyn Store,
    ledger: &mut Ledger,
    changed: impl IntoIterator<Item = TimeRange>,
) -> Result<()> {
    ledger.mark_dirty(&near(store, ledger, changed))?;
    ledger.see(&store.origins());
    Ok(())
}

/// Notes what changed since the ledger was last written, when nobody took note: samples that were brought in, deleted, or written while
/// nobody kept it. To be called by whoever begins to keep it.
///
/// # Errors
/// If the ledger cannot be written; then nothing is noted.
pub fn note_missed(store: &dyn Store, ledger: &mut Ledger) -> Result<()> {
    let origins = store.origins();
    let missed = ledger.missed(&origins);
    note_changed(store, ledger, missed.into_iter().chain(origins.head))
}

/// The slices of a ledger that are dirty, and those that would be if what changed in blocks were noted.
pub(super) fn dirty(store: &dyn Store, ledger: &Ledger) -> Spans {
    let mut dirty = ledger.dirty().clone();
    let missed = near(store, ledger, ledger.missed(&store.origins()));
    missed.iter().for_each(|span| dirty.insert(span));
    dirty
}

/// What lies near to these times, as far as there are samples of it.
fn near(store: &dyn Store, ledger: &Ledger, changed: impl IntoIterator<Item = TimeRange>) -> Spans {
    let stored = store.span().unwrap_or(TimeRange::new(0, 0));
    let stored = whole(stored, ledger);
    let near = changed.into_iter().map(|span| {
        let from = span.start.saturating_sub(NEAR_MS);
        TimeRange::new(from, span.end.saturating_add(NEAR_MS)).intersection(&stored)
    });
    near.collect()
}

/// What is stored, without its first slices if the ledger has older ones: those it knows of samples that are gone, and of what is left they would
/// be counted in part.
fn whole(stored: TimeRange, ledger: &Ledger) -> TimeRange {
    let step = ledger.slice_ms();
    let is_older = |known: TimeRange| stored.start.saturating_sub(known.start) >= step;
    if !ledger.span().is_some_and(is_older) {
        return stored;
    }
    let from = stored.start.saturating_add(SCRAPE_MS);
    let start = from.saturating_add((-from).rem_euclid(step));
    TimeRange::new(start.min(stored.end), stored.end)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ledger::Disk;
    use crate::testing::MemoryStore;

    const MINUTE: i64 = 60_000;

    #[test]
    fn slices_that_some_samples_are_gone_of_stay() {
        let minutes = |from: i64, to: i64| TimeRange::new(from * MINUTE, to * MINUTE);
        let mut store = MemoryStore::default();
        let samples = (40..100).map(|t| (t * MINUTE + 7_000, 1.0));
        store.push(&[("__name__", "up")], samples.collect());
        for (begins, dirty) in [(0, 42), (39, 42), (40, 40)] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut ledger =
                Ledger::own(Arc::new(Disk), folder.path(), "a", "g", MINUTE).expect("begun");
            ledger.put(minutes(begins, 100), vec![]).expect("put in");
            note_changed(&store, &mut ledger, [minutes(30, 46)]).expect("noted");
            let dirty = Spans::from_iter([minutes(dirty, 51)]);
            assert_eq!(ledger.dirty(), &dirty, "{begins}");
        }
    }
}
