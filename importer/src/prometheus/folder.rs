//! The blocks of a data folder of Prometheus, and which of them count.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use narthex_formats::tsdb::BlockMeta;
use narthex_model::{Error, ErrorKind, Result};

use super::block::read_meta;
use crate::piece_file::read_error;

/// Letters of a block's name.
const NAME_BYTES: usize = 26;

/// A block that was found.
#[derive(Debug, Clone)]
pub struct FoundBlock {
    /// Its folder.
    pub folder: PathBuf,
    /// What it says of itself.
    pub meta: BlockMeta,
}

/// The blocks in `source`, which is a data folder or a block, from the oldest to the newest. Blocks that were merged
/// into another, or are empty, are left out.
///
/// # Errors
/// `NotFound` if it is neither; `Corrupt` if a block cannot say what it is.
pub fn find_blocks(source: &Path) -> Result<Vec<FoundBlock>> {
    let folders = if source.join("meta.json").exists() {
        vec![source.to_owned()]
    } else {
        block_folders(source)?
    };
    let mut blocks = Vec::new();
    for folder in folders {
        let meta = read_meta(&folder)?;
        blocks.push(FoundBlock { folder, meta });
    }
    let merged: HashSet<String> = blocks.iter().flat_map(|b| b.meta.parents.clone()).collect();
    blocks.retain(|b| !merged.contains(&b.meta.ulid) && b.meta.stats.num_samples > 0);
    blocks.sort_by(|a, b| {
        let key = |b: &FoundBlock| (b.meta.range.start, b.meta.ulid.clone());
        key(a).cmp(&key(b))
    });
    Ok(blocks)
}

fn block_folders(source: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(source).map_err(|e| read_error(source, e))?;
    let mut folders = Vec::new();
    let mut has_wal = false;
    for entry in entries {
        let entry = entry.map_err(|e| read_error(source, e))?;
        let name = entry.file_name();
        has_wal |= name == "wal";
        let is_block = |name: &str| {
            name.len() == NAME_BYTES && name.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if name.to_str().is_some_and(is_block) && entry.path().join("meta.json").exists() {
            folders.push(entry.path());
        }
    }
    if folders.is_empty() && !has_wal {
        let message = format!(
            "{} is no data folder of Prometheus: it has neither blocks nor a wal",
            source.display()
        );
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    Ok(folders)
}
