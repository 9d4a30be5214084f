//! Merges blocks: reads them some series at a time, writes one block, and lets it take their place.
//!
//! The new block names its parents. The rename that makes it visible is the commit: from then on its parents count for
//! nothing, also after a crash, and are removed.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use narthex_model::{Error, ErrorKind, Result, TimeRange};
use parking_lot::{Mutex, MutexGuard};
use ulid::Ulid;

use super::clean::{blocks_out_of_retention, blocks_to_clean, forget_done};
use super::expire::{Aged, Bounds, expired};
use super::plan::{Candidate, Merge, pick};
use super::retire::retire;
use crate::block::{BlockSource, BlockWriter, SeriesSamples, Wanted};
use crate::conflict::Conflicts;
use crate::exemplars::sort_by_time;
use crate::find_exemplars::exemplars_of;
use crate::limits::{DISK_RESERVE_BYTES, HISTOGRAM_SAMPLES};
use crate::metadata;
use crate::new_block::{NewBlock, open_new};
use crate::quarantine::{list, set_aside};
use crate::shared::Shared;
use crate::state::State;
use crate::stitch::{Stitcher, series_at_once};
use crate::stored_block::StoredBlock;
use crate::tombstone::{Hiding, Tombstone};

/// A block is rewritten for a delete no sooner than this, so that deletes which come together share the work.
const REWRITE_DELAY_MS: i64 = 10 * 60_000;

/// It is looked no more often which blocks are worth rewriting for retention.
const RETENTION_LOOK_MS: i64 = 3_600_000;

/// A longer span is not divided: its blocks are not cut from the head.
const SLICES_MAX: i64 = 1000;

/// Whether blocks are rewritten for deletes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// At once.
    Now,
    /// Once a delete has waited a while.
    WhenDue,
}

/// What became of a merge.
enum Written {
    /// The block in this folder, without samples that others took the place of.
    Block(PathBuf, Conflicts),
    /// All its samples were deleted.
    Nothing,
    /// It was stopped half-way.
    Stopped,
}

/// Who compacts.
pub(crate) struct Compactor {
    shared: Arc<Shared>,
    /// Two merges might choose the same blocks.
    alone: Mutex<()>,
    /// Blocks that could not be merged.
    failed: Mutex<HashSet<Ulid>>,
    /// When it was last looked which blocks are worth rewriting for retention.
    looked_at: AtomicI64,
}

impl Compactor {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            alone: Mutex::new(()),
            failed: Mutex::new(HashSet::new()),
            looked_at: AtomicI64::new(i64::MIN),
        }
    }

    /// No merge is under way while the guard is held.
    pub(crate) fn pause(&self) -> MutexGuard<'_, ()> {
        self.alone.lock()
    }

    /// Merges until there is nothing to merge or `stopped` says so.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing, `Corrupt` if a block cannot be decoded. The blocks concerned then
    /// stay as they were.
    pub(crate) fn compact(&self, urgency: Urgency, stopped: impl Fn() -> bool) -> Result<()> {
        let _alone = self.alone.lock();
        self.move_damaged();
        self.drop_expired();
        while !stopped() && self.merge_one(urgency, &stopped)? {}
        forget_done(&self.shared)
    }

    /// Takes damaged blocks out of the state and their folders out of the way.
    pub(crate) fn set_damaged_aside(&self) {
        let _alone = self.alone.lock();
        self.move_damaged();
    }

    fn move_damaged(&self) {
        let quarantine = &self.shared.quarantine;
        if quarantine.all().is_empty() {
            return;
        }
        let state = self.shared.snapshot();
        let damaged = |b: &Arc<StoredBlock>| quarantine.find(&b.name()).map(|d| (b.clone(), d));
        let damaged: Vec<_> = state.blocks.iter().filter_map(damaged).collect();
        drop(state);
        if !damaged.is_empty() {
            let is_damaged = |b: &Arc<StoredBlock>| damaged.iter().any(|(d, _)| Arc::ptr_eq(d, b));
            let mut state = self.shared.state.lock();
            Arc::make_mut(&mut state).blocks.retain(|b| !is_damaged(b));
        }
        let (fs, layout) = (self.shared.fs.as_ref(), &self.shared.layout);
        for (_, damaged) in &damaged {
            if let Err(error) = set_aside(fs, layout, damaged) {
                tracing::error!(block = damaged.block, %error, "cannot set a damaged block aside");
            }
        }
        if let Ok(set_aside) = list(layout) {
            quarantine.refresh(set_aside, |name| layout.blocks().join(name).exists());
        }
    }

    /// Removes the blocks that are out of retention as a whole, and the oldest while there is too much.
    fn drop_expired(&self) {
        let state = self.shared.snapshot();
        let aged = |b: &Arc<StoredBlock>| Aged {
            max_time: b.meta().max_time,
            bytes: b.bytes(),
        };
        let blocks: Vec<_> = state.blocks.iter().map(aged).collect();
        let size_max = state.retention.size_bytes.unwrap_or(u64::MAX);
        let bounds = Bounds {
            oldest: state.cutoffs((self.shared.options.now)()).horizon().start,
            bytes_max: size_max.saturating_sub(self.shared.wal_bytes()),
        };
        let expired = expired(&blocks, bounds).into_iter();
        let expired: Vec<_> = expired
            .filter_map(|at| state.blocks.get(at).cloned())
            .collect();
        drop(state);
        if !expired.is_empty() {
            self.replace(&expired, None, "removed blocks that are out of retention");
        }
    }

    /// Does one merge if there is one to do; says whether it did.
    fn merge_one(&self, urgency: Urgency, stopped: &dyn Fn() -> bool) -> Result<bool> {
        let Some((merge, parents)) = self.next(urgency) else {
            return Ok(false);
        };
        let written = self.write(&merge, &parents, stopped);
        let quarantine = &self.shared.quarantine;
        if written.is_err() && parents.iter().any(|p| quarantine.find(&p.name()).is_some()) {
            // It was reported; the others can be merged without it.
            self.move_damaged();
            return Ok(true);
        }
        let written = written.inspect_err(|e| self.failed(e, &parents));
        match written? {
            Written::Block(path, conflicts) => {
                let block = open_new(&self.shared, &path)?;
                self.replace(&parents, Some(block), "merged blocks");
                self.shared.count_conflicts(&conflicts);
            }
            Written::Nothing => {
                // Without a successor that names them they must be gone before they count for nothing.
                parents
                    .iter()
                    .try_for_each(|p| retire(self.shared.fs.as_ref(), p.path()))?;
                self.replace(&parents, None, "removed blocks of which nothing was left");
            }
            Written::Stopped => return Ok(false),
        }
        let compactions = &self.shared.counters.compactions;
        compactions.fetch_add(1, Ordering::Relaxed);
        Ok(true)
    }

    /// What to merge next.
    fn next(&self, urgency: Urgency) -> Option<(Merge, Vec<Arc<StoredBlock>>)> {
        let state = self.shared.snapshot();
        let failed = self.failed.lock();
        let blocks: Vec<_> = state
            .blocks
            .iter()
            .filter(|b| !failed.contains(&b.meta().ulid))
            .collect();
        let candidates: Vec<_> = blocks
            .iter()
            .map(|b| Candidate {
                span: b.span(),
                samples: b.meta().samples + b.meta().histograms * HISTOGRAM_SAMPLES,
            })
            .collect();
        let busy = |window: TimeRange| state.head().any(|w| w.span().overlaps(&window));
        let Some(merge) = pick(&candidates, state.block_duration_ms, busy) else {
            let due = self.rewrite_due(&state, urgency);
            let block = blocks.iter().find(|b| due.contains(&b.meta().ulid))?;
            let (span, blocks) = (block.span(), Vec::new());
            return Some((Merge { span, blocks }, vec![Arc::clone(block)]));
        };
        let parents = merge
            .blocks
            .iter()
            .filter_map(|at| blocks.get(*at).map(|b| Arc::clone(b)));
        let parents = parents.collect();
        Some((merge, parents))
    }

    /// Leaves damaged blocks alone until the next start, so that they do not keep others from being merged. A disk
    /// that is full or fails may get well.
    fn failed(&self, error: &Error, parents: &[Arc<StoredBlock>]) {
        let failures = &self.shared.counters.compaction_failures;
        failures.fetch_add(1, Ordering::Relaxed);
        if error.kind() != ErrorKind::Unavailable {
            let mut failed = self.failed.lock();
            failed.extend(parents.iter().map(|b| b.meta().ulid));
        }
    }

    /// Blocks with samples that a delete hides, if the delete has waited long enough.
    fn rewrite_due(&self, state: &State, urgency: Urgency) -> HashSet<Ulid> {
        let now = (self.shared.options.now)();
        let is_due = |t: &Tombstone| {
            urgency == Urgency::Now || now.saturating_sub(t.created_ms) >= REWRITE_DELAY_MS
        };
        let tombstones = state.tombstones.iter().filter(|t| is_due(t));
        let due = tombstones.flat_map(|t| blocks_to_clean(state, &self.shared.series, t));
        let mut due: HashSet<_> = due.map(|b| b.meta().ulid).collect();
        let looked_at = self.looked_at.swap(now, Ordering::Relaxed);
        if urgency == Urgency::Now || now.saturating_sub(looked_at) >= RETENTION_LOOK_MS {
            let blocks = blocks_out_of_retention(state, &self.shared.series, now);
            due.extend(blocks.iter().map(|b| b.meta().ulid));
        } else {
            self.looked_at.store(looked_at, Ordering::Relaxed);
        }
        due
    }

    /// Writes the merged block, which leaves nothing behind if it is stopped half-way.
    fn write(
        &self,
        merge: &Merge,
        parents: &[Arc<StoredBlock>],
        stopped: &dyn Fn() -> bool,
    ) -> Result<Written> {
        // A merge that runs into the end of the disk would take the WAL's room meanwhile.
        let bytes: u64 = parents.iter().map(|b| b.bytes()).sum();
        self.shared.check_room(
            bytes.saturating_add(DISK_RESERVE_BYTES),
            "no blocks were merged",
        )?;
        let state = self.shared.snapshot();
        let only = state.only_blocks(parents);
        let duration = state.block_duration_ms;
        drop(state);
        let now = (self.shared.options.now)();
        let kept = only.cutoffs(now).horizon();
        let hiding = Hiding::new(&only, kept, now);
        let source = source(parents, only.tombstones.newest());
        let ulid = name_after(parents);
        let mut block = NewBlock::begin(
            &self.shared,
            ulid,
            merge.span,
            source,
            now,
            only.has_starts(),
        )?;
        let conflicts = RefCell::new(Conflicts::default());
        let (writer, told) = (&mut block.writer, &conflicts);
        if !self.write_series(&only, &hiding, kept, writer, told, stopped)? {
            return Ok(Written::Stopped);
        }
        for span in slices(merge.span, duration, parents) {
            for exemplar in exemplars_of(&only, &hiding, span.intersection(&kept), sort_by_time)? {
                block.writer.push_exemplar(exemplar)?;
            }
        }
        if block.writer.is_empty() {
            return Ok(Written::Nothing);
        }
        let mut known = Vec::new();
        for parent in parents {
            known.extend(parent.read_metadata()?);
        }
        metadata::sort(&mut known);
        block.writer.set_metadata(known);
        // It must read back before it counts: the rename is the commit.
        let path = block.finish()?;
        Ok(Written::Block(path, conflicts.into_inner()))
    }

    /// Writes what is left of the series of `only` in the range `kept`; `false` if it was stopped half-way.
    fn write_series(
        &self,
        only: &State,
        hiding: &Hiding,
        kept: TimeRange,
        writer: &mut BlockWriter,
        conflicts: &RefCell<Conflicts>,
        stopped: &dyn Fn() -> bool,
    ) -> Result<bool> {
        let series = self.shared.series.select(&[], |series| {
            let mut blocks = only.blocks.iter();
            let has_some = blocks.any(|b| b.local(series.ordinal).is_some());
            has_some.then(|| only.cost(series.ordinal, kept))
        });
        let report = |block: &StoredBlock, error: &Error| {
            let quarantine = &self.shared.quarantine;
            quarantine.report_error(&block.name(), Some(block.meta()), error);
            false
        };
        let mut from = 0;
        while from < series.len() {
            if stopped() {
                return Ok(false);
            }
            let rest = series.samples_max.get(from..).unwrap_or(&[]).iter();
            let to = from + series_at_once(rest.copied());
            let ordinals = series.ordinals.get(from..to).unwrap_or(&[]);
            let hidden = hiding.of_all((from..to).map(|at| series.labels(at)));
            let mut stitcher = Stitcher::new(only, kept, ordinals)
                .without(&hidden)
                .telling(conflicts);
            if only.has_starts() {
                stitcher = stitcher.wanting(Wanted::FLOATS.with_starts());
            }
            let columns = stitcher.read(report)?;
            let histograms = stitcher.read_histograms(report)?;
            for at in 0..ordinals.len() {
                let (rows, histograms) = (columns.rows(at), histograms.of(at));
                if rows.is_empty() && histograms.is_empty() {
                    continue;
                }
                let floats = SeriesSamples {
                    labels: series.labels(from + at),
                    timestamps: columns.times(at),
                    values: columns.values.get(rows.clone()).unwrap_or(&[]),
                };
                let starts = columns.starts.get(rows).unwrap_or(&[]);
                writer.push_started(floats, starts, &histograms)?;
            }
            from = to;
        }
        Ok(true)
    }

    /// No sample that arrived meanwhile ranks between the new block and its parents: the window was not being written
    /// to when it was chosen, and later samples are in later segments of the WAL.
    fn replace(&self, parents: &[Arc<StoredBlock>], block: Option<StoredBlock>, what: &str) {
        let samples = block.as_ref().map_or(0, |b| b.meta().samples);
        let path = block.as_ref().map(|b| b.path().to_owned());
        {
            let mut state = self.shared.state.lock();
            let state = Arc::make_mut(&mut state);
            state
                .blocks
                .retain(|b| !parents.iter().any(|p| Arc::ptr_eq(p, b)));
            block.into_iter().for_each(|b| state.add_block(Arc::new(b)));
        }
        tracing::info!(block = ?path, parents = parents.len(), samples, "{what}");
        for parent in parents {
            if let Err(error) = retire(self.shared.fs.as_ref(), parent.path()) {
                tracing::warn!(block = %parent.path().display(), %error, "cannot remove a block that is not needed");
            }
        }
    }
}

/// Spans of time whose exemplars are merged at once, if there are any.
fn slices(span: TimeRange, duration_ms: i64, parents: &[Arc<StoredBlock>]) -> Vec<TimeRange> {
    if parents.iter().all(|p| p.meta().exemplars == 0) {
        return Vec::new();
    }
    let length = duration_ms.max(1);
    if span.end.saturating_sub(span.start) / length > SLICES_MAX {
        return vec![span];
    }
    let starts = (0..SLICES_MAX + 1).map(|i| span.start.saturating_add(i.saturating_mul(length)));
    let starts = starts.take_while(|start| *start < span.end);
    let slice = |start: i64| TimeRange::new(start, start.saturating_add(length).min(span.end));
    starts.map(slice).collect()
}

/// A name that ranks right after the last of the parents: what came after them still has the last word.
fn name_after(parents: &[Arc<StoredBlock>]) -> Ulid {
    let last = parents.iter().max_by_key(|b| b.rank());
    let next = last.and_then(|b| b.meta().ulid.increment().ok());
    next.unwrap_or_else(Ulid::generate)
}

fn source(parents: &[Arc<StoredBlock>], deletes_through: u64) -> BlockSource {
    let sources = || parents.iter().map(|b| &b.meta().source);
    BlockSource {
        wal_through: sources().filter_map(|s| s.wal_through).max(),
        level: sources().map(|s| s.level).max().unwrap_or(0) + u32::from(parents.len() > 1),
        parents: parents.iter().map(|b| b.meta().ulid.to_string()).collect(),
        deletes_through,
    }
}
