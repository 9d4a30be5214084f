//! How blocks write files (through [`FileSystem`]), and read them with bounds checked, wherever they are (`folder.rs`).

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use narthex_model::{Error, Result};

use super::folder::{BlockFile, BlockFolder, read_error};
use super::meta::FileMeta;
use crate::fs::{AppendFile, FileSystem, sync_parent};
use crate::meter::{self, ReadCounts};

/// How many bytes are gathered before they are handed to the operating system.
const WRITE_BUFFER_BYTES: usize = 1 << 20;

/// Makes the new, empty folder `path`.
pub(super) fn create_dir(fs: &dyn FileSystem, path: &Path) -> Result<()> {
    fs.create_folder(path).map_err(|e| write_error(path, e))
}

/// Makes the entries of folder `path` durable.
pub(super) fn sync_dir(fs: &dyn FileSystem, path: &Path) -> Result<()> {
    fs.sync_folder(path).map_err(|e| write_error(path, e))
}

/// Renames a folder in one step, on disk when this returns; fails if `to` is a folder that is not empty.
pub(super) fn rename(fs: &dyn FileSystem, from: &Path, to: &Path) -> Result<()> {
    fs.rename(from, to)
        .and_then(|()| sync_parent(fs, to))
        .map_err(|e| write_error(from, e))
}

/// Removes the folder `path` and all that is in it.
pub(super) fn remove_dir(fs: &dyn FileSystem, path: &Path) -> Result<()> {
    fs.remove_folder(path).map_err(|e| write_error(path, e))
}

/// The folders inside `parent`.
pub(super) fn subfolders(parent: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(parent).map_err(|e| read_error(parent, e))? {
        let entry = entry.map_err(|e| read_error(parent, e))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// Writes a small file at once and makes it durable.
pub(super) fn write_small(fs: &dyn FileSystem, path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = fs.create(path)?;
        file.append(bytes)?;
        file.sync()
    };
    write().map_err(|e| write_error(path, e))
}

/// The whole file `name` of a folder, if it has at most `bytes_max` bytes.
pub(super) fn read_small(folder: &dyn BlockFolder, name: &str, bytes_max: u64) -> Result<Bytes> {
    let file = ReadFile::open(folder, name)?;
    if file.len() > bytes_max {
        return Err(damaged(
            file.path(),
            format!(
                "it has {} bytes, at most {bytes_max} were expected",
                file.len()
            ),
        ));
    }
    file.read_at(0, file.len())
}

/// An error that says which file is damaged, and how.
#[cold]
pub(super) fn damaged(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("{}: {what}", path.display()))
}

/// An error of writing, with the path it happened at.
#[cold]
pub(super) fn write_error(
    path: &Path,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::unavailable(format!("cannot write {}", path.display())).with_source(error)
}

/// A file of a block that is open for reading at positions, from many threads.
#[derive(Debug)]
pub(super) struct ReadFile {
    file: Box<dyn BlockFile>,
    path: PathBuf,
}

impl ReadFile {
    /// Opens the file `name` of a folder.
    pub(super) fn open(folder: &dyn BlockFolder, name: &str) -> Result<Self> {
        Ok(Self {
            file: folder.open(name)?,
            path: folder.path().join(name),
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes when it was opened.
    pub(super) fn len(&self) -> u64 {
        self.file.size()
    }

    /// The `len` bytes from `offset` on.
    ///
    /// # Errors
    /// As [`ReadFile::read_ranges`].
    pub(super) fn read_at(&self, offset: u64, len: u64) -> Result<Bytes> {
        let range = offset..offset.saturating_add(len);
        Ok(self.read_ranges(&[range])?.pop().unwrap_or_default())
    }

    /// The bytes of each range, in their order.
    ///
    /// # Errors
    /// `Corrupt` if they do not all lie inside the file, however long they are; `Unavailable` if they cannot be read now;
    /// `NotFound` if the block was removed meanwhile.
    pub(super) fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let outside = |r: &&Range<u64>| r.start > r.end || r.end > self.len();
        if let Some(range) = ranges.iter().find(outside) {
            let length = range.end.saturating_sub(range.start);
            let what = format!("it ends before byte {} + {length}", range.start);
            return Err(damaged(&self.path, what));
        }
        let read = self.file.read(ranges)?;
        let lengths = ranges.iter().map(|r| r.end - r.start);
        if !lengths.eq(read.iter().map(|bytes| bytes.len() as u64)) {
            return Err(damaged(&self.path, "it is shorter than when it was opened"));
        }
        meter::count(ReadCounts {
            bytes: read.iter().map(|bytes| bytes.len() as u64).sum(),
            ..ReadCounts::default()
        });
        Ok(read)
    }
}

/// A new file that counts and checksums what is written to it.
pub(super) struct ChecksumFile {
    file: Box<dyn AppendFile>,
    buffer: Vec<u8>,
    path: PathBuf,
    bytes: u64,
    crc32c: u32,
    tail_start: u64,
    tail_crc32c: u32,
}

impl ChecksumFile {
    /// Makes the file at `path`, empty.
    pub(super) fn create(fs: &dyn FileSystem, path: &Path) -> Result<Self> {
        let file = fs.create(path).map_err(|e| write_error(path, e))?;
        Ok(Self {
            file,
            buffer: Vec::with_capacity(WRITE_BUFFER_BYTES),
            path: path.to_owned(),
            bytes: 0,
            crc32c: 0,
            tail_start: 0,
            tail_crc32c: 0,
        })
    }

    /// What is written from now on is the tail, which has a checksum of its own.
    pub(super) fn start_tail(&mut self) {
        self.tail_start = self.bytes;
        self.tail_crc32c = 0;
    }

    /// Makes the file durable; its size and checksums.
    pub(super) fn finish(mut self) -> Result<FileMeta> {
        self.flush()
            .and_then(|()| self.file.sync())
            .map_err(|e| write_error(&self.path, e))?;
        Ok(FileMeta {
            bytes: self.bytes,
            crc32c: self.crc32c,
            tail_bytes: self.bytes - self.tail_start,
            tail_crc32c: self.tail_crc32c,
        })
    }
}

impl Write for ChecksumFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > WRITE_BUFFER_BYTES {
            self.flush()?;
        }
        if bytes.len() < WRITE_BUFFER_BYTES {
            self.buffer.extend_from_slice(bytes);
        } else {
            self.file.append(bytes)?;
        }
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.tail_crc32c = crc32c::crc32c_append(self.tail_crc32c, bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.append(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}
