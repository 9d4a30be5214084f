//! Every bound of the engine's queues, records and caches.

use std::time::Duration;

/// Bytes of batches that wait for the WAL; a writer waits while there are more.
pub(crate) const QUEUE_BYTES_MAX: usize = 64 << 20;

/// The largest batch that is accepted, in bytes of memory.
pub(crate) const BATCH_BYTES_MAX: usize = narthex_model::WriteBatch::BYTES_MAX;

/// Samples that one group commit takes at most, unless a single batch has more.
pub(crate) const GROUP_SAMPLES_MAX: usize = 1 << 18;

/// Samples of one WAL record; a larger group is written as several records.
pub(crate) const RECORD_SAMPLES_MAX: usize = 1 << 18;

/// Buckets of the histograms of one WAL record, unless a single histogram has more.
pub(crate) const RECORD_HISTOGRAM_VALUES_MAX: usize = 1 << 19;

/// Metrics whose metadata is kept.
pub(crate) const METADATA_METRICS_MAX: usize = 200_000;

/// Floats of the WAL that are decoded at a time, unless a single record has more.
pub(crate) const REPLAY_SAMPLES_AHEAD: usize = 1 << 16;

/// Floats of the WAL that are gathered before they go to the head: enough for several of each series.
pub(crate) const REPLAY_SAMPLES_AT_ONCE: usize = 1 << 18;

/// Bytes of runs of the WAL that are gathered before they go to the head: enough for many of each page, however scattered.
pub(crate) const REPLAY_RUN_BYTES_AT_ONCE: usize = 48 << 20;

/// Bytes of samples of a record of runs.
pub(crate) const RUNS_RECORD_BYTES: usize = 1 << 20;

/// What condensing a WAL segment takes of memory, about, beside some batches of samples; half as much as the segment is large, if
/// that is less.
pub(crate) const CONDENSE_BYTES_MAX: usize = 64 << 20;

/// A segment that is too large for that is condensed in parts: of all series, if these parts have so many samples of each in
/// the mean, else of some series at a time.
pub(crate) const CONDENSE_RUN_SAMPLES_MIN: u64 = 32;

/// Segments smaller than one over this of the largest are not condensed.
pub(crate) const CONDENSE_SEGMENT_SHARE: u64 = 16;

/// Different metadata of one metric that is kept.
pub(crate) const METADATA_VARIANTS_MAX: usize = 8;

/// Name, help and unit of a metric together; longer ones are not kept.
pub(crate) const METADATA_TEXT_BYTES_MAX: usize = 16 << 10;

/// Exemplars that one question may be answered with.
pub(crate) const EXEMPLARS_ANSWER_MAX: usize = 1 << 20;

/// Label bytes after which a record of series definitions is closed.
pub(crate) const RECORD_LABEL_BYTES_MAX: usize = 16 << 20;

/// The largest payload of a WAL record. A longer one is damage.
pub(crate) const RECORD_BYTES_MAX: usize = 256 << 20;

/// Bytes of the WAL that wait for an fsync at most, when not every commit does.
pub(crate) const WAL_UNSYNCED_BYTES_MAX: usize = 16 << 20;

/// Room on the disk that the WAL leaves for the blocks that free it: this, and a share of the bytes of the WAL.
pub(crate) const DISK_RESERVE_BYTES: u64 = 16 << 20;

/// A block takes at most one over this of the bytes that its samples take in the WAL.
pub(crate) const DISK_RESERVE_WAL_SHARE: u64 = 4;

/// Samples newer than now by more than this are refused.
pub(crate) const FUTURE_MS_MAX: i64 = 10 * 60_000;

/// How often a read-only open starts again because the live writer removed or replaced a file it wanted.
pub(crate) const READ_ONLY_ATTEMPTS_MAX: usize = 10;

/// The smallest memory budget of the head.
pub(crate) const MEMORY_BUDGET_BYTES_MIN: u64 = 1 << 20;

/// Blocks that are opened, or read by one part of a query, at the same time, when they lie elsewhere: most of it is waiting.
pub(crate) const BLOCKS_OPENED_AT_ONCE: usize = 8;

/// A window that is due is cut after so many looks even if samples still come: ten minutes, at a look every 5 s.
pub(crate) const FLUSH_LOOKS_MAX: u64 = 120;

/// Windows of time that the head may have. Samples of a further one are refused: few senders mean them.
pub(crate) const HEAD_WINDOWS_MAX: usize = 8192;

/// It is looked whether series may leave after so many looks at the windows: once a minute.
pub(crate) const LEAVE_LOOK_STEPS: u32 = 12;

/// A native histogram counts as so many floats where work or memory is bounded: it is about as much.
pub(crate) const HISTOGRAM_SAMPLES: u64 = 32;

/// Samples that a compaction holds in memory at once, unless a single series has more.
pub(crate) const COMPACTION_SAMPLES_AT_ONCE: u64 = 1 << 20;

/// Deletes that are not yet done in all blocks. Each costs every query a look at the labels of its series.
pub(crate) const TOMBSTONES_MAX: usize = 1024;

/// The first scrub after a start comes no later than this: ten minutes.
pub(crate) const SCRUB_FIRST_AFTER_MS: i64 = 10 * 60_000;

/// How often it is looked whether a scrub is due.
pub(crate) const SCRUB_LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// It is looked so many times more seldom whether blocks can be merged than whether some can be cut.
pub(crate) const COMPACTION_INTERVAL_FLUSHES: u32 = 2;

/// Windows that one import may be cut into: with windows of eight days, two thousand years.
pub(crate) const BACKFILL_WINDOWS_MAX: usize = 100_000;
