//! Where a sample is kept, and how it is found again: WAL, head, blocks, series table.
//!
//! The engine knows neither DataFusion nor a query language. It answers one question: given matchers and a time
//! range, which series are there, and what are their samples? It writes only through [`narthex_model::Sink`].

mod accept;
mod backfill;
pub mod block;
mod budget;
mod checkpoint;
mod clock;
mod commit;
mod compact;
mod conflict;
mod copy;
mod delete;
mod engine;
mod estimate;
mod exemplars;
mod extras;
mod find_exemplars;
mod flush;
mod fs;
pub mod fuzz;
mod head;
mod histogram_arrays;
mod histograms;
mod import_log;
mod inspect;
mod late;
mod layout;
mod leave;
mod limits;
mod load;
mod lock;
mod matching;
mod metadata;
pub mod meter;
mod mixed;
mod new_block;
mod ordinal_set;
mod origins;
mod paged;
mod quarantine;
mod queue;
mod reader;
mod repair;
mod restore;
mod retention;
mod scrub;
mod selection;
mod series_table;
mod shared;
mod signal;
mod snapshot;
mod state;
mod stats;
mod stitch;
mod stitch_histograms;
mod stored_block;
#[cfg(test)]
mod tests;
mod tombstone;
mod varint;
mod verify;
mod wal;

pub use backfill::Backfill;
pub use compact::backfill_windows;
pub use delete::DeleteReceipt;
pub use engine::{CopiedHead, Engine};
pub use estimate::ReadEstimate;
pub use exemplars::StoredExemplar;
pub use histograms::{HistogramColumns, HistogramRows, Histograms};
pub use import_log::ImportLog;
pub use inspect::{
    BlockContents, ColumnContents, MetricContents, inspect_block, inspect_wal, list_blocks,
};
pub use metadata::KnownMetadata;
pub use origins::{OriginBlock, Origins};
pub use quarantine::DamagedBlock;
pub use reader::StoredBlocks;
pub use repair::{Repair, repair};
pub use retention::{Retention, RetentionRule};
pub use selection::{SampleColumns, SelectedSeries, Selection};
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use verify::{VerifyReport, verify, verify_blocks};
pub use wal::SegmentContents;

use std::thread;
use std::time::Duration;

use narthex_model::{Error, Result, TimestampMs};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Samples that are not newer than the newest of their series are accepted while they are at most this much
    /// older than the newest sample of the store.
    pub out_of_order_window_ms: i64,
    /// Length of a freshly cut block; blocks start at multiples of it.
    pub block_duration_ms: i64,
    /// When acknowledged samples are on disk.
    pub wal_sync: WalSync,
    /// A WAL segment is closed once it is larger.
    pub wal_segment_bytes_max: u64,
    /// Threads that encode blocks, for flush and compaction together, besides one for each that reads and gathers; at
    /// least 1, and with 1 there are no more. By default half of the cores: the others are for queries and writers.
    pub block_threads: usize,
    /// How often all blocks are read and compared with their checksums; 0 for never.
    pub scrub_interval_ms: i64,
    /// How fast, in bytes per second.
    pub scrub_bytes_per_second: u64,
    /// How long samples are kept.
    pub retention: Retention,
    /// Memory that the samples in the head may take, in bytes, at least 1 MiB. From half of it on windows are cut into
    /// blocks early; when it is used up, writers wait.
    pub memory_budget_bytes: u64,
    /// How often it is looked whether samples are due to be cut into blocks; half as often, whether blocks can be
    /// merged.
    pub flush_interval: Duration,
    /// Exemplars that the head holds; beyond them the oldest go.
    pub exemplars_max: usize,
    /// What time it is, in milliseconds since the epoch; samples too far in the future are refused by it.
    pub now: fn() -> TimestampMs,
}

/// When acknowledged samples are on disk. They survive the death of the process in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalSync {
    /// Before the ack: neither a power loss nor a crash of the system loses one.
    Commit,
    /// At the latest this long after the ack, unless the disk fails. A power loss or a crash of the system may lose the
    /// samples acknowledged meanwhile; what is left is everything that was written before some moment.
    Interval(Duration),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            out_of_order_window_ms: 30 * 60_000,
            block_duration_ms: 2 * 3_600_000,
            wal_sync: WalSync::Commit,
            wal_segment_bytes_max: 128 << 20,
            block_threads: thread::available_parallelism()
                .map_or(1, |cores| (cores.get() / 2).max(1)),
            scrub_interval_ms: 24 * 3_600_000,
            scrub_bytes_per_second: 16 << 20,
            retention: Retention::default(),
            memory_budget_bytes: 2 << 30,
            flush_interval: Duration::from_secs(5),
            exemplars_max: 100_000,
            now: clock::system_now_ms,
        }
    }
}

impl Options {
    fn check(&self) -> Result<()> {
        if self.block_duration_ms < 1 || self.block_duration_ms > i64::from(u32::MAX) {
            let message = format!(
                "block duration is {} ms, must be from 1 ms to 49 days",
                self.block_duration_ms
            );
            return Err(Error::invalid(message));
        }
        self.retention.check()?;
        if self.memory_budget_bytes < limits::MEMORY_BUDGET_BYTES_MIN {
            return Err(Error::invalid(format!(
                "memory budget is {} bytes, must be at least {}",
                self.memory_budget_bytes,
                limits::MEMORY_BUDGET_BYTES_MIN
            )));
        }
        if self.scrub_interval_ms < 0 {
            return Err(Error::invalid(format!(
                "scrub interval is {} ms",
                self.scrub_interval_ms
            )));
        }
        if self.out_of_order_window_ms < 0 {
            return Err(Error::invalid(format!(
                "out-of-order window is {} ms",
                self.out_of_order_window_ms
            )));
        }
        Ok(())
    }
}

/// What happens while a store opens, for a progress bar.
pub trait Progress: Send + Sync {
    /// `done` of `total` bytes of the WAL are replayed.
    fn replayed(&self, done: u64, total: u64);
}
