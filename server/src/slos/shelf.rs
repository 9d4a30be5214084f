//! Where ledgers stand: below the data folder, changed by one process at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_bucket::is_url;
use narthex_model::{Error, Result};
use narthex_slo::generation::generation;
use narthex_slo::ledger::{Disk, Ledger};
use narthex_slo::spec::Slo;

/// The ledgers of a data folder.
#[derive(Debug)]
pub(crate) struct Shelf {
    data: PathBuf,
    /// Held as long as ledgers may be changed.
    lock: Option<File>,
}

impl Shelf {
    /// The ledgers of a data folder, to be changed if nobody else does and the folder can be written to.
    pub(crate) fn open(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            lock: lock(data).ok().flatten(),
        }
    }

    /// The ledgers of a data folder, to be read alone.
    pub(crate) fn to_read(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            lock: None,
        }
    }

    /// Whether ledgers may be changed.
    pub(crate) fn is_ours(&self) -> bool {
        self.lock.is_some()
    }

    /// The ledger of an SLO, to be changed.
    ///
    /// # Errors
    /// `Conflict` if another process keeps the ledgers, and whatever the disk says.
    pub(crate) fn own(&self, slo: &Slo) -> Result<Ledger> {
        if !self.is_ours() {
            return Err(Error::unavailable(
                "another process keeps the ledgers of this folder",
            ));
        }
        let name = generation(slo).to_string();
        let folder = Ledger::folder(&self.data, &slo.id, &name);
        Ledger::own(Arc::new(Disk), &folder, &slo.id, &name, slo.slice_ms)
    }

    /// The ledger of an SLO, to be read; `None`: there is none yet.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(&self, slo: &Slo) -> Result<Option<Ledger>> {
        let folder = Ledger::folder(&self.data, &slo.id, &generation(slo).to_string());
        Ledger::open(Arc::new(Disk), &folder)
    }
}

/// The lock of the ledgers of a data folder; `None`: another process has it, or this is a bucket, which is only read.
fn lock(data: &Path) -> std::io::Result<Option<File>> {
    if data.to_str().is_some_and(is_url) {
        return Ok(None);
    }
    let folder = data.join("slo");
    std::fs::create_dir_all(&folder)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
