//! `wal/checkpoint.json`: which part of the WAL is in blocks already.

use std::collections::BTreeMap;

use narthex_model::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::fs::{self, FileSystem};
use crate::layout::{Layout, json_bug, unavailable};

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
                "{} is missing or damaged; restore it from a backup",
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
