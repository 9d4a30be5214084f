//! What a snapshot is made of: for whoever counts what is stored once, keeps the result, and finds the store changed by somebody else.

use narthex_model::{TimeRange, TimestampMs};

use crate::state::State;

/// What a snapshot is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins {
    /// Its blocks.
    pub blocks: Vec<OriginBlock>,
    /// The deletes that some block may still have to carry out: their numbers, and the times they concern.
    pub deletes: Vec<(u64, TimeRange)>,
    /// The highest number that a delete ever had.
    pub newest_delete: u64,
    /// The times of samples that are in no block.
    pub head: Option<TimeRange>,
}

/// A block of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginBlock {
    /// Its name: blocks never change.
    pub name: String,
    /// The times of its samples.
    pub span: TimeRange,
    /// The blocks that it was merged from.
    pub parents: Vec<String>,
    /// Deletes up to this number are carried out in it.
    pub deletes_through: u64,
}

impl Origins {
    pub(crate) fn of(state: &State) -> Self {
        let blocks = state.blocks.iter().map(|block| OriginBlock {
            name: block.name(),
            span: block.time_range(),
            parents: block.meta().source.parents.clone(),
            deletes_through: block.meta().source.deletes_through,
        });
        let deletes = state.tombstones.iter();
        let inclusive =
            |(oldest, newest): (TimestampMs, TimestampMs)| TimeRange::inclusive(oldest, newest);
        Self {
            blocks: blocks.collect(),
            deletes: deletes
                .map(|delete| (delete.number, delete.range))
                .collect(),
            newest_delete: state.tombstones.newest(),
            head: state.head_bounds().map(inclusive),
        }
    }
}
