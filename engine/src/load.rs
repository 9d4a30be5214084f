//! Reads a data folder into memory: blocks, then the WAL that is not in blocks yet.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{Error, ErrorKind, Result, TimestampMs};
use ulid::Ulid;

use crate::Progress;
use crate::accept::Acceptance;
use crate::block::{Block, BlockMeta};
use crate::checkpoint::Checkpoint;
use crate::delete::matched;
use crate::fs::FileSystem;
use crate::head::Window;
use crate::layout::{Layout, unavailable};
use crate::limits::READ_ONLY_ATTEMPTS_MAX;
use crate::metadata::MetadataTable;
use crate::quarantine::{Quarantine, list, set_aside};
use crate::restore::Restorer;
use crate::series_table::SeriesTable;
use crate::state::State;
use crate::stored_block::StoredBlock;
use crate::tombstone::{Tombstone, Tombstones};
use crate::wal::{CONDENSED_TMP, ClosedSegment, Replayer, SegmentFile, TailPolicy, list_segments};

/// A data folder in memory.
pub(crate) struct Loaded {
    pub(crate) series: Arc<SeriesTable>,
    pub(crate) metadata: Arc<MetadataTable>,
    pub(crate) state: State,
    pub(crate) acceptance: Acceptance,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) segments: Vec<ClosedSegment>,
    pub(crate) quarantine: Arc<Quarantine>,
}

/// What to do when the WAL is larger than the memory for it.
pub(crate) struct Spill<'a> {
    /// More than this is cut into blocks, between two segments.
    pub(crate) head_bytes_max: u64,
    /// Cuts the frozen windows.
    pub(crate) flush: &'a dyn Fn(Loaded) -> Result<Loaded>,
}

/// Who loads.
pub(crate) enum Access<'a> {
    /// The owner of the folder: what crashes left is tidied up, and what does not fit into memory is cut into blocks.
    Owner(&'a dyn FileSystem, &'a Spill<'a>),
    /// Someone who leaves everything as it is.
    Reader,
}

impl Access<'_> {
    /// Moves damaged blocks out of the way. What cannot be moved now is passed by all the same.
    fn set_aside(&self, layout: &Layout, quarantine: &Quarantine) {
        let Access::Owner(fs, _) = self else {
            return;
        };
        for damaged in quarantine.all() {
            if let Err(error) = set_aside(*fs, layout, &damaged) {
                tracing::error!(block = damaged.block, %error, "cannot set a damaged block aside");
            }
        }
    }

    /// Removes a block that counts for nothing; a reader only passes it by.
    fn tidy(&self, path: &Path, why: &str) -> Result<()> {
        if let Access::Owner(fs, _) = self {
            tracing::info!(block = %path.display(), "{why}");
            crate::block::remove_block(*fs, path)?;
        }
        Ok(())
    }
}

/// Loads the folder as its owner.
///
/// # Errors
/// `Corrupt` if the WAL is damaged, `Unavailable` if a file cannot be used.
pub(crate) fn load_as_owner(
    fs: &dyn FileSystem,
    layout: &Layout,
    acceptance: Acceptance,
    spill: &Spill<'_>,
    now: fn() -> TimestampMs,
    progress: Option<&dyn Progress>,
) -> Result<Loaded> {
    crate::block::remove_leftovers(fs, &layout.blocks())?;
    // If it cannot be removed, it is in nobody's way.
    let _ = fs.remove(&layout.wal().join(CONDENSED_TMP));
    load(layout, &Access::Owner(fs, spill), acceptance, now, progress)
}

/// Loads the folder while its owner may go on writing and flushing.
///
/// # Errors
/// As [`load_as_owner`].
pub(crate) fn load_as_reader(layout: &Layout) -> Result<Loaded> {
    let now = crate::clock::system_now_ms;
    for _ in 1..READ_ONLY_ATTEMPTS_MAX {
        let before = block_folders(layout)?;
        let tombstones = Tombstones::read(layout)?;
        match load(layout, &Access::Reader, Acceptance::new(0), now, None) {
            // A file may have gone while it was looked for.
            Err(_) if block_folders(layout)? != before => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unavailable) => {}
            Ok(loaded) if Checkpoint::read(layout)? != loaded.checkpoint => {}
            Ok(_) if Tombstones::read(layout)? != tombstones => {}
            Ok(_) if block_folders(layout)? != before => {}
            loaded => return loaded,
        }
    }
    load(layout, &Access::Reader, Acceptance::new(0), now, None)
}

fn load(
    layout: &Layout,
    access: &Access<'_>,
    acceptance: Acceptance,
    now: fn() -> TimestampMs,
    progress: Option<&dyn Progress>,
) -> Result<Loaded> {
    let checkpoint = Checkpoint::read(layout)?;
    let tombstones = Tombstones::read(layout)?;
    let segments = list_segments(&layout.wal())?;
    let state = State::new(checkpoint.block_duration_ms);
    let mut loaded = Loaded {
        series: Arc::default(),
        metadata: Arc::default(),
        state,
        acceptance,
        checkpoint,
        segments: Vec::new(),
        quarantine: Arc::new(Quarantine::new(now)),
    };
    let first_segment = segments.first().map(|s| s.number);
    let needless = loaded.add_blocks(block_folders(layout)?, first_segment)?;
    access.set_aside(layout, &loaded.quarantine);
    list(layout)?
        .into_iter()
        .for_each(|b| loaded.quarantine.report(b));
    // Only now: what takes their place has been opened.
    needless
        .iter()
        .try_for_each(|(path, why)| access.tidy(path, why))?;
    loaded.replay(&segments, tombstones, access, progress)
}

/// The folders that are named like blocks, oldest name first.
pub(crate) fn block_folders(layout: &Layout) -> Result<Vec<PathBuf>> {
    let folder = layout.blocks();
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|e| unavailable("list", &folder, e))? {
        let path = entry.map_err(|e| unavailable("list", &folder, e))?.path();
        if path
            .file_name()
            .and_then(|n| n.to_str())
            .is_some_and(|n| Ulid::from_string(n).is_ok())
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Loaded {
    /// The newest segment that there ever was, as far as anything refers to it.
    pub(crate) fn newest_segment(&self) -> u64 {
        let of_blocks = self
            .state
            .blocks
            .iter()
            .filter_map(|b| b.meta().source.wal_through);
        let on_disk = self.segments.iter().map(|s| s.number);
        of_blocks
            .chain(on_disk)
            .chain([self.state.tombstones.newest_segment()])
            .fold(self.checkpoint.newest_segment(), u64::max)
    }

    /// Adds the blocks in `folders` that count; gives those that count for nothing, and why. Damaged ones are reported:
    /// what they were merged from counts again.
    fn add_blocks(
        &mut self,
        folders: Vec<PathBuf>,
        first_segment: Option<u64>,
    ) -> Result<Vec<(PathBuf, &'static str)>> {
        let mut left = Vec::new();
        for path in folders {
            match BlockMeta::read(&path) {
                Ok(meta) => left.push((meta, path)),
                Err(error) => self.report_damage(&path, None, error)?,
            }
        }
        let mut needless = Vec::new();
        let unfinished = "removed a block whose flush never ended; its samples are in the wal";
        let (dropped, mut left): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|(meta, _)| self.is_unfinished(meta, first_segment));
        needless.extend(dropped.into_iter().map(|(_, path)| (path, unfinished)));
        let mut successors: HashSet<String> = HashSet::new();
        loop {
            let named = left.iter().flat_map(|(meta, _)| &meta.source.parents);
            let merged: HashSet<String> = named.chain(&successors).cloned().collect();
            let (waiting, counting): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|(meta, _)| merged.contains(&meta.ulid.to_string()));
            left = waiting;
            if counting.is_empty() {
                break;
            }
            for (meta, path) in counting {
                match self.add_block(&path) {
                    Ok(()) => successors.extend(meta.source.parents),
                    Err(error) => self.report_damage(&path, Some(&meta), error)?,
                }
            }
        }
        let merged = "removed a block that was merged into another";
        needless.extend(left.into_iter().map(|(_, path)| (path, merged)));
        Ok(needless)
    }

    /// Notes a damaged block; another error remains one.
    fn report_damage(&self, path: &Path, meta: Option<&BlockMeta>, error: Error) -> Result<()> {
        if error.kind() != ErrorKind::Corrupt {
            return Err(error);
        }
        let name = path.file_name().unwrap_or_default();
        let quarantine = &self.quarantine;
        quarantine.report_error(&name.to_string_lossy(), meta, &error);
        Ok(())
    }

    fn add_block(&mut self, path: &Path) -> Result<()> {
        let (block, labels) = Block::open(path)?;
        let (block, ordinals) = StoredBlock::new(path, block, &labels, &self.series)?;
        for (local, ordinal) in (0..).zip(ordinals) {
            self.acceptance.note(ordinal, block.newest(local));
        }
        for known in block.read_metadata()? {
            self.metadata.note(&known);
        }
        self.state.add_block(Arc::new(block));
        Ok(())
    }

    /// Whether the WAL still holds what is in the block, because the flush that wrote it never ended.
    fn is_unfinished(&self, meta: &BlockMeta, first_segment: Option<u64>) -> bool {
        let number = meta
            .span
            .start
            .div_euclid(self.checkpoint.block_duration_ms);
        let cut = Some(meta).filter(|m| m.source.parents.is_empty());
        cut.and_then(|m| m.source.wal_through)
            .is_some_and(|through| {
                self.checkpoint
                    .is_unfinished(number, through, first_segment)
            })
    }

    /// As the WAL thread did when the tombstone was set: what is concerned is not written to any more.
    fn freeze_for(&mut self, tombstone: &Tombstone) {
        let ordinals = matched(&self.series, &tombstone.matcher_sets);
        let windows = self.state.windows_with(&ordinals, tombstone.range);
        let chosen = |w: &Window| windows.contains(&w.number());
        self.state.freeze(tombstone.wal_through, chosen);
    }

    fn replay(
        mut self,
        segments: &[SegmentFile],
        tombstones: Tombstones,
        access: &Access<'_>,
        progress: Option<&dyn Progress>,
    ) -> Result<Self> {
        let total: u64 = segments.iter().map(|s| s.bytes).sum();
        let mut before = 0;
        let mut pending = tombstones.iter().peekable();
        for (i, segment) in segments.iter().enumerate() {
            while let Some(tombstone) = pending.next_if(|t| t.wal_through < segment.number) {
                self.freeze_for(tombstone);
            }
            let report = |bytes: u64| {
                if let Some(progress) = progress {
                    progress.replayed((before + bytes).min(total), total);
                }
            };
            let tail = match access {
                Access::Owner(fs, _) => TailPolicy::Truncate(*fs),
                Access::Reader => TailPolicy::Leave,
            };
            let replayer = Replayer {
                series: &self.series,
                block_duration_ms: self.checkpoint.block_duration_ms,
                tail,
                progress: &report,
            };
            let mut restorer = Restorer::new(&mut self.state, &self.checkpoint, segment.number);
            let (series, metadata) = (&self.series, &self.metadata);
            let acceptance = &mut self.acceptance;
            let closed = replayer.replay(segment, i + 1 == segments.len(), |replayed| {
                restorer.restore(replayed, series, metadata, acceptance);
            })?;
            restorer.finish();
            before += segment.bytes;
            self.segments.push(closed);
            if let Access::Owner(_, spill) = access
                && self.state.head_bytes() > spill.head_bytes_max
            {
                self.note_newest();
                // Those set later do not know what is frozen now, those set before do.
                self.state.set_tombstones(tombstones.clone());
                self.state.freeze(segment.number, |_| true);
                self = (spill.flush)(self)?;
            }
        }
        pending.for_each(|tombstone| self.freeze_for(tombstone));
        self.state.set_tombstones(tombstones);
        self.note_newest();
        Ok(self)
    }

    /// Tells which floats of the head are the newest of their series.
    fn note_newest(&mut self) {
        for window in self.state.head() {
            let acceptance = &mut self.acceptance;
            window
                .newest_floats()
                .for_each(|(ordinal, t)| acceptance.note(ordinal, t));
        }
    }
}
