//! Makes blocks of the store: each is written beside the others, read back, and only then has its name. What fails leaves nothing
//! behind.

use std::path::{Path, PathBuf};

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use ulid::Ulid;

use crate::block::{BlockSource, BlockWriter, remove_block, verify_block};
use crate::fs::FileSystem;
use crate::shared::Shared;
use crate::stored_block::StoredBlock;

/// A block that is being written.
pub(crate) struct NewBlock<'a> {
    shared: &'a Shared,
    path: PathBuf,
    pub(crate) writer: BlockWriter,
}

impl<'a> NewBlock<'a> {
    /// Begins block `ulid`, cut or merged for `span`, when it is `now`, for floats with start timestamps or without.
    ///
    /// # Errors
    /// `Unavailable` if its folder cannot be made.
    pub(crate) fn begin(
        shared: &'a Shared,
        ulid: Ulid,
        span: TimeRange,
        source: BlockSource,
        now: TimestampMs,
        start_timestamps: bool,
    ) -> Result<Self> {
        let (fs, folder) = (shared.fs.clone(), shared.layout.blocks());
        let writer =
            BlockWriter::create_on(fs, &folder, ulid, span, source, now, start_timestamps)?;
        Ok(Self {
            shared,
            path: folder.join(ulid.to_string()),
            writer: writer.with_workers(shared.workers.clone()),
        })
    }

    /// Makes it durable and gives it its name; gives its folder.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        let written = self.writer.finish_checked(read_back);
        written.inspect_err(|_| discard(self.shared.fs.as_ref(), &self.path))?;
        Ok(self.path)
    }
}

/// Opens a block that has just been made. One that cannot be opened is removed.
///
/// # Errors
/// What keeps it from being opened.
pub(crate) fn open_new(shared: &Shared, path: &Path) -> Result<StoredBlock> {
    let opened = StoredBlock::open(path, &shared.series);
    let (block, _) = opened.inspect_err(|_| discard(shared.fs.as_ref(), path))?;
    Ok(block)
}

/// A block is read back and compared with its checksums before it takes the place of what it was made from.
pub(crate) fn read_back(path: &Path) -> Result<()> {
    let damaged = verify_block(path)
        .into_iter()
        .find_map(|check| check.damage);
    damaged.map_or(Ok(()), |what| {
        Err(Error::unavailable(format!(
            "a new block does not read back as it was written: {what}; check the disk"
        )))
    })
}

/// Removes a block that failed, as far as possible. Should it stay, it holds nothing that is not elsewhere.
fn discard(fs: &dyn FileSystem, path: &Path) {
    if let Err(error) = remove_block(fs, path)
        && path.exists()
    {
        tracing::warn!(block = %path.display(), %error, "cannot remove a block that is not needed");
    }
}
