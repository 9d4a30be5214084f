//! Which blocks still hold deleted samples, and which deletes are done everywhere.

use std::sync::Arc;

use narthex_model::Result;

use crate::delete::matched;
use crate::series_table::SeriesTable;
use crate::shared::Shared;
use crate::state::State;
use crate::stored_block::StoredBlock;
use crate::tombstone::Tombstone;

/// The blocks that may hold samples which the tombstone hides.
pub(super) fn blocks_to_clean(
    state: &State,
    series: &SeriesTable,
    tombstone: &Tombstone,
) -> Vec<Arc<StoredBlock>> {
    let mut blocks = state.concerned_blocks(tombstone).peekable();
    if blocks.peek().is_none() {
        return Vec::new();
    }
    let ordinals = matched(series, &tombstone.matcher_sets);
    let has_any = |b: &&Arc<StoredBlock>| ordinals.iter().any(|o| b.may_have(*o, tombstone.range));
    blocks.filter(has_any).cloned().collect()
}

/// Forgets tombstones that hide nothing any more.
///
/// # Errors
/// `Unavailable` if their file cannot be written: they then stay, which is harmless.
pub(super) fn forget_done(shared: &Shared) -> Result<()> {
    let is_done = |state: &State, t: &Tombstone| {
        state.concerned_windows(t).next().is_none()
            && blocks_to_clean(state, &shared.series, t).is_empty()
    };
    if !shared
        .snapshot()
        .tombstones
        .iter()
        .any(|t| is_done(&shared.snapshot(), t))
    {
        return Ok(());
    }
    let _one_at_a_time = shared.tombstones_file.lock();
    let state = shared.snapshot();
    let left = state.tombstones.without(|t| is_done(&state, t));
    // A snapshot that is held makes every write copy what it changes.
    drop(state);
    left.write(shared.fs.as_ref(), &shared.layout)?;
    Arc::make_mut(&mut shared.state.lock()).tombstones = left;
    Ok(())
}
