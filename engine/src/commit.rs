//! The WAL thread: takes waiting batches, decides which samples are accepted, writes them with one fsync, applies them to
//! the head, and only then acknowledges.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Instant;

use arrow_array::Int64Array;
use futures::channel::oneshot;
use narthex_model::{Error, Receipt, Result, WriteBatch};
use parking_lot::MutexGuard;

use crate::WalSync;
use crate::accept::{Acceptance, Group};
use crate::conflict::Conflicts;
use crate::delete::{DeleteRequest, matched};
use crate::exemplars::StoredExemplar;
use crate::extras::Extras;
use crate::head::Pushed;
use crate::leave::{LeaveRequest, Marked};
use crate::limits::{GROUP_SAMPLES_MAX, HISTOGRAM_SAMPLES, TOMBSTONES_MAX};
use crate::shared::Shared;
use crate::state::State;
use crate::tombstone::Tombstone;
use crate::wal::{Samples, WalWriter};

/// Samples that are applied to the head at once; snapshots wait meanwhile.
const APPLY_SAMPLES: usize = 1 << 13;

/// The same for histograms.
const APPLY_HISTOGRAMS: usize = 1 << 9;

/// What the WAL thread is asked to do.
pub(crate) enum Work {
    /// Store a batch.
    Write(PendingBatch),
    /// Freeze windows and close the WAL segment that their newest samples are in.
    Freeze(FreezeRequest),
    /// Set a tombstone.
    Delete(DeleteRequest),
    /// Let series leave.
    Leave(LeaveRequest),
    /// End the thread.
    Stop,
}

/// A batch that waits for its ack.
pub(crate) struct PendingBatch {
    pub(crate) batch: WriteBatch,
    /// For each series of the batch, its ordinal.
    pub(crate) ordinals: Vec<u32>,
    /// The generation of the series table that they are of.
    pub(crate) generation: u64,
    pub(crate) ack: oneshot::Sender<Result<Receipt>>,
}

/// Which windows are to be frozen, and whom to tell.
pub(crate) struct FreezeRequest {
    /// Numbers of the windows; `None` for all.
    pub(crate) windows: Option<BTreeSet<i64>>,
    pub(crate) done: mpsc::SyncSender<Result<()>>,
}

/// The state of the WAL thread.
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wal: WalWriter,
    pub(crate) acceptance: Acceptance,
    /// When acknowledged samples have to be on disk, if some are not.
    pub(crate) sync_at: Option<Instant>,
}

impl Committer {
    /// Works until it is told to stop. However it ends, the queue is closed then.
    pub(crate) fn run(mut self) {
        struct CloseQueue(Arc<Shared>);
        impl Drop for CloseQueue {
            fn drop(&mut self) {
                self.0.queue.close();
            }
        }
        let shared = self.shared.clone();
        let _close = CloseQueue(shared.clone());
        while let Some(work) = shared.queue.take_all(self.sync_at) {
            let mut group = Vec::new();
            let mut samples = 0;
            for work in work {
                match work {
                    Work::Write(pending) => {
                        samples += pending.batch.sample_count();
                        samples += pending.batch.histograms.len() * HISTOGRAM_SAMPLES as usize;
                        group.push(pending);
                        if samples >= GROUP_SAMPLES_MAX {
                            self.commit(std::mem::take(&mut group));
                            samples = 0;
                        }
                    }
                    Work::Freeze(request) => {
                        self.commit(std::mem::take(&mut group));
                        // Whoever asked may have gone away.
                        let _ = request.done.send(self.freeze(request.windows.as_ref()));
                    }
                    Work::Delete(request) => {
                        self.commit(std::mem::take(&mut group));
                        samples = 0;
                        let (done, result) = (request.done.clone(), self.delete(request));
                        // Whoever asked may have gone away.
                        let _ = done.send(result);
                    }
                    Work::Leave(request) => {
                        self.commit(std::mem::take(&mut group));
                        self.let_leave(request.marked);
                        // Whoever asked may have gone away.
                        let _ = request.done.send(());
                    }
                    Work::Stop => {
                        self.commit(group);
                        return self.sync();
                    }
                }
            }
            self.commit(group);
            self.sync_if_due();
        }
    }

    /// Puts acknowledged samples on disk when it is time to.
    fn sync_if_due(&mut self) {
        let WalSync::Interval(interval) = self.shared.options.wal_sync else {
            return;
        };
        if !self.wal.has_unsynced() {
            self.sync_at = None;
        } else if let Some(at) = self.sync_at {
            let now = Instant::now();
            if now >= at {
                self.sync();
                // Should it have failed, it is tried again by then.
                self.sync_at = Some(now + interval);
            }
        } else {
            self.sync_at = Some(Instant::now() + interval);
        }
    }

    fn sync(&mut self) {
        match self.wal.sync() {
            Ok(()) => self.publish(),
            Err(error) => self.report(
                &error,
                "acknowledged samples are not on disk yet, will try again",
            ),
        }
    }

    /// Says that the disk said no: in the log once for each time that it begins to, in the numbers always.
    fn report(&self, error: &Error, what: &str) {
        let counters = &self.shared.counters;
        counters.wal_failures.fetch_add(1, Ordering::Relaxed);
        if !counters.wal_fails.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "{what}");
        }
    }

    fn publish(&self) {
        let counters = &self.shared.counters;
        if counters.wal_fails.swap(false, Ordering::Relaxed) {
            tracing::info!("the wal can be written again");
        }
        counters
            .wal_fsyncs
            .store(self.wal.syncs(), Ordering::Relaxed);
        counters
            .wal_open_bytes
            .store(self.wal.open_bytes(), Ordering::Relaxed);
    }

    /// Stores the batches of a group and acknowledges them, or none of them.
    fn commit(&mut self, pending: Vec<PendingBatch>) {
        let pending = self.resolve_again(pending);
        if pending.is_empty() {
            return;
        }
        let (group, receipts) = self.accept(&pending);
        match self.store(group) {
            Ok(()) => self.acknowledge(pending, receipts),
            Err(error) => {
                self.acceptance.undo();
                self.report(&error, "samples were refused");
                for pending in pending {
                    let error = Error::new(error.kind(), error.to_string());
                    // Whoever wrote may have gone away.
                    let _ = pending.ack.send(Err(error));
                }
            }
        }
    }

    /// Series left since some batches were queued: their ordinals may stand for nothing now. No series leaves during a
    /// commit.
    fn resolve_again(&self, pending: Vec<PendingBatch>) -> Vec<PendingBatch> {
        let series = &self.shared.series;
        let now = series.generation();
        let resolve = |mut pending: PendingBatch| {
            if pending.generation != now {
                match series.resolve_batch(&pending.batch) {
                    Ok((ordinals, _)) => pending.ordinals = ordinals,
                    Err(error) => {
                        // Whoever wrote may have gone away.
                        let _ = pending.ack.send(Err(error));
                        return None;
                    }
                }
            }
            Some(pending)
        };
        pending.into_iter().filter_map(resolve).collect()
    }

    fn accept<'a>(&mut self, pending: &'a [PendingBatch]) -> (Group<'a>, Vec<Receipt>) {
        let state = self.shared.snapshot();
        let now = (self.shared.options.now)();
        let capacity = pending.iter().map(|p| p.batch.sample_count()).sum();
        let mut group = Group::new(capacity, self.shared.late.before(now));
        let oldest_kept = state.cutoffs(now).horizon().start;
        self.acceptance.begin(now, oldest_kept);
        let metadata = &self.shared.metadata;
        let series_max = self.shared.exemplars_max.load(Ordering::Relaxed);
        let acceptance = &mut self.acceptance;
        let receipts = pending.iter().map(|p| {
            let receipt = acceptance.accept(&p.batch, &p.ordinals, &state, &mut group);
            if !p.batch.exemplars.is_empty() && series_max > 0 {
                let (batch, ordinals) = (&p.batch, &p.ordinals);
                acceptance.accept_exemplars(batch, ordinals, &state, &mut group, series_max);
            }
            acceptance.accept_metadata(&p.batch, &state, metadata, &mut group);
            receipt
        });
        let receipts = receipts.collect();
        (group, receipts)
    }

    /// To the disk, then to the head.
    fn store(&mut self, group: Group<'_>) -> Result<()> {
        if group.is_empty() {
            return Ok(());
        }
        self.shared.check_room_for_wal()?;
        let (samples, extras, windows, late) = group.into_columns();
        if self.wal.is_over(&samples) {
            self.rotate()?;
        }
        let shared = self.shared.clone();
        let stored = self.wal.commit(&samples, &extras, &windows, |ordinal| {
            shared.series.labels(ordinal)
        });
        if let Err(error) = stored {
            let unstored = extras.metadata().iter();
            unstored.for_each(|known| shared.metadata.forget(known));
            return Err(error);
        }
        self.publish();
        let mut conflicts = Conflicts::default();
        self.apply(&samples, &mut conflicts);
        self.shared.count_conflicts(&conflicts);
        self.apply_extras(&extras);
        let spans = late.spans().iter();
        spans.for_each(|span| self.shared.late.note(*span));
        Ok(())
    }

    fn apply(&self, samples: &Samples, conflicts: &mut Conflicts) {
        for offset in (0..samples.len()).step_by(APPLY_SAMPLES) {
            let part = samples.slice(offset, APPLY_SAMPLES.min(samples.len() - offset));
            let mut guard = self.shared.state.lock();
            let state = Arc::make_mut(&mut guard);
            let mut starts = part.starts.iter().flat_map(Int64Array::values);
            for (ordinal, t, value) in part.iter() {
                let start = starts.next().copied().unwrap_or(0);
                if state.push(ordinal, t, value, start) == Pushed::Replaced {
                    conflicts.note(ordinal, t, value);
                }
            }
            let head_bytes = state.head_bytes();
            MutexGuard::unlock_fair(guard);
            self.shared.head_takes(head_bytes);
        }
    }

    fn apply_extras(&self, extras: &Extras<'_>) {
        for part in extras.histograms().chunks(APPLY_HISTOGRAMS) {
            let mut guard = self.shared.state.lock();
            let state = Arc::make_mut(&mut guard);
            for entry in part {
                state.push_histogram(
                    entry.ordinal,
                    entry.timestamp,
                    entry.start,
                    &entry.histogram,
                );
            }
            MutexGuard::unlock_fair(guard);
        }
        if extras.exemplars().is_empty() && extras.metadata().is_empty() {
            return;
        }
        let mut guard = self.shared.state.lock();
        let state = Arc::make_mut(&mut guard);
        for entry in extras.exemplars() {
            state.push_exemplar(StoredExemplar {
                series: self.shared.series.labels(entry.ordinal),
                timestamp: entry.timestamp,
                labels: entry.labels.clone(),
                value: entry.value,
            });
        }
        state.bound_exemplars(self.shared.exemplars_max.load(Ordering::Relaxed));
        for known in extras.metadata() {
            state.push_metadata(known.clone());
        }
    }

    fn acknowledge(&self, pending: Vec<PendingBatch>, receipts: Vec<Receipt>) {
        let counters = &self.shared.counters;
        if let Some(newest) = self.acceptance.newest() {
            counters.raise_max_time(newest);
        }
        for (pending, receipt) in pending.into_iter().zip(receipts) {
            counters
                .samples_appended
                .fetch_add(receipt.stored, Ordering::Relaxed);
            counters
                .samples_rejected
                .fetch_add(receipt.rejected, Ordering::Relaxed);
            // Whoever wrote may have gone away.
            let _ = pending.ack.send(Ok(receipt));
        }
    }

    /// Removes the series of `marked` that still have no samples.
    fn let_leave(&mut self, marked: Marked) {
        let ordinals = marked.without_samples(&self.shared.snapshot());
        let removed = self.shared.series.remove(&ordinals);
        if removed > 0 {
            self.acceptance.forget(&ordinals);
            tracing::debug!(series = removed, "series without samples left");
        }
    }

    /// Closes the open WAL segment.
    fn rotate(&mut self) -> Result<()> {
        if let Some(closed) = self.wal.rotate()? {
            self.shared.closed_segments.lock().push(closed);
            self.publish();
        }
        Ok(())
    }

    /// After this, later samples of the chosen windows go to new windows, and to later segments.
    fn freeze(&mut self, windows: Option<&BTreeSet<i64>>) -> Result<()> {
        self.rotate()?;
        let through = self.wal.closed_through();
        let mut state = self.shared.state.lock();
        Arc::make_mut(&mut state).freeze(through, |w| {
            windows.is_none_or(|numbers| numbers.contains(&w.number()))
        });
        Ok(())
    }

    /// Sets a tombstone for what is stored now; gives what was stored before. It is on disk when this returns.
    fn delete(&mut self, request: DeleteRequest) -> Result<Arc<State>> {
        let before = self.shared.snapshot();
        if before.tombstones.len() >= TOMBSTONES_MAX {
            return Err(Error::limit(format!(
                "{TOMBSTONES_MAX} deletes are not done in all blocks yet: clean tombstones, then try again"
            )));
        }
        let ordinals = matched(&self.shared.series, &request.matcher_sets);
        let windows = before.windows_with(&ordinals, request.range);
        if !windows.is_empty() {
            self.rotate()?;
        }
        let through = self.wal.closed_through();
        let tombstone = Tombstone {
            number: 0,
            matcher_sets: request.matcher_sets,
            range: request.range,
            wal_through: through,
            created_ms: (self.shared.options.now)(),
        };
        let _one_at_a_time = self.shared.tombstones_file.lock();
        let tombstones = self.shared.snapshot().tombstones.with(tombstone);
        tombstones.write(self.shared.fs.as_ref(), &self.shared.layout)?;
        let mut state = self.shared.state.lock();
        let state = Arc::make_mut(&mut state);
        state.freeze(through, |w| windows.contains(&w.number()));
        state.tombstones = tombstones;
        Ok(before)
    }
}
