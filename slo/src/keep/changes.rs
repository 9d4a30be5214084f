//! What changed in a store since slices were counted from it.

use narthex_model::{Result, TimeRange};

use crate::ledger::{Ledger, Spans};
use crate::store::Store;

/// What lies this near to a change may have to be counted anew as well: a difference belongs to the time between two samples.
const NEAR_MS: i64 = 300_000;

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
    ledger.mark_dirty(&near(store, changed))?;
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
    let missed = near(store, ledger.missed(&store.origins()));
    missed.iter().for_each(|span| dirty.insert(span));
    dirty
}

/// What lies near to these times, as far as there are samples of it.
fn near(store: &dyn Store, changed: impl IntoIterator<Item = TimeRange>) -> Spans {
    let stored = store.span().unwrap_or(TimeRange::new(0, 0));
    let near = changed.into_iter().map(|span| {
        let from = span.start.saturating_sub(NEAR_MS);
        TimeRange::new(from, span.end.saturating_add(NEAR_MS)).intersection(&stored)
    });
    near.collect()
}
