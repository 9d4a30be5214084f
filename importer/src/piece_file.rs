//! A file that is read in pieces, mostly from front to back.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use narthex_model::{Error, ErrorKind, Result};

/// Bytes read at once.
const PIECE_BYTES: usize = 256 << 10;

/// An open file and the piece of it that was read last.
#[derive(Debug)]
pub(crate) struct PieceFile {
    file: File,
    path: PathBuf,
    length: u64,
    /// Offset of `piece` in the file.
    start: u64,
    piece: Vec<u8>,
}

impl PieceFile {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|e| read_error(path, e))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            length,
            start: 0,
            piece: Vec::new(),
        })
    }

    /// Its size in bytes when it was opened.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Names the file in an error.
    pub(crate) fn in_file(&self, offset: u64) -> impl Fn(Error) -> Error + use<'_> {
        move |error| error.context(format!("{}, from byte {offset} on", self.path.display()))
    }

    /// The `count` bytes from `offset` on; fewer at the end of the file.
    ///
    /// # Errors
    /// `Unavailable` if the disk fails.
    pub(crate) fn bytes(&mut self, offset: u64, count: usize) -> Result<&[u8]> {
        let count = self.available(offset, count);
        let is_inside =
            offset >= self.start && offset + count as u64 <= self.start + self.piece.len() as u64;
        if !is_inside {
            self.load(offset, count)?;
        }
        let from = (offset - self.start) as usize;
        Ok(self.piece.get(from..from + count).unwrap_or(&[]))
    }

    /// How many of `count` bytes from `offset` on there are.
    fn available(&self, offset: u64, count: usize) -> usize {
        let left = self.length.saturating_sub(offset);
        usize::try_from(left).unwrap_or(usize::MAX).min(count)
    }

    fn load(&mut self, offset: u64, count: usize) -> Result<()> {
        let count = self.available(offset, count.max(PIECE_BYTES));
        self.piece.resize(count, 0);
        self.start = offset;
        let read = self.file.read_exact_at(&mut self.piece, offset);
        read.map_err(|e| {
            self.piece.clear();
            read_error(&self.path, e)
        })
    }
}

/// The whole of a file that is small.
pub(crate) fn read_whole(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| read_error(path, e))
}

/// An error of reading, with the path it happened at.
pub(crate) fn read_error(path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot read {}", path.display())).with_source(error)
}
