//! The store as others see it: opens the folder, starts the threads, hands out snapshots, stops it all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures::channel::oneshot;
use narthex_model::{Error, Matcher, Receipt, Result, Sink, SinkFuture, TimeRange, WriteBatch};
use parking_lot::Mutex;

use crate::accept::Acceptance;
use crate::backfill::{self, Backfill};
use crate::block::{BlockMeta, BlockStore, Workers};
use crate::budget::Budget;
use crate::checkpoint::Checkpoint;
use crate::commit::{Committer, PendingBatch, Work};
use crate::compact::{Compactor, Urgency};
use crate::copy::copy;
use crate::delete::{self, DeleteReceipt};
use crate::flush::Flusher;
use crate::fs::{FileSystem, RealFileSystem};
use crate::import_log::ImportLog;
use crate::late::LateTimes;
use crate::layout::Layout;
use crate::limits::{BATCH_BYTES_MAX, COMPACTION_INTERVAL_FLUSHES, SCRUB_LOOK_INTERVAL};
use crate::load::{Loaded, Spill, load_as_owner};
use crate::lock::FolderLock;
use crate::quarantine::DamagedBlock;
use crate::queue::Queue;
use crate::reader::{Reader, StoredBlocks};
use crate::retention::Retention;
use crate::scrub::{Scrubber, scrub};
use crate::shared::{Counters, Shared, closed};
use crate::signal::Signal;
use crate::snapshot::Snapshot;
use crate::stats::Stats;
use crate::wal::{WalOptions, WalWriter};
use crate::{Options, Progress};

/// A store: one data folder, opened by one process at a time. Dropping it stops it without a flush; what was acknowledged
/// is in the WAL.
pub struct Engine {
    shared: Arc<Shared>,
    /// There is one if it is open for queries alone.
    reader: Option<Reader>,
    /// `None` if it is open for queries alone.
    flusher: Option<Arc<Mutex<Flusher>>>,
    compactor: Arc<Compactor>,
    running: Mutex<Option<Running>>,
    closed: AtomicBool,
}

/// Whether a copy of the store has the samples that are not in blocks yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopiedHead {
    /// They are written into blocks first.
    Included,
    /// The copy lacks them.
    LeftOut,
}

/// The threads, and the lock that is let go once they have ended.
struct Running {
    wal_thread: JoinHandle<()>,
    flush_thread: JoinHandle<()>,
    compaction_thread: JoinHandle<()>,
    scrub_thread: JoinHandle<()>,
    _lock: FolderLock,
}

impl Engine {
    /// Opens the store in folder `path`, makes it if it is not there, replays the WAL.
    ///
    /// # Errors
    /// `Unavailable` if another process holds the folder or it cannot be written; `Corrupt` if the WAL is
    /// damaged (a torn tail of the last WAL segment is not damage); `Invalid` if an option is out of bounds. Damaged blocks
    /// are set aside: [`Engine::damaged_blocks`].
    pub fn open(
        path: &Path,
        options: Options,
        progress: Option<&dyn Progress>,
    ) -> Result<Arc<Self>> {
        Self::open_on(Arc::new(RealFileSystem), path, options, progress)
    }

    /// As [`Engine::open`], with WAL and checkpoint on another file system.
    pub(crate) fn open_on(
        fs: Arc<dyn FileSystem>,
        path: &Path,
        options: Options,
        progress: Option<&dyn Progress>,
    ) -> Result<Arc<Self>> {
        options.check()?;
        let layout = Layout::new(path);
        layout.create_root(fs.as_ref())?;
        let lock = FolderLock::take(&layout)?;
        if !layout.is_store() {
            layout.create(
                fs.as_ref(),
                &Checkpoint::new(options.block_duration_ms).encode()?,
            )?;
        }
        layout.check_format()?;
        layout.sync(fs.as_ref())?;
        let acceptance = Acceptance::new(options.out_of_order_window_ms);
        let flush = |loaded| flush_loaded(fs.clone(), layout.clone(), options.clone(), loaded);
        let spill = Spill {
            head_bytes_max: options.memory_budget_bytes / 2,
            flush: &flush,
        };
        let loaded = load_as_owner(
            fs.as_ref(),
            &layout,
            acceptance,
            &spill,
            options.now,
            progress,
        )?;
        Self::start(fs, layout, options, loaded, lock)
    }

    /// Opens a folder for queries alone: takes no lock, writes nothing, and replays the WAL into memory.
    ///
    /// # Errors
    /// As [`Engine::open`], and `NotFound` if there is no store.
    pub fn open_read_only(path: &Path) -> Result<Arc<Self>> {
        Self::open_reader(Reader::folder(path)?)
    }

    /// Opens blocks that lie elsewhere for queries alone. What is not in blocks yet is not seen.
    ///
    /// # Errors
    /// `Unavailable` if they cannot be read now, `Corrupt` if one is damaged.
    pub fn open_blocks(store: Arc<dyn BlockStore>) -> Result<Arc<Self>> {
        Self::open_reader(Reader::blocks(store)?)
    }

    fn open_reader(reader: Reader) -> Result<Arc<Self>> {
        let shared = reader.current();
        let compactor = Arc::new(Compactor::new(shared.clone()));
        Ok(Arc::new(Self {
            shared,
            reader: Some(reader),
            compactor,
            flusher: None,
            running: Mutex::new(None),
            closed: AtomicBool::new(false),
        }))
    }

    /// Looks again at what is stored, if the store is open for queries alone, and shows it in one step. Does nothing
    /// otherwise. Snapshots taken before stay as they are; one of a block that was removed meanwhile answers `NotFound`, and
    /// a new one after this does not.
    ///
    /// # Errors
    /// As when it was opened; what was seen before is then still seen.
    pub fn refresh(&self) -> Result<()> {
        self.reader.as_ref().map_or(Ok(()), Reader::refresh)
    }

    /// Whether the store is open for queries alone.
    pub fn is_read_only(&self) -> bool {
        self.reader.is_some()
    }

    /// The blocks that are visible now.
    pub fn blocks(&self) -> Vec<(PathBuf, BlockMeta)> {
        self.stored_blocks().blocks
    }

    /// The blocks that are visible now, and what was deleted and may still be in them.
    pub fn stored_blocks(&self) -> StoredBlocks {
        let state = self.current().snapshot();
        let blocks = state.blocks.iter();
        StoredBlocks {
            blocks: blocks
                .map(|b| (b.path().to_owned(), b.meta().clone()))
                .collect(),
            tombstones: state.tombstones.clone(),
        }
    }

    fn current(&self) -> Arc<Shared> {
        let newer = self.reader.as_ref().map(Reader::current);
        newer.unwrap_or_else(|| self.shared.clone())
    }

    fn start(
        fs: Arc<dyn FileSystem>,
        layout: Layout,
        options: Options,
        loaded: Loaded,
        lock: FolderLock,
    ) -> Result<Arc<Self>> {
        let wal_options = WalOptions {
            folder: layout.wal(),
            first_number: loaded.newest_segment() + 1,
            segment_bytes_max: options.wal_segment_bytes_max,
            sync: options.wal_sync,
        };
        let (block_duration_ms, interval) = (options.block_duration_ms, options.flush_interval);
        let wal = WalWriter::new(fs.clone(), wal_options)?;
        let (shared, acceptance, checkpoint) = share(fs, layout, options, loaded);
        let committer = Committer {
            shared: shared.clone(),
            wal,
            acceptance,
            sync_at: None,
        };
        let wal_thread = spawn("narthex-wal", move || committer.run())?;
        let mut flusher = Flusher::new(shared.clone(), checkpoint);
        if shared.snapshot().block_duration_ms != block_duration_ms {
            let flushed = flusher.flush_all();
            flushed
                .and_then(|()| flusher.change_duration(block_duration_ms))
                .inspect_err(|_| shared.queue.close())?;
        }
        let flusher = Arc::new(Mutex::new(flusher));
        let (its_flusher, its_shared) = (flusher.clone(), shared.clone());
        let flush_thread = spawn("narthex-flush", move || {
            let flush = || {
                let mut flusher = its_flusher.lock();
                flusher.flush_due()?;
                flusher.leaver.step()?;
                flusher.condense()
            };
            let asked = || its_shared.budget.is_asked();
            repeat_until_stopped(&its_shared.signal, interval, "flush", asked, flush);
        })
        .inspect_err(|_| shared.queue.close())?;
        let compactor = Arc::new(Compactor::new(shared.clone()));
        let (its_compactor, its_shared) = (compactor.clone(), shared.clone());
        let compaction_thread = spawn("narthex-compact", move || {
            let signal = &its_shared.signal;
            let interval = interval * COMPACTION_INTERVAL_FLUSHES;
            let compact = || its_compactor.compact(Urgency::WhenDue, || signal.is_stopped());
            repeat_until_stopped(signal, interval, "compact", || false, compact);
        })
        .inspect_err(|_| shared.queue.close())?;
        let mut scrubber = Scrubber::new(shared.clone());
        let its_shared = shared.clone();
        let scrub_thread = spawn("narthex-scrub", move || {
            let signal = &its_shared.signal;
            let scrub = || scrubber.scrub_due(|pause| !signal.wait(pause, || false));
            repeat_until_stopped(signal, SCRUB_LOOK_INTERVAL, "scrub", || false, scrub);
        })
        .inspect_err(|_| shared.queue.close())?;
        let running = Running {
            wal_thread,
            flush_thread,
            compaction_thread,
            scrub_thread,
            _lock: lock,
        };
        let (running, closed) = (Mutex::new(Some(running)), AtomicBool::new(false));
        Ok(Arc::new(Self {
            shared,
            reader: None,
            flusher: Some(flusher),
            compactor,
            running,
            closed,
        }))
    }

    /// Copies what is stored now to `snapshots/<name>` in the data folder, as a store of its own: blocks as hard links, so that
    /// it takes little room at first. The head is written into blocks before, unless `head` says to leave it out. Gives
    /// the name. Blocks the caller.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing, or the store is open for queries alone; `Closed` after
    /// [`Engine::close`].
    pub fn copy(&self, head: CopiedHead) -> Result<String> {
        let flusher = self.flusher.as_ref().ok_or_else(read_only)?;
        if head == CopiedHead::Included {
            flusher.lock().flush_all()?;
        }
        let _no_compaction = self.compactor.pause();
        copy(&self.shared, &self.shared.snapshot())
    }

    /// What is stored now. Later writes, flushes and deletions do not change a snapshot.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.current())
    }

    /// Lets another retention count from now on. What is out of it is not answered any more, and leaves with the next
    /// compaction. Lengthening it brings back what has not left yet.
    ///
    /// # Errors
    /// `Invalid` if it would keep nothing.
    pub fn set_retention(&self, retention: Retention) -> Result<()> {
        retention.check()?;
        Arc::make_mut(&mut self.current().state.lock()).retention = Arc::new(retention);
        Ok(())
    }

    /// Keeps so many exemplars that are not in blocks, from the next write on.
    pub fn set_exemplars_max(&self, max: usize) {
        let current = self.current();
        current.exemplars_max.store(max, Ordering::Relaxed);
    }

    /// Reads all blocks at once and compares them with their checksums; what is damaged is set aside. Blocks the caller.
    ///
    /// # Errors
    /// `Unavailable` if a file cannot be read.
    pub fn scrub(&self) -> Result<()> {
        let scrubbed = scrub(&self.shared, |_| false);
        if self.flusher.is_some() {
            self.compactor.set_damaged_aside();
        }
        scrubbed
    }

    /// The retention in force.
    pub fn retention(&self) -> Retention {
        self.current().snapshot().retention.as_ref().clone()
    }

    /// The blocks that were found to be damaged: queries do without them.
    pub fn damaged_blocks(&self) -> Vec<DamagedBlock> {
        self.current().quarantine.all()
    }

    /// Numbers about the store.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.current())
    }

    /// Writes every head sample into blocks and frees the WAL. Blocks the caller. Does nothing if the store is open for
    /// queries alone.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing; the samples then stay in head and WAL. `Closed` after
    /// [`Engine::close`].
    pub fn flush(&self) -> Result<()> {
        self.flusher
            .as_ref()
            .map_or(Ok(()), |flusher| flusher.lock().flush_all())
    }

    /// Cuts the windows that are due, as the flush thread does from time to time.
    #[cfg(test)]
    pub(crate) fn flush_due(&self) -> Result<()> {
        self.flusher
            .as_ref()
            .map_or(Ok(()), |flusher| flusher.lock().flush_due())
    }

    /// Deletes the samples in `range` of the series that all matchers of one of the sets accept, as far as they are stored
    /// now: later writes stay, also of the same series and times. No longer answered when this returns, and on disk as
    /// deleted; gone from the files once blocks were rewritten, which [`Engine::compact`] does at once. Snapshots that were taken
    /// before do not change. Blocks the caller.
    ///
    /// # Errors
    /// `Invalid` if there is no set, or one in which every matcher accepts the empty value; `Limit` if too many deletes wait
    /// for blocks to be rewritten; `Unavailable` if the disk is full or failing, or the store is open for queries alone;
    /// `Closed` after [`Engine::close`]; `Corrupt` if samples cannot be counted because a block is damaged.
    pub fn delete(&self, matcher_sets: &[Vec<Matcher>], range: TimeRange) -> Result<DeleteReceipt> {
        match self.flusher {
            Some(_) => {
                let receipt = delete::delete(&self.shared, matcher_sets, range);
                self.shared.late.note(range);
                receipt
            }
            None => Err(read_only()),
        }
    }

    /// What [`Engine::delete`] would remove now; nothing is changed.
    ///
    /// # Errors
    /// `Invalid` as [`Engine::delete`], `Corrupt` if a block is damaged.
    pub fn preview_delete(
        &self,
        matcher_sets: &[Vec<Matcher>],
        range: TimeRange,
    ) -> Result<DeleteReceipt> {
        delete::preview(&self.shared, matcher_sets, range)
    }

    /// Merges blocks until there is nothing to merge, and rewrites those with deleted samples. Blocks the caller. Does
    /// nothing if the store is open for queries alone.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing, `Corrupt` if a block is damaged; the blocks then stay as they are.
    pub fn compact(&self) -> Result<()> {
        match self.flusher {
            Some(_) => self.compactor.compact(Urgency::Now, || false),
            None => Ok(()),
        }
    }

    /// From now on notes the times of samples that are older than `age_ms` when they come, of those that are deleted, and of blocks that are
    /// added: [`Engine::take_late`] tells of them.
    pub fn watch_late(&self, age_ms: i64) {
        self.shared.late.watch(age_ms);
    }

    /// The times that changed after they were over since this was last asked, at least: some may be told of without need. Snapshots that
    /// are taken from now on see what changed.
    pub fn take_late(&self) -> Vec<TimeRange> {
        self.shared.late.take()
    }

    /// Begins to write old samples of `span` into a block of their own. Windows of [`crate::backfill_windows`] suit best.
    /// Waits until no blocks are being merged.
    ///
    /// # Errors
    /// `Unavailable` if the store is open for queries alone, `Closed` after [`Engine::close`].
    pub fn backfill(&self, span: TimeRange) -> Result<Backfill<'_>> {
        self.check_writable()?;
        Ok(Backfill::new(&self.shared, self.compactor.pause(), span))
    }

    /// Copies the block in folder `from` of another store, checked byte by byte, and makes it visible. Like a backfill it
    /// ranks before what came through the WAL. `None` if a block of that name is here already.
    ///
    /// # Errors
    /// `Corrupt` if the block is damaged, `Unavailable` if the disk is full or failing or the store is open for queries alone,
    /// `Closed` after [`Engine::close`].
    pub fn adopt_block(&self, from: &Path) -> Result<Option<BlockMeta>> {
        self.check_writable()?;
        backfill::adopt(&self.shared, &self.compactor.pause(), from)
    }

    fn check_writable(&self) -> Result<()> {
        if self.flusher.is_none() {
            return Err(read_only());
        }
        if self.closed.load(Ordering::SeqCst) {
            return Err(closed());
        }
        Ok(())
    }

    /// Length of a freshly cut block; blocks start at multiples of it.
    pub fn block_duration_ms(&self) -> i64 {
        self.shared.snapshot().block_duration_ms
    }

    /// What earlier imports have noted.
    ///
    /// # Errors
    /// `Corrupt` if the file is damaged, `Unavailable` if it cannot be read.
    pub fn import_log(&self) -> Result<ImportLog<'_>> {
        ImportLog::read(&self.shared)
    }

    /// Condenses closed WAL segments, as the flush thread does from time to time.
    #[cfg(test)]
    pub(crate) fn condense(&self) -> Result<()> {
        self.flusher
            .as_ref()
            .map_or(Ok(()), |flusher| flusher.lock().condense())
    }

    /// Lets series leave that have no samples, as the flush thread does from time to time.
    #[cfg(test)]
    pub(crate) fn let_series_leave(&self) -> Result<()> {
        let Some(flusher) = &self.flusher else {
            return Ok(());
        };
        let leaver = &mut flusher.lock().leaver;
        leaver.look_now();
        leaver.step()?;
        leaver.step()
    }

    /// Drops the blocks that `which` chooses.
    #[cfg(test)]
    pub(crate) fn drop_blocks(&self, which: impl Fn(&BlockMeta) -> bool) {
        let mut state = self.shared.state.lock();
        Arc::make_mut(&mut state)
            .blocks
            .retain(|b| !which(b.meta()));
    }

    /// Calls `f` while no flush is under way.
    #[cfg(test)]
    pub(crate) fn between_flushes<T>(&self, f: impl FnOnce() -> T) -> T {
        let _no_flush = self.flusher.as_ref().map(|flusher| flusher.lock());
        f()
    }

    /// Flushes, then refuses further writes and releases the folder. Blocks the caller. Closing again does nothing.
    ///
    /// # Errors
    /// As [`Engine::flush`]; the folder is released all the same.
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let flushed = self.flush();
        self.stop();
        flushed
    }

    /// Ends the threads after the work they have, and lets go of the folder.
    fn stop(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let Some(running) = self.running.lock().take() else {
            return;
        };
        self.shared.signal.stop();
        self.shared.budget.end_flush(&Err(closed()));
        // An error means that the thread has ended already.
        let _ = self.shared.queue.push_now(Work::Stop);
        for thread in [
            running.scrub_thread,
            running.compaction_thread,
            running.flush_thread,
            running.wal_thread,
        ] {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine panicked");
            }
        }
    }

    async fn store(&self, batch: WriteBatch) -> Result<Receipt> {
        self.check_writable()?;
        let bytes = batch.total_byte_size();
        if bytes > BATCH_BYTES_MAX {
            return Err(Error::limit(format!(
                "a batch of {bytes} bytes, at most {BATCH_BYTES_MAX}: write smaller ones"
            )));
        }
        if batch.is_empty() {
            return Ok(Receipt::default());
        }
        self.shared.budget.wait_for_room().await?;
        let (ordinals, generation) = self.shared.series.resolve_batch(&batch)?;
        let (ack, answer) = oneshot::channel();
        let pending = Work::Write(PendingBatch {
            batch,
            ordinals,
            generation,
            ack,
        });
        self.shared
            .queue
            .push(pending, bytes)
            .await
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

impl Sink for Engine {
    fn write(&self, batch: WriteBatch) -> SinkFuture<'_> {
        Box::pin(self.store(batch))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the parts of an engine share, from what was loaded.
pub(crate) fn share(
    fs: Arc<dyn FileSystem>,
    layout: Layout,
    options: Options,
    loaded: Loaded,
) -> (Arc<Shared>, Acceptance, Checkpoint) {
    let Loaded {
        series,
        metadata,
        mut state,
        acceptance,
        checkpoint,
        segments,
        quarantine,
    } = loaded;
    state.retention = Arc::new(options.retention.clone());
    state.bound_exemplars(options.exemplars_max);
    let budget = Budget::new(options.memory_budget_bytes);
    budget.update(state.head_bytes());
    let shared = Shared {
        layout,
        workers: Arc::new(Workers::new(options.block_threads)),
        exemplars_max: AtomicUsize::new(options.exemplars_max),
        options,
        fs,
        queue: Queue::new(),
        closed_segments: Mutex::new(segments),
        tombstones_file: Mutex::new(()),
        state: Mutex::new(Arc::new(state)),
        series,
        metadata,
        quarantine,
        counters: Counters::new(acceptance.newest()),
        late: LateTimes::default(),
        budget,
        signal: Signal::default(),
    };
    (Arc::new(shared), acceptance, checkpoint)
}

/// Cuts the frozen windows of a store that is being loaded.
fn flush_loaded(
    fs: Arc<dyn FileSystem>,
    layout: Layout,
    options: Options,
    loaded: Loaded,
) -> Result<Loaded> {
    let (shared, acceptance, checkpoint) = share(fs, layout, options, loaded);
    let mut flusher = Flusher::new(shared.clone(), checkpoint);
    flusher.cut_frozen()?;
    let checkpoint = flusher.into_checkpoint();
    let segments = std::mem::take(&mut *shared.closed_segments.lock());
    let state = std::mem::take(&mut *shared.state.lock());
    let quarantine = shared.quarantine.clone();
    Ok(Loaded {
        series: shared.series.clone(),
        metadata: shared.metadata.clone(),
        state: Arc::unwrap_or_clone(state),
        acceptance,
        checkpoint,
        segments,
        quarantine,
    })
}

fn read_only() -> Error {
    Error::unavailable("the store is open for queries alone: turn to the server that owns it")
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|e| Error::unavailable(format!("start thread {name}")).with_source(e))
}

/// Does `work` every `interval`, and at once when it is woken or `ready` says so, until the signal comes to stop.
fn repeat_until_stopped(
    signal: &Signal,
    interval: Duration,
    name: &str,
    ready: impl Fn() -> bool,
    mut work: impl FnMut() -> Result<()>,
) {
    let mut failed = false;
    // After an error it takes its time.
    while signal.wait(interval, || !failed && ready()) {
        let result = work();
        failed = result.is_err();
        if let Err(error) = result {
            tracing::error!(%error, "cannot {name}, will try again");
        }
    }
}
