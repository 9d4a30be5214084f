//! Names of files in a data folder, and the version of its format (docs/format/README.md).

use std::io;
use std::path::{Path, PathBuf};

use narthex_model::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::fs::{self, FileSystem};

/// The version of the data folder that this code reads and writes.
const FORMAT_VERSION: u32 = 1;

/// Paths inside a data folder.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

/// The content of `format.json`.
#[derive(Serialize, Deserialize)]
struct Format {
    version: u32,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn wal(&self) -> PathBuf {
        self.root.join("wal")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.wal().join("checkpoint.json")
    }

    pub(crate) fn blocks(&self) -> PathBuf {
        self.root.join("blocks")
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    pub(crate) fn tombstones(&self) -> PathBuf {
        self.root.join("tombstones.json")
    }

    pub(crate) fn damaged(&self) -> PathBuf {
        self.root.join("damaged")
    }

    pub(crate) fn imports(&self) -> PathBuf {
        self.root.join("imports.json")
    }

    fn format(&self) -> PathBuf {
        self.root.join("format.json")
    }

    /// Makes the root of a new store alone, so that it can be locked.
    pub(crate) fn create_root(&self, fs: &dyn FileSystem) -> Result<()> {
        if self.is_store() {
            return Ok(());
        }
        fs::create_folders(fs, &self.root)
            .map_err(|e| unavailable("create data folder", &self.root, e))
    }

    /// Whether a store was made here.
    pub(crate) fn is_store(&self) -> bool {
        self.format().exists()
    }

    /// Makes the folders. `format.json` comes last: a folder that has it is complete.
    pub(crate) fn create(&self, fs: &dyn FileSystem, checkpoint: &[u8]) -> Result<()> {
        for folder in [self.wal(), self.blocks()] {
            fs::create_folders(fs, &folder)
                .map_err(|e| unavailable("create folder", &folder, e))?;
        }
        let format = serde_json::to_vec(&Format {
            version: FORMAT_VERSION,
        })
        .map_err(json_bug)?;
        for (path, bytes) in [(self.checkpoint(), checkpoint), (self.format(), &format)] {
            fs::replace(fs, &path, bytes).map_err(|e| unavailable("write", &path, e))?;
        }
        Ok(())
    }

    /// Puts the names of all folders on disk: an earlier process may have died, or failed, before it did.
    pub(crate) fn sync(&self, fs: &dyn FileSystem) -> Result<()> {
        let sync = |folder: &Path| {
            fs.sync_folder(folder)
                .map_err(|e| unavailable("sync folder", folder, e))
        };
        [&self.root, &self.wal(), &self.blocks()]
            .into_iter()
            .try_for_each(|folder| sync(folder))
    }

    /// Refuses a folder that was written by a version that this one cannot read.
    pub(crate) fn check_format(&self) -> Result<()> {
        let path = self.format();
        let bytes = std::fs::read(&path).map_err(|e| self.no_store(&path, e))?;
        let format: Format = serde_json::from_slice(&bytes)
            .map_err(|e| Error::corrupt(format!("read {}", path.display())).with_source(e))?;
        if format.version == FORMAT_VERSION {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "data folder {} has format version {}, this program reads version {FORMAT_VERSION}; use a newer program",
            self.root.display(),
            format.version
        )))
    }

    fn no_store(&self, path: &Path, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::NotFound {
            return Error::new(
                ErrorKind::NotFound,
                format!("no store in folder {}", self.root.display()),
            );
        }
        unavailable("read", path, error)
    }
}

/// A file that cannot be used now: who wanted what.
pub(crate) fn unavailable(doing: &str, path: &Path, error: io::Error) -> Error {
    Error::unavailable(format!("{doing} {}", path.display())).with_source(error)
}

/// Our own types always turn into JSON.
pub(crate) fn json_bug(error: serde_json::Error) -> Error {
    Error::internal("encode json").with_source(error)
}
