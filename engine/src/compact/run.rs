//! Merges blocks: reads them some series at a time, writes one block, and lets it take their place.
//!
//! The new block names its parents. The rename that makes it visible is the commit: from then on its parents count for
//! nothing, also after a crash, and are removed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use narthex_model::{Result, TimeRange};
use parking_lot::Mutex;
use ulid::Ulid;

use super::plan::{Candidate, Merge, pick};
use crate::block::{BlockSource, BlockWriter, SeriesSamples};
use crate::flush::{discard, read_back};
use crate::limits::COMPACTION_SAMPLES_AT_ONCE;
use crate::shared::Shared;
use crate::state::State;
use crate::stitch::Stitcher;
use crate::stored_block::StoredBlock;

/// Who compacts.
pub(crate) struct Compactor {
    shared: Arc<Shared>,
    /// Two merges might choose the same blocks.
    alone: Mutex<()>,
    /// Blocks that could not be merged.
    failed: Mutex<HashSet<Ulid>>,
}

impl Compactor {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            alone: Mutex::new(()),
            failed: Mutex::new(HashSet::new()),
        }
    }

    /// Merges until there is nothing to merge or `stopped` says so.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing, `Corrupt` if a block cannot be decoded. The blocks concerned then
    /// stay as they were.
    pub(crate) fn compact(&self, stopped: impl Fn() -> bool) -> Result<()> {
        let _alone = self.alone.lock();
        while !stopped() && self.merge_one(&stopped)? {}
        Ok(())
    }

    /// Does one merge if there is one to do; says whether it did.
    fn merge_one(&self, stopped: &dyn Fn() -> bool) -> Result<bool> {
        let Some((merge, parents)) = self.next() else {
            return Ok(false);
        };
        let written = self.write(&merge, &parents, stopped);
        let written = written.inspect_err(|_| self.avoid(&parents));
        let Some(path) = written? else {
            return Ok(false);
        };
        let opened = StoredBlock::open(&path, &self.shared.series);
        let (block, _) = opened.inspect_err(|_| discard(self.shared.fs.as_ref(), &path))?;
        self.replace(&parents, block);
        Ok(true)
    }

    /// What to merge next.
    fn next(&self) -> Option<(Merge, Vec<Arc<StoredBlock>>)> {
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
                samples: b.meta().samples,
            })
            .collect();
        let busy = |window: TimeRange| state.head().any(|w| w.span().overlaps(&window));
        let merge = pick(&candidates, state.block_duration_ms, busy)?;
        let parents = merge
            .blocks
            .iter()
            .filter_map(|at| blocks.get(*at).map(|b| Arc::clone(b)));
        let parents = parents.collect();
        Some((merge, parents))
    }

    /// Leaves blocks alone until the next start, so that one damaged block does not keep the others from being merged.
    fn avoid(&self, parents: &[Arc<StoredBlock>]) {
        self.failed
            .lock()
            .extend(parents.iter().map(|b| b.meta().ulid));
    }

    /// Writes the merged block; `None` if stopped half-way, which leaves nothing behind.
    fn write(
        &self,
        merge: &Merge,
        parents: &[Arc<StoredBlock>],
        stopped: &dyn Fn() -> bool,
    ) -> Result<Option<PathBuf>> {
        let folder = self.shared.layout.blocks();
        let ulid = Ulid::generate();
        let mut writer = BlockWriter::create_on(
            self.shared.fs.clone(),
            &folder,
            ulid,
            merge.span,
            source(parents),
            (self.shared.options.now)(),
        )?;
        let mut only = State::new(0);
        parents.iter().for_each(|b| only.add_block(b.clone()));
        let has = |ordinal| parents.iter().any(|b| b.local(ordinal).is_some());
        let series = self.shared.series.select(&[], has);
        let counts: Vec<u64> = series
            .ordinals
            .iter()
            .map(|o| only.count_max(*o, TimeRange::ALL))
            .collect();
        let mut from = 0;
        while from < counts.len() {
            if stopped() {
                return Ok(None);
            }
            let to = from + at_once(counts.get(from..).unwrap_or(&[]));
            let ordinals = series.ordinals.get(from..to).unwrap_or(&[]);
            let columns = Stitcher::new(&only, TimeRange::ALL, ordinals).read()?;
            for (labels, rows) in series
                .labels
                .iter()
                .skip(from)
                .zip(columns.offsets.windows(2))
            {
                let (Some(start), Some(end)) = (rows.first(), rows.last()) else {
                    continue;
                };
                let rows = *start as usize..*end as usize;
                writer.push(SeriesSamples {
                    labels: labels.as_ref(),
                    timestamps: columns.timestamps.get(rows.clone()).unwrap_or(&[]),
                    values: columns.values.get(rows).unwrap_or(&[]),
                })?;
            }
            from = to;
        }
        // It must read back before it counts: the rename is the commit.
        let path = folder.join(ulid.to_string());
        let written = writer.finish_checked(read_back);
        written.inspect_err(|_| discard(self.shared.fs.as_ref(), &path))?;
        Ok(Some(path))
    }

    /// No sample that arrived meanwhile ranks between the new block and its parents: the window was not being written
    /// to when it was chosen, and later samples are in later segments of the WAL.
    fn replace(&self, parents: &[Arc<StoredBlock>], block: StoredBlock) {
        let (path, samples) = (block.path().to_owned(), block.meta().samples);
        {
            let mut state = self.shared.state.lock();
            let state = Arc::make_mut(&mut state);
            state
                .blocks
                .retain(|b| !parents.iter().any(|p| Arc::ptr_eq(p, b)));
            state.add_block(Arc::new(block));
        }
        tracing::info!(block = %path.display(), parents = parents.len(), samples, "merged blocks");
        let fs = self.shared.fs.as_ref();
        parents.iter().for_each(|parent| discard(fs, parent.path()));
    }
}

/// How many series to read next: up to a bound of samples, at least one.
fn at_once(counts: &[u64]) -> usize {
    let mut held = 0_u64;
    let fits = counts.iter().take_while(|count| {
        held = held.saturating_add(**count);
        held <= COMPACTION_SAMPLES_AT_ONCE
    });
    fits.count().max(1)
}

fn source(parents: &[Arc<StoredBlock>]) -> BlockSource {
    let sources = || parents.iter().map(|b| &b.meta().source);
    BlockSource {
        wal_through: sources().filter_map(|s| s.wal_through).max(),
        level: sources().map(|s| s.level).max().unwrap_or(0) + 1,
        parents: parents.iter().map(|b| b.meta().ulid.to_string()).collect(),
    }
}
