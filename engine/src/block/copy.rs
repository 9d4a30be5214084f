//! Copies a block of another store.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use narthex_model::{Error, Result};

use super::files;
use super::meta::{BlockMeta, BlockSource, META_FILE};
use super::write::LEFTOVER_SUFFIX;
use crate::fs::FileSystem;

/// Bytes that are copied at once.
const PIECE_BYTES: usize = 1 << 20;

/// Copies the block in folder `from` into folder `parent`, where it has the same name, but comes from `source`. `check` has
/// the last word before it becomes visible.
///
/// # Errors
/// `Corrupt` if it is no whole block, `Unavailable` if a file cannot be read or written: nothing is visible then.
pub(crate) fn copy_block(
    fs: &dyn FileSystem,
    from: &Path,
    parent: &Path,
    source: BlockSource,
    check: impl FnOnce(&Path) -> Result<()>,
) -> Result<BlockMeta> {
    let mut meta = BlockMeta::read(from)?;
    meta.source = source;
    let to = parent.join(meta.ulid.to_string());
    let folder = to.with_extension(LEFTOVER_SUFFIX);
    files::create_dir(fs, &folder)?;
    let copied = copy_files(fs, from, &folder, &meta)
        .and_then(|()| check(&folder))
        .and_then(|()| files::rename(fs, &folder, &to));
    copied.inspect_err(|_| {
        // What cannot be removed now is a leftover, which the next start removes.
        let _ = files::remove_dir(fs, &folder);
    })?;
    Ok(meta)
}

fn copy_files(fs: &dyn FileSystem, from: &Path, to: &Path, meta: &BlockMeta) -> Result<()> {
    for name in meta.files.keys() {
        // It comes from a foreign file: it must not lead out of the folder.
        if Path::new(name).file_name() != Some(name.as_ref()) {
            let what = format!("{name:?} is no name of a file");
            return Err(files::damaged(&from.join(META_FILE), what));
        }
        let (from, to) = (from.join(name), to.join(name));
        copy_file(fs, &from, &to).map_err(|e| {
            let message = format!("cannot copy {} to {}", from.display(), to.display());
            Error::unavailable(message).with_source(e)
        })?;
    }
    files::write_small(fs, &to.join(META_FILE), &meta.encode()?)?;
    files::sync_dir(fs, to)
}

fn copy_file(fs: &dyn FileSystem, from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, fs.create(to)?);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = from.read(&mut piece)?;
        match piece.get(..read) {
            None | Some([]) => return to.sync(),
            Some(bytes) => to.append(bytes)?,
        }
    }
}
