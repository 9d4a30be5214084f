//! What the engine's threads share.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use narthex_model::{Error, ErrorKind, Result, TimestampMs};
use parking_lot::Mutex;

use crate::Options;
use crate::block::Workers;
use crate::budget::Budget;
use crate::commit::Work;
use crate::conflict::{ConflictReport, Conflicts};
use crate::fs::FileSystem;
use crate::late::LateTimes;
use crate::layout::Layout;
use crate::limits::{DISK_RESERVE_BYTES, DISK_RESERVE_WAL_SHARE};
use crate::metadata::MetadataTable;
use crate::quarantine::Quarantine;
use crate::queue::Queue;
use crate::series_table::SeriesTable;
use crate::signal::Signal;
use crate::state::State;
use crate::wal::ClosedSegment;

/// Shared by the engine, its WAL thread and its flush thread. Locks are taken in the order of the fields.
pub(crate) struct Shared {
    pub(crate) layout: Layout,
    pub(crate) options: Options,
    pub(crate) fs: Arc<dyn FileSystem>,
    /// Encode blocks.
    pub(crate) workers: Arc<Workers>,
    pub(crate) queue: Queue<Work>,
    /// Segments whose samples are not all in blocks, in order, without the open one.
    pub(crate) closed_segments: Mutex<Vec<ClosedSegment>>,
    /// Held while `tombstones.json` is replaced.
    pub(crate) tombstones_file: Mutex<()>,
    pub(crate) state: Mutex<Arc<State>>,
    pub(crate) series: Arc<SeriesTable>,
    pub(crate) metadata: Arc<MetadataTable>,
    pub(crate) quarantine: Arc<Quarantine>,
    /// Exemplars that the head holds at most.
    pub(crate) exemplars_max: AtomicUsize,
    pub(crate) counters: Counters,
    pub(crate) late: LateTimes,
    pub(crate) budget: Budget,
    /// Ends or wakes the threads that flush and compact.
    pub(crate) signal: Signal,
}

/// Numbers that only count.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) samples_appended: AtomicU64,
    pub(crate) samples_rejected: AtomicU64,
    pub(crate) samples_conflicting: AtomicU64,
    pub(crate) conflict_report: Mutex<ConflictReport>,
    pub(crate) wal_fsyncs: AtomicU64,
    pub(crate) wal_open_bytes: AtomicU64,
    pub(crate) wal_failures: AtomicU64,
    /// Whether the last attempt to write failed.
    pub(crate) wal_fails: AtomicBool,
    pub(crate) flush_failures: AtomicU64,
    pub(crate) compactions: AtomicU64,
    pub(crate) compaction_failures: AtomicU64,
    max_time: AtomicI64,
}

impl Counters {
    pub(crate) fn new(max_time: Option<TimestampMs>) -> Self {
        Self {
            max_time: AtomicI64::new(max_time.unwrap_or(i64::MIN)),
            ..Self::default()
        }
    }

    /// The newest acknowledged timestamp.
    pub(crate) fn max_time(&self) -> Option<TimestampMs> {
        Some(self.max_time.load(Ordering::Relaxed)).filter(|t| *t > i64::MIN)
    }

    pub(crate) fn raise_max_time(&self, t: TimestampMs) {
        self.max_time.fetch_max(t, Ordering::Relaxed);
    }
}

/// The answer of a store that takes nothing more.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the store is closed")
}

impl Shared {
    /// Counts samples that others took the place of, and says so in the log.
    pub(crate) fn count_conflicts(&self, conflicts: &Conflicts) {
        if conflicts.count() > 0 {
            let counters = &self.counters;
            counters
                .samples_conflicting
                .fetch_add(conflicts.count(), Ordering::Relaxed);
            counters
                .conflict_report
                .lock()
                .tell(conflicts, &self.series);
        }
    }

    /// Bytes of the WAL on disk.
    pub(crate) fn wal_bytes(&self) -> u64 {
        let closed: u64 = self.closed_segments.lock().iter().map(|s| s.bytes).sum();
        closed + self.counters.wal_open_bytes.load(Ordering::Relaxed)
    }

    /// Says what the head takes now; the flusher looks at once if that is much.
    pub(crate) fn head_takes(&self, bytes: u64) {
        if self.budget.update(bytes) {
            self.signal.wake();
        }
    }

    /// Asks the WAL thread for something and waits for its answer. `work` gets where to send it.
    ///
    /// # Errors
    /// `Closed` if the store is.
    pub(crate) fn ask<T>(&self, work: impl FnOnce(mpsc::SyncSender<T>) -> Work) -> Result<T> {
        let (done, answer) = mpsc::sync_channel(1);
        self.queue.push_now(work(done)).map_err(|_| closed())?;
        answer.recv().map_err(|_| closed())
    }

    /// What is stored now.
    pub(crate) fn snapshot(&self) -> Arc<State> {
        self.state.lock().clone()
    }

    /// Room on the disk that is needed to turn the WAL into blocks.
    pub(crate) fn reserved_for_blocks(&self) -> u64 {
        let closed = self.closed_segments.lock();
        let closed: u64 = closed.iter().map(ClosedSegment::block_bytes_max).sum();
        let open = self.counters.wal_open_bytes.load(Ordering::Relaxed);
        DISK_RESERVE_BYTES + closed + open / DISK_RESERVE_WAL_SHARE
    }

    /// Refuses to let the WAL take the room that is needed to turn it into blocks.
    pub(crate) fn check_room_for_wal(&self) -> Result<()> {
        self.check_room(self.reserved_for_blocks(), "nothing was stored")
    }

    /// Whether at least `bytes` of the disk are free.
    ///
    /// # Errors
    /// `Unavailable` if they are not; it says `refused`. A disk that does not tell is taken to have room.
    pub(crate) fn check_room(&self, bytes: u64, refused: &str) -> Result<()> {
        let free = self.fs.free_bytes(self.layout.root()).unwrap_or(u64::MAX);
        if free >= bytes {
            return Ok(());
        }
        let (folder, mib) = (self.layout.root().display(), 1 << 20);
        Err(Error::unavailable(format!(
            "the disk of {folder} is full, so {refused}: {} MiB are free and {} MiB are needed, make room, no restart is needed",
            free / mib,
            bytes.div_ceil(mib)
        )))
    }
}
