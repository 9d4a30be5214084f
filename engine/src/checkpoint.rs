//! `wal/checkpoint.json`: which part of the WAL is in blocks already.

use std::collections::BTreeMap;

use narthex_model::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::Options;
use crate::block::BlockMeta;
use crate::fs::{self, FileSystem};
use crate::layout::{Layout, json_bug, unavailable};

/// Windows of a block that a checkpoint made anew mentions; the WAL is replayed for the others.
const WINDOWS_PER_BLOCK_MAX: usize = 100_000;

/// For each flushed window, how far the WAL need not be replayed for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    version: u32,
    /// The newest segment that a flush ever referred to. Segments get numbers above it, even when all are gone.
    newest_segment: u64,
    /// By the number of the window: start divided by the block duration.
    windows: BTreeMap<i64, FlushedWindow>,
    /// The block duration that window numbers refer to.
    pub(crate) block_duration_ms: i64,
}

/// What became of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlushedWindow {
    /// Its samples in segments up to this one are in blocks.
    pub(crate) through_segment: u64,
    /// The block that was cut last, if anything was left for one.
    #[serde(default)]
    pub(crate) block: Option<String>,
}

impl Checkpoint {
    /// The checkpoint of a new store.
    pub(crate) fn new(block_duration_ms: i64) -> Self {
        Self {
            version: 1,
            newest_segment: 0,
            windows: BTreeMap::new(),
            block_duration_ms,
        }
    }

    /// The newest segment that a flush ever referred to.
    pub(crate) fn newest_segment(&self) -> u64 {
        self.newest_segment
    }

    /// A checkpoint that says what `blocks` say of themselves, for a store whose newest segment is `newest_segment`.
    ///
    /// Of a window that a block spans, the block or others have everything through its segment: blocks are merged only
    /// while the head has nothing of their time.
    pub(crate) fn rebuild(blocks: &[BlockMeta], newest_segment: u64) -> Self {
        let fresh = blocks.iter().filter(|b| b.source.level == 1);
        let shortest = fresh.map(|b| b.span.end.saturating_sub(b.span.start)).min();
        let duration = shortest.filter(|d| *d > 0);
        let mut rebuilt = Self::new(duration.unwrap_or(Options::default().block_duration_ms));
        rebuilt.newest_segment = newest_segment;
        for block in blocks {
            let Some(through_segment) = block.source.wal_through else {
                continue;
            };
            rebuilt.newest_segment = rebuilt.newest_segment.max(through_segment);
            let duration = rebuilt.block_duration_ms;
            let start = block.span.start.saturating_add(duration - 1);
            let windows = start.div_euclid(duration)..block.span.end.div_euclid(duration);
            for number in windows.take(WINDOWS_PER_BLOCK_MAX) {
                if rebuilt.through(number) < through_segment {
                    let block = Some(block.ulid.to_string());
                    let window = FlushedWindow {
                        through_segment,
                        block,
                    };
                    rebuilt.windows.insert(number, window);
                }
            }
        }
        rebuilt
    }

    /// The same store with windows of another length, of which none is flushed.
    pub(crate) fn with_duration(&self, block_duration_ms: i64) -> Self {
        Self {
            newest_segment: self.newest_segment,
            ..Self::new(block_duration_ms)
        }
    }

    /// The bytes of the file.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(json_bug)
    }

    /// Reads the file. A store always has one: without it nobody knows which blocks are complete.
    pub(crate) fn read(layout: &Layout) -> Result<Self> {
        let path = layout.checkpoint();
        let damaged = || {
            Error::corrupt(format!(
                "{} is missing or damaged; `narthex repair` makes it anew",
                path.display()
            ))
        };
        let bytes = std::fs::read(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => damaged(),
            _ => unavailable("read", &path, e),
        })?;
        let checkpoint: Self =
            serde_json::from_slice(&bytes).map_err(|e| damaged().with_source(e))?;
        if checkpoint.version == 1 && checkpoint.block_duration_ms > 0 {
            Ok(checkpoint)
        } else {
            Err(damaged())
        }
    }

    /// Replaces the file.
    pub(crate) fn write(&self, fs: &dyn FileSystem, layout: &Layout) -> Result<()> {
        let path = layout.checkpoint();
        fs::replace(fs, &path, &self.encode()?).map_err(|e| unavailable("write", &path, e))
    }

    /// The segment through which window `number` is in blocks; 0 if nothing of it is.
    pub(crate) fn through(&self, number: i64) -> u64 {
        self.windows.get(&number).map_or(0, |w| w.through_segment)
    }

    /// Notes that window `number` is in blocks through a segment.
    pub(crate) fn flushed(&mut self, number: i64, window: FlushedWindow) {
        self.newest_segment = self.newest_segment.max(window.through_segment);
        self.windows.insert(number, window);
    }

    /// Forgets windows that no segment from `first` on has to be compared with.
    pub(crate) fn forget_before(&mut self, first: u64) {
        self.windows.retain(|_, w| w.through_segment >= first);
    }

    /// Whether a block of window `number` cut through segment `through` belongs to a flush that never ended. `first` is
    /// the oldest segment on disk: segments up to `through` are removed only after the flush has ended.
    pub(crate) fn is_unfinished(&self, number: i64, through: u64, first: Option<u64>) -> bool {
        self.through(number) < through && first.is_some_and(|first| first <= through)
    }
}
