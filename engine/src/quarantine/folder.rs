//! `damaged/`: where damaged blocks wait for someone to look at them (docs/format/README.md).

use std::io;
use std::path::{Path, PathBuf};

use narthex_model::{Result, TimestampMs};
use serde::{Deserialize, Serialize};

use super::DamagedBlock;
use crate::block::BlockMeta;
use crate::fs::{self, FileSystem};
use crate::layout::{Layout, json_bug, unavailable};

/// Says in the folder of a damaged block what is wrong with it.
const FILE: &str = "damage.json";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    block: String,
    reason: String,
    found_ms: TimestampMs,
    min_time: Option<TimestampMs>,
    max_time: Option<TimestampMs>,
}

/// A free name in `damaged/` for what is called `name`.
pub(crate) fn free_place(layout: &Layout, name: &str) -> PathBuf {
    let numbered = |n: u32| match n {
        1 => layout.damaged().join(name),
        _ => layout.damaged().join(format!("{name}.{n}")),
    };
    let mut n = 1;
    while numbered(n).exists() {
        n += 1;
    }
    numbered(n)
}

/// Moves the folder of a block to `damaged/` and says there why; gives where it is then.
///
/// # Errors
/// `Unavailable` if the disk is full or failing. The folder may have moved then, without a reason in it.
pub(crate) fn set_aside(
    fs: &dyn FileSystem,
    layout: &Layout,
    damaged: &DamagedBlock,
) -> Result<PathBuf> {
    let from = layout.blocks().join(&damaged.block);
    let to = free_place(layout, &damaged.block);
    let moved = || {
        fs::create_folders(fs, &layout.damaged())?;
        fs.rename(&from, &to)?;
        fs.sync_folder(&layout.damaged())?;
        fs.sync_folder(&layout.blocks())
    };
    moved().map_err(|e| unavailable("set aside damaged block", &from, e))?;
    let file = File {
        version: VERSION,
        block: damaged.block.clone(),
        reason: damaged.reason.clone(),
        found_ms: damaged.found_ms,
        min_time: damaged.time.map(|t| t.0),
        max_time: damaged.time.map(|t| t.1),
    };
    let bytes = serde_json::to_vec_pretty(&file).map_err(json_bug)?;
    let path = to.join(FILE);
    fs::replace(fs, &path, &bytes).map_err(|e| unavailable("write", &path, e))?;
    Ok(to)
}

/// The blocks that were set aside and are still there.
///
/// # Errors
/// `Unavailable` if the folder cannot be listed.
pub(crate) fn list(layout: &Layout) -> Result<Vec<DamagedBlock>> {
    let folder = layout.damaged();
    let entries = match std::fs::read_dir(&folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| unavailable("list", &folder, e))?,
    };
    let mut damaged = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| unavailable("list", &folder, e))?.path();
        if path.is_dir() {
            damaged.push(read(&path));
        }
    }
    damaged.sort_by(|a, b| a.block.cmp(&b.block));
    Ok(damaged)
}

/// What is said about a block that was set aside, or what can still be found out.
fn read(path: &Path) -> DamagedBlock {
    let bytes = std::fs::read(path.join(FILE)).unwrap_or_default();
    if let Ok(file) = serde_json::from_slice::<File>(&bytes) {
        return DamagedBlock {
            block: file.block,
            time: file.min_time.zip(file.max_time),
            reason: file.reason,
            found_ms: file.found_ms,
        };
    }
    let name = path.file_name().unwrap_or_default();
    DamagedBlock {
        block: name.to_string_lossy().into_owned(),
        time: BlockMeta::read(path)
            .ok()
            .map(|meta| (meta.min_time, meta.max_time)),
        reason: format!("not known: {FILE} is missing"),
        found_ms: 0,
    }
}
