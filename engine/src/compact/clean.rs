//! Which blocks still hold deleted samples, and which deletes are done everywhere.

use std::sync::Arc;

use narthex_model::{Result, TimestampMs};

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
    let has_any = |b: &&Arc<StoredBlock>| {
        let has_exemplars = b.meta().exemplars > 0;
        has_exemplars || ordinals.iter().any(|o| b.may_have(*o, tombstone.range))
    };
    blocks.filter(has_any).cloned().collect()
}

/// The blocks of which at least a quarter is out of the retention of its series.
pub(super) fn blocks_out_of_retention(
    state: &State,
    series: &SeriesTable,
    now: TimestampMs,
) -> Vec<Arc<StoredBlock>> {
    let cutoffs = state.cutoffs(now);
    if cutoffs.are_equal() {
        // Blocks leave as a whole, and merges leave out what is too old.
        return Vec::new();
    }
    let mut out = vec![0_u64; state.blocks.len()];
    series.for_each(&[], |series| {
        let kept = cutoffs.kept(series.labels()).start;
        for (block, out) in state.blocks.iter().zip(&mut out) {
            if block.meta().min_time < kept {
                *out += block.about_before(series.ordinal, kept);
            }
        }
    });
    let is_worth =
        |(b, out): &(&Arc<StoredBlock>, u64)| *out * 4 >= b.meta().samples + b.meta().histograms;
    let blocks = state.blocks.iter().zip(out).filter(is_worth);
    blocks.map(|(b, _)| b.clone()).collect()
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
    let state = shared.snapshot();
    if !state.tombstones.iter().any(|t| is_done(&state, t)) {
        return Ok(());
    }
    drop(state);
    let _one_at_a_time = shared.tombstones_file.lock();
    let state = shared.snapshot();
    let left = state.tombstones.without(|t| is_done(&state, t));
    // A snapshot that is held makes every write copy what it changes.
    drop(state);
    left.write(shared.fs.as_ref(), &shared.layout)?;
    Arc::make_mut(&mut shared.state.lock()).tombstones = left;
    Ok(())
}
