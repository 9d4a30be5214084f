//! Cuts windows of the head into blocks and removes the WAL they make needless.
//!
//! A flush is one step for readers (one swap of the state) and one step for a restart (one rename of the checkpoint).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use narthex_model::{Error, ErrorKind, Result, TimeRange};
use ulid::Ulid;

use crate::block::{BlockSource, SeriesSamples};
use crate::checkpoint::{Checkpoint, FlushedWindow};
use crate::commit::{FreezeRequest, Work};
use crate::exemplars::sort_by_time;
use crate::find_exemplars::exemplars_of;
use crate::head::Window;
use crate::histograms::HistogramRows;
use crate::leave::Leaver;
use crate::limits::{CONDENSE_SEGMENT_SHARE, FLUSH_LOOKS_MAX};
use crate::metadata;
use crate::new_block::{NewBlock, open_new};
use crate::shared::Shared;
use crate::state::{FrozenWindow, State};
use crate::stored_block::StoredBlock;
use crate::tombstone::{Hiding, outside, spans};
use crate::wal::{ClosedSegment, condense};

/// Who flushes; one at a time.
pub(crate) struct Flusher {
    shared: Arc<Shared>,
    checkpoint: Checkpoint,
    /// Blocks that are written, but whose checkpoint failed, by window and segment.
    written: BTreeMap<(i64, u64), PathBuf>,
    /// By window, what it was like when last looked at.
    looked_at: BTreeMap<i64, Look>,
    /// Closed segments that are not condensed any more.
    kept: BTreeSet<u64>,
    /// Once windows and blocks are gone, so are series.
    pub(crate) leaver: Leaver,
}

/// A look at a window that might be due.
struct Look {
    samples: u64,
    /// How often it was looked at so far.
    looks: u64,
}

impl Flusher {
    pub(crate) fn new(shared: Arc<Shared>, checkpoint: Checkpoint) -> Self {
        let leaver = Leaver::new(shared.clone());
        Self {
            shared,
            checkpoint,
            written: BTreeMap::new(),
            looked_at: BTreeMap::new(),
            kept: BTreeSet::new(),
            leaver,
        }
    }

    /// Cuts all windows.
    pub(crate) fn flush_all(&mut self) -> Result<()> {
        let result = self.freeze(None).and_then(|()| self.cut_frozen());
        self.shared.budget.end_flush(&result);
        result
    }

    /// Cuts the windows that are due, and those an earlier flush left behind.
    pub(crate) fn flush_due(&mut self) -> Result<()> {
        self.shared.budget.begin_flush();
        let result = self.cut_due();
        self.shared.budget.end_flush(&result);
        result
    }

    /// Condenses the closed segments, unless there is something better to do: a start reads them faster then.
    pub(crate) fn condense(&mut self) -> Result<()> {
        let least = self.shared.options.wal_segment_bytes_max / CONDENSE_SEGMENT_SHARE;
        let closed = self.shared.closed_segments.lock();
        self.kept.retain(|n| closed.iter().any(|s| s.number == *n));
        let is_due = |s: &&ClosedSegment| {
            !s.is_condensed && s.bytes >= least && !self.kept.contains(&s.number)
        };
        let due: Vec<_> = closed.iter().filter(is_due).cloned().collect();
        drop(closed);
        for segment in due {
            if self.shared.signal.is_stopped() || self.shared.budget.is_asked() {
                break;
            }
            self.condense_segment(&segment)?;
        }
        Ok(())
    }

    fn condense_segment(&mut self, segment: &ClosedSegment) -> Result<()> {
        let room = self.shared.reserved_for_blocks() + segment.bytes;
        let has_room = self.shared.check_room(room, "no wal segment was condensed");
        if has_room.is_err() {
            return Ok(());
        }
        let block_duration_ms = self.shared.snapshot().block_duration_ms;
        let condensed = condense(self.shared.fs.as_ref(), segment, block_duration_ms);
        if !matches!(&condensed, Err(e) if e.kind() == ErrorKind::Unavailable) {
            // If it is damaged now, it will be later.
            self.kept.insert(segment.number);
        }
        let Some(bytes) = condensed? else {
            return Ok(());
        };
        let mut closed = self.shared.closed_segments.lock();
        for closed in closed.iter_mut().filter(|s| s.number == segment.number) {
            (closed.bytes, closed.is_condensed) = (bytes, true);
        }
        Ok(())
    }

    fn cut_due(&mut self) -> Result<()> {
        let state = self.shared.snapshot();
        let (due, left_behind) = (self.due(&state), !state.frozen.is_empty());
        // A snapshot that is held makes every write copy what it changes.
        drop(state);
        if due.is_empty() && !left_behind {
            return Ok(());
        }
        if !due.is_empty() {
            self.freeze(Some(due))?;
        }
        self.cut_frozen()
    }

    /// A window is due a quarter of its length after its end, once late samples have stopped coming: a block for each
    /// would be many small blocks. It does not wait for ever, nor while the head is large: then the oldest windows are cut,
    /// be they written to or not.
    fn due(&mut self, state: &State) -> BTreeSet<i64> {
        let newest = self.shared.counters.max_time().unwrap_or(i64::MIN);
        let duration = state.block_duration_ms;
        let is_due = |w: &Window| {
            let seen = self.looked_at.get(&w.number());
            let quiet = seen.is_some_and(|s| s.samples == w.samples());
            let waited = seen.is_some_and(|s| s.looks >= FLUSH_LOOKS_MAX);
            let passed = newest.saturating_sub(w.span().end) >= duration / 4;
            passed && (quiet || waited)
        };
        let mut due: BTreeSet<i64> = state
            .windows
            .iter()
            .filter(|w| is_due(w))
            .map(|w| w.number())
            .collect();
        let look = |w: &Window| {
            let looks = self.looked_at.get(&w.number()).map_or(0, |s| s.looks);
            Look {
                samples: w.samples(),
                looks: looks + 1,
            }
        };
        self.looked_at = state
            .windows
            .iter()
            .map(|w| (w.number(), look(w)))
            .collect();
        self.add_early(state, &mut due);
        due
    }

    /// Adds windows, oldest first, until those that are left take no more than half of what makes a flush early.
    fn add_early(&self, state: &State, due: &mut BTreeSet<i64>) {
        let budget = &self.shared.budget;
        let others = state.windows.iter().filter(|w| !due.contains(&w.number()));
        let others: Vec<_> = others
            .map(|w| (w.number(), w.heap_bytes() as u64))
            .collect();
        let mut left: u64 = others.iter().map(|w| w.1).sum();
        if left <= budget.early_bytes() {
            return;
        }
        let before = due.len();
        for (number, bytes) in others {
            due.insert(number);
            left -= bytes;
            if left <= budget.early_bytes() / 2 {
                break;
            }
        }
        budget.count_early(due.len() - before);
        tracing::info!(
            windows = due.len() - before,
            "cut windows early: the head takes half of its memory budget"
        );
    }

    fn freeze(&self, windows: Option<BTreeSet<i64>>) -> Result<()> {
        let request = |done| Work::Freeze(FreezeRequest { windows, done });
        self.shared.ask(request)?
    }

    /// Cuts the frozen windows in the order they were frozen. The first error ends it: a later part of a window must
    /// not be checkpointed before an earlier one.
    pub(crate) fn cut_frozen(&mut self) -> Result<()> {
        let frozen = self.shared.snapshot().frozen.clone();
        for window in frozen {
            if let Err(error) = self.cut(&window) {
                let failures = &self.shared.counters.flush_failures;
                failures.fetch_add(1, Relaxed);
                return Err(error);
            }
        }
        self.remove_segments();
        Ok(())
    }

    fn cut(&mut self, frozen: &FrozenWindow) -> Result<()> {
        let key = (frozen.window.number(), frozen.through_segment);
        let block = match self.written.get(&key) {
            Some(path) => Some(path.clone()),
            None => self.write_block(frozen)?,
        };
        let block = block.map(|path| self.open_written(key, path)).transpose()?;
        let mut checkpoint = self.checkpoint.clone();
        let flushed = FlushedWindow {
            through_segment: key.1,
            block: block.as_ref().map(|b| b.meta().ulid.to_string()),
        };
        checkpoint.flushed(key.0, flushed);
        // After an error the file may say either; both are true to what is on disk, and the next attempt says it again.
        checkpoint.write(self.shared.fs.as_ref(), &self.shared.layout)?;
        self.checkpoint = checkpoint;
        self.written.remove(&key);
        match &block {
            Some(block) => {
                tracing::info!(block = %block.path().display(), samples = block.meta().samples, "cut a block");
            }
            None => tracing::info!("nothing was left of a window, so no block was cut"),
        }
        let mut state = self.shared.state.lock();
        let state = Arc::make_mut(&mut state);
        state.replace(frozen, block.map(Arc::new));
        self.shared.head_takes(state.head_bytes());
        Ok(())
    }

    fn open_written(&mut self, key: (i64, u64), path: PathBuf) -> Result<StoredBlock> {
        let opened = open_new(&self.shared, &path);
        let block = opened.inspect_err(|_| drop(self.written.remove(&key)))?;
        self.written.insert(key, path);
        Ok(block)
    }

    /// Writes what is left of a window as a block; `None` if nothing is.
    fn write_block(&self, frozen: &FrozenWindow) -> Result<Option<PathBuf>> {
        let window = &frozen.window;
        let state = self.shared.snapshot().only(frozen);
        let now = (self.shared.options.now)();
        let hiding = Hiding::new(&state, TimeRange::ALL, now);
        let source = BlockSource {
            wal_through: Some(frozen.through_segment),
            level: 1,
            parents: Vec::new(),
            deletes_through: state.tombstones.newest(),
        };
        let ulid = Ulid::generate();
        let has_starts = !window.extras().has_no_starts();
        let mut block =
            NewBlock::begin(&self.shared, ulid, window.span(), source, now, has_starts)?;
        let writer = &mut block.writer;
        let mut known: Vec<_> = window.extras().metadata().cloned().collect();
        let mut last_name = String::new();
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        let (mut starts, mut histograms) = (Vec::new(), HistogramRows::default());
        let mut reader = window.reader();
        for (ordinal, labels) in self.shared.series.sorted(window.ordinals()) {
            timestamps.clear();
            values.clear();
            starts.clear();
            histograms.clear();
            let hidden = spans(&hiding.of(labels.as_ref()), 0);
            for range in outside(&hidden) {
                reader.read(ordinal, range, &mut timestamps, &mut values);
                window.read_histograms(ordinal, range, &mut histograms);
            }
            if timestamps.is_empty() && histograms.is_empty() {
                continue;
            }
            if window.extras().has_starts(ordinal) {
                window.read_starts(ordinal, &timestamps, &mut starts);
            }
            let floats = SeriesSamples {
                labels: labels.as_ref(),
                timestamps: &timestamps,
                values: &values,
            };
            writer.push_started(floats, &starts, &histograms)?;
            let name = labels.as_ref().metric_name();
            if name != last_name {
                self.shared.metadata.of_series(name, &mut known);
                name.clone_into(&mut last_name);
            }
        }
        for exemplar in exemplars_of(&state, &hiding, TimeRange::ALL, sort_by_time)? {
            writer.push_exemplar(exemplar)?;
        }
        metadata::sort(&mut known);
        writer.set_metadata(known);
        if writer.is_empty() {
            return Ok(None);
        }
        block.finish().map(Some)
    }

    /// Removes closed segments whose samples are all in blocks.
    fn remove_segments(&mut self) {
        let in_blocks = |s: &&ClosedSegment| {
            s.windows
                .iter()
                .all(|w| self.checkpoint.through(*w) >= s.number)
        };
        let closed = self.shared.closed_segments.lock();
        let needless: Vec<_> = closed
            .iter()
            .filter(in_blocks)
            .map(|s| (s.number, s.path.clone()))
            .collect();
        // The WAL thread must not wait for the disk.
        drop(closed);
        let mut removed = BTreeSet::new();
        for (number, path) in needless {
            match self.shared.fs.remove(&path) {
                Ok(()) => drop(removed.insert(number)),
                Err(error) => {
                    tracing::warn!(segment = %path.display(), %error, "cannot remove a wal segment, will try again");
                }
            }
        }
        let mut closed = self.shared.closed_segments.lock();
        closed.retain(|s| !removed.contains(&s.number));
        let first = closed.first().map_or(u64::MAX, |s| s.number);
        drop(closed);
        // Only once they are gone for good is a block complete without its line in the checkpoint.
        if self
            .shared
            .fs
            .sync_folder(&self.shared.layout.wal())
            .is_ok()
        {
            self.checkpoint.forget_before(first);
        }
    }

    /// What the next start needs to know.
    pub(crate) fn into_checkpoint(self) -> Checkpoint {
        self.checkpoint
    }

    /// Lets windows have another length from now on. There are no windows and no closed segments.
    pub(crate) fn change_duration(&mut self, block_duration_ms: i64) -> Result<()> {
        if !self.shared.closed_segments.lock().is_empty() {
            return Err(Error::unavailable(
                "wal segments could not be removed, so the block duration cannot change: check the disk and start again",
            ));
        }
        let checkpoint = self.checkpoint.with_duration(block_duration_ms);
        checkpoint.write(self.shared.fs.as_ref(), &self.shared.layout)?;
        self.checkpoint = checkpoint;
        Arc::make_mut(&mut self.shared.state.lock()).block_duration_ms = block_duration_ms;
        Ok(())
    }
}
