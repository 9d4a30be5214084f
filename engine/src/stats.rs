//! Numbers about a store.

use std::sync::atomic::Ordering::Relaxed;

use narthex_model::TimestampMs;

use crate::shared::Shared;

/// Numbers about a store, for `/metrics` and status pages.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Series with samples in the head.
    pub head_series: u64,
    /// Samples in the head.
    pub head_samples: u64,
    /// Bytes of memory that the samples in the head take, with what finds them by series.
    pub head_bytes: u64,
    /// Runs of compressed samples in the head.
    pub head_chunks: u64,
    /// What the head may take, in bytes.
    pub head_budget_bytes: u64,
    /// Windows cut before they were due because the head was large, since start.
    pub early_flushes: u64,
    /// Series that the store knows: those with samples, and for a while those without.
    pub series: u64,
    /// Bytes of memory that their labels and the index of them take.
    pub series_bytes: u64,
    /// Oldest and newest sample in the head, if it has any.
    pub head_time: Option<(TimestampMs, TimestampMs)>,
    /// Visible blocks.
    pub blocks: u64,
    /// Samples in them.
    pub block_samples: u64,
    /// Their bytes on disk.
    pub block_bytes: u64,
    /// Blocks that were found to be damaged.
    pub damaged_blocks: u64,
    /// Deletes that are not yet done in all blocks.
    pub tombstones: u64,
    /// Bytes of the WAL on disk.
    pub wal_bytes: u64,
    /// Samples acknowledged since start.
    pub samples_appended: u64,
    /// Samples refused since start.
    pub samples_rejected: u64,
    /// Samples since start that took the place of another value at their time, as far as the head had it.
    pub samples_conflicting: u64,
    /// WAL fsyncs since start.
    pub wal_fsyncs: u64,
    /// How often the WAL could not be written since start.
    pub wal_failures: u64,
    /// Whether the last attempt to write the WAL failed: writes are refused.
    pub wal_fails: bool,
    /// How often samples could not be written into blocks since start; they stay in head and WAL.
    pub flush_failures: u64,
    /// Blocks made of smaller ones since start.
    pub compactions: u64,
    /// How often blocks could not be merged since start; they stay as they are.
    pub compaction_failures: u64,
    /// Newest acknowledged timestamp, if any.
    pub max_time: Option<TimestampMs>,
}

impl Stats {
    pub(crate) fn of(shared: &Shared) -> Self {
        let state = shared.snapshot();
        let counters = &shared.counters;
        let table = shared.series.size();
        Self {
            head_series: state.head_series(),
            head_samples: state.head_samples(),
            head_chunks: state.head_chunks(),
            head_budget_bytes: shared.budget.bytes_max(),
            early_flushes: shared.budget.early_flushes(),
            series: table.series,
            series_bytes: table.bytes,
            head_bytes: state.head_bytes(),
            head_time: state.head_bounds(),
            blocks: state.blocks.len() as u64,
            block_samples: state.blocks.iter().map(|b| b.meta().samples).sum(),
            block_bytes: state.blocks.iter().map(|b| b.bytes()).sum(),
            damaged_blocks: shared.quarantine.all().len() as u64,
            tombstones: state.tombstones.len() as u64,
            wal_bytes: shared.wal_bytes(),
            samples_appended: counters.samples_appended.load(Relaxed),
            samples_rejected: counters.samples_rejected.load(Relaxed),
            samples_conflicting: counters.samples_conflicting.load(Relaxed),
            wal_fsyncs: counters.wal_fsyncs.load(Relaxed),
            wal_failures: counters.wal_failures.load(Relaxed),
            wal_fails: counters.wal_fails.load(Relaxed),
            flush_failures: counters.flush_failures.load(Relaxed),
            compactions: counters.compactions.load(Relaxed),
            compaction_failures: counters.compaction_failures.load(Relaxed),
            max_time: counters.max_time(),
        }
    }
}
