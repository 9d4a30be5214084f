//! Old samples straight into blocks: for imports, which have them sorted by series.
//!
//! A backfilled block ranks before everything that came through the WAL: where both have a sample of the same series and
//! time, that of the WAL counts.

use std::path::Path;
use std::sync::Arc;

use narthex_model::{Error, Result, TimeRange};
use parking_lot::MutexGuard;
use ulid::Ulid;

use crate::block::{BlockMeta, BlockSource, SeriesSamples, copy_block, verify_block};
use crate::histograms::HistogramRows;
use crate::new_block::{NewBlock, open_new, read_back};
use crate::shared::Shared;

/// A span of old samples on their way into a block. Dropping it unfinished leaves nothing behind. No blocks are merged
/// while there is one.
pub struct Backfill<'a> {
    shared: &'a Shared,
    _no_compaction: MutexGuard<'a, ()>,
    span: TimeRange,
    /// `None` until the first series.
    block: Option<NewBlock<'a>>,
}

impl<'a> Backfill<'a> {
    pub(crate) fn new(
        shared: &'a Shared,
        no_compaction: MutexGuard<'a, ()>,
        span: TimeRange,
    ) -> Self {
        Self {
            shared,
            _no_compaction: no_compaction,
            span,
            block: None,
        }
    }

    /// Adds a series: its labels are greater than those of the series before, its samples lie in the span.
    ///
    /// # Errors
    /// `Internal` if series or samples are not in order, or outside the span; `Limit` if they are more than a block can
    /// number; `Unavailable` if the disk is full or failing.
    pub fn push(&mut self, series: SeriesSamples<'_>) -> Result<()> {
        self.push_with(series, &HistogramRows::default())
    }

    /// Adds a series with its native histograms, strictly increasing in time, none at the time of a float.
    ///
    /// # Errors
    /// As [`Backfill::push`].
    pub fn push_with(
        &mut self,
        series: SeriesSamples<'_>,
        histograms: &HistogramRows,
    ) -> Result<()> {
        let ends = [
            series.timestamps.first(),
            series.timestamps.last(),
            histograms.timestamps.first(),
            histograms.timestamps.last(),
        ];
        if ends.into_iter().flatten().any(|t| !self.span.contains(*t)) {
            return Err(Error::internal(format!(
                "series {} has samples outside of what is filled",
                series.labels
            )));
        }
        let block = match &mut self.block {
            Some(block) => block,
            None => {
                let (shared, now) = (self.shared, (self.shared.options.now)());
                let source = source(shared, 1);
                let begun =
                    NewBlock::begin(shared, Ulid::generate(), self.span, source, now, false)?;
                self.block.insert(begun)
            }
        };
        block.writer.push_with(series, histograms)
    }

    /// Makes the samples durable and visible, all at once; `None` if there was no series.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing; nothing is visible then.
    pub fn finish(self) -> Result<Option<BlockMeta>> {
        let Some(block) = self.block else {
            return Ok(None);
        };
        show(self.shared, &block.finish()?).map(Some)
    }
}

/// Copies the block in folder `from` of another store, checked byte by byte; `None` if a block of that name is here already.
pub(crate) fn adopt(
    shared: &Shared,
    _no_compaction: &MutexGuard<'_, ()>,
    from: &Path,
) -> Result<Option<BlockMeta>> {
    if let Some(damage) = verify_block(from).into_iter().find_map(|c| c.damage) {
        return Err(Error::corrupt(damage));
    }
    let theirs = BlockMeta::read(from)?;
    let state = shared.snapshot();
    if state.blocks.iter().any(|b| b.meta().ulid == theirs.ulid) {
        return Ok(None);
    }
    drop(state);
    let (fs, folder) = (shared.fs.as_ref(), shared.layout.blocks());
    let source = source(shared, theirs.source.level);
    let meta = copy_block(fs, from, &folder, source, read_back)?;
    show(shared, &folder.join(meta.ulid.to_string())).map(Some)
}

/// A source without a WAL, at this moment.
fn source(shared: &Shared, level: u32) -> BlockSource {
    BlockSource {
        wal_through: None,
        level,
        parents: Vec::new(),
        // Deletes hide what was stored before them.
        deletes_through: shared.snapshot().tombstones.newest(),
    }
}

/// Lets readers see a block that has been written; gives what it is.
fn show(shared: &Shared, path: &Path) -> Result<BlockMeta> {
    let block = open_new(shared, path)?;
    let meta = block.meta().clone();
    for known in block.read_metadata()? {
        shared.metadata.note(&known);
    }
    shared.counters.raise_max_time(meta.max_time);
    let mut state = shared.state.lock();
    Arc::make_mut(&mut state).add_block(Arc::new(block));
    drop(state);
    shared
        .late
        .note(TimeRange::inclusive(meta.min_time, meta.max_time));
    Ok(meta)
}
