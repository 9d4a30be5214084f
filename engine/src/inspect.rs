//! What the blocks of a store hold, from their descriptions alone.

use std::path::Path;

use narthex_model::Result;

use crate::block::BlockMeta;
use crate::layout::Layout;
use crate::load::block_folders;

/// Reads the description of each block of the store in folder `path`, oldest name first. Takes no lock; blocks that a
/// live writer removes meanwhile, and damaged ones, are left out.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if the folder cannot be listed.
pub fn list_blocks(path: &Path) -> Result<Vec<BlockMeta>> {
    let layout = Layout::new(path);
    layout.check_format()?;
    let folders = block_folders(&layout)?;
    Ok(folders
        .iter()
        .filter_map(|f| BlockMeta::read(f).ok())
        .collect())
}
