//! Where the files of a block are read from: a local folder, or whatever else can hand out ranges of bytes.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use narthex_model::{Error, ErrorKind, Result};
use ulid::Ulid;

/// The folder of one block, wherever it is. Files in it never change.
pub trait BlockFolder: Debug + Send + Sync {
    /// What messages call it: a path, or a URL. Its last part is the name of the block.
    fn path(&self) -> &Path;

    /// Opens the file `name` in it.
    ///
    /// # Errors
    /// `Corrupt` if a block that is there lacks it, `NotFound` if the whole block was removed meanwhile, `Unavailable` if it
    /// cannot be read now.
    fn open(&self, name: &str) -> Result<Box<dyn BlockFile>>;
}

/// A file that is read at positions, from many threads.
pub trait BlockFile: Debug + Send + Sync {
    /// Its size in bytes, when it was opened.
    fn size(&self) -> u64;

    /// The bytes of each of `ranges`, in their order; callers have made sure that they lie inside the file. They are given
    /// together so that they can be fetched together.
    ///
    /// # Errors
    /// As [`BlockFolder::open`]. What is returned has exactly the lengths asked for.
    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>>;
}

/// Where whole blocks lie, as a reader sees it.
pub trait BlockStore: Debug + Send + Sync {
    /// What messages call it.
    fn path(&self) -> &Path;

    /// The blocks that are complete at this moment, in order of their names.
    ///
    /// # Errors
    /// `Unavailable` if they cannot be listed now.
    fn list(&self) -> Result<Vec<(Ulid, Box<dyn BlockFolder>)>>;

    /// The content of `tombstones.json`, if there is one: what was deleted and may still be in blocks.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be read now.
    fn tombstones(&self) -> Result<Option<Bytes>>;
}

/// A folder of this machine.
#[derive(Debug, Clone)]
pub struct LocalFolder(PathBuf);

impl LocalFolder {
    /// The folder at `path`.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl BlockFolder for LocalFolder {
    fn path(&self) -> &Path {
        &self.0
    }

    fn open(&self, name: &str) -> Result<Box<dyn BlockFile>> {
        let path = self.0.join(name);
        let open = || -> io::Result<(File, u64)> {
            let file = File::open(&path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Ok((file, metadata.len()))
        };
        let (file, bytes) = open().map_err(|e| read_error(&path, e))?;
        Ok(Box::new(LocalFile { file, path, bytes }))
    }
}

#[derive(Debug)]
struct LocalFile {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl BlockFile for LocalFile {
    fn size(&self) -> u64 {
        self.bytes
    }

    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let read = |range: &Range<u64>| {
            let mut bytes = vec![0; (range.end - range.start) as usize];
            self.file.read_exact_at(&mut bytes, range.start)?;
            Ok(bytes.into())
        };
        let read: io::Result<_> = ranges.iter().map(read).collect();
        read.map_err(|e| read_error(&self.path, e))
    }
}

/// A block always has all its files, so one that is missing or too short is damage.
#[cold]
pub(super) fn read_error(path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof | io::ErrorKind::IsADirectory => {
            ErrorKind::Corrupt
        }
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot read {}", path.display())).with_source(error)
}
