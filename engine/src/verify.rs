//! Reads every file of a store and says which are damaged.

use std::path::{Path, PathBuf};

use narthex_model::Result;

use crate::block::{BlockStore, verify_block, verify_block_in};
use crate::checkpoint::Checkpoint;
use crate::layout::Layout;
use crate::load::block_folders;
use crate::tombstone::Tombstones;
use crate::wal::{check_segment, list_segments};

/// What `verify` found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Files read to the end with matching checksums.
    pub files_ok: u64,
    /// Bytes read.
    pub bytes: u64,
    /// One entry per damaged file: its path and what is wrong with it.
    pub damaged: Vec<(PathBuf, String)>,
}

/// Reads every file of the store in folder `path` and checks it against its checksums. Takes no lock; files that a
/// live writer removes meanwhile are left out.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if a folder cannot be listed.
pub fn verify(path: &Path) -> Result<VerifyReport> {
    let layout = Layout::new(path);
    let mut report = VerifyReport::default();
    layout.check_format()?;
    let checkpoint = layout.checkpoint();
    let bytes = checkpoint.metadata().map_or(0, |m| m.len());
    report.add(
        checkpoint,
        Checkpoint::read(&layout)
            .map(|_| bytes)
            .map_err(|e| e.to_string()),
    );
    let tombstones = layout.tombstones();
    if let Ok(metadata) = tombstones.metadata() {
        let read = Tombstones::read(&layout).map(|_| metadata.len());
        report.add(tombstones, read.map_err(|e| e.to_string()));
    }
    let segments = list_segments(&layout.wal())?;
    for (i, segment) in segments.iter().enumerate() {
        report.add(
            segment.path.clone(),
            check_segment(segment, i + 1 == segments.len()),
        );
    }
    for folder in block_folders(&layout)? {
        let checks = verify_block(&folder);
        if folder.exists() {
            for check in checks {
                report.add(check.path, check.damage.map_or(Ok(check.bytes), Err));
            }
        }
    }
    Ok(report)
}

/// Reads every file of the blocks in `store` and checks it against its checksums. Blocks that are removed meanwhile are left out.
///
/// # Errors
/// `Unavailable` if they cannot be listed.
pub fn verify_blocks(store: &dyn BlockStore) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    for (ulid, folder) in store.list()? {
        let checks = verify_block_in(folder.as_ref());
        let damaged = checks.iter().any(|check| check.damage.is_some());
        if damaged && !store.list()?.iter().any(|(there, _)| *there == ulid) {
            continue;
        }
        for check in checks {
            report.add(check.path, check.damage.map_or(Ok(check.bytes), Err));
        }
    }
    Ok(report)
}

impl VerifyReport {
    fn add(&mut self, path: PathBuf, checked: Result<u64, String>) {
        match checked {
            Ok(bytes) => {
                self.files_ok += 1;
                self.bytes += bytes;
            }
            Err(_) if !path.exists() && path.extension().is_some_and(|e| e == "wal") => {}
            Err(what) => self.damaged.push((path, what)),
        }
    }
}
