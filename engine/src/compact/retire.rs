//! Removes a block for good, so that nothing it stood for comes back.

use std::path::Path;

use narthex_model::Result;

use crate::block::{BlockMeta, remove_block};
use crate::fs::FileSystem;

/// Removes the block in folder `path`, if it is still there. A parent that could not be removed when it was merged counts for
/// nothing only as long as this block names it, so it goes first.
///
/// # Errors
/// `Unavailable` if a folder cannot be removed: the block then stays.
pub(super) fn retire(fs: &dyn FileSystem, path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // Of a block that cannot be read nobody knows the parents; it has none in nearly all cases.
    let parents = BlockMeta::read(path).map_or(Vec::new(), |meta| meta.source.parents);
    for parent in parents {
        retire(fs, &path.with_file_name(parent))?;
    }
    remove_block(fs, path)
}
