//! Where ledgers stand: below the data folder, changed by one process at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_bucket::is_url;
use narthex_model::Error;
use narthex_slo::generation::generation;
use narthex_slo::ledger::{Disk, Ledger};
use narthex_slo::spec::Slo;

/// The ledgers of a data folder.
#[derive(Debug)]
pub(crate) struct Shelf {
    data: PathBuf,
    /// Held as long as ledgers may be changed; or why they may not.
    lock: Result<File, Denied>,
}

/// Why ledgers may not be changed.
#[derive(Debug)]
enum Denied {
    /// Nobody wanted to.
    ToRead,
    /// This is a bucket, which is only read.
    Bucket,
    /// Another process has the lock.
    Taken,
    /// The folder cannot be written to.
    Unwritable(std::io::Error),
}

impl Shelf {
    /// The ledgers of a data folder, to be changed if nobody else does and the folder can be written to.
    pub(crate) fn open(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            lock: lock(data),
        }
    }

    /// The ledgers of a data folder, to be read alone.
    pub(crate) fn to_read(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            lock: Err(Denied::ToRead),
        }
    }

    /// Whether ledgers may be changed.
    pub(crate) fn is_ours(&self) -> bool {
        self.lock.is_ok()
    }

    /// Nothing, if ledgers may be changed.
    ///
    /// # Errors
    /// Why they may not.
    pub(crate) fn check(&self) -> narthex_model::Result<()> {
        self.lock.as_ref().map(|_| ()).map_err(|denied| {
            let folder = self.data.display();
            match denied {
                Denied::ToRead => Error::invalid("these ledgers are only read"),
                Denied::Bucket => Error::invalid(format!(
                    "ledgers are kept in data folders, and {folder} is a bucket, which is only read"
                )),
                Denied::Taken => Error::unavailable(
                    "another process keeps the ledgers of this folder: a server, which brings them up to date by itself, or a command such as `narthex slo fill`",
                ),
                Denied::Unwritable(error) => {
                    Error::unavailable(format!("ledgers cannot be kept in {folder}: {error}"))
                }
            }
        })
    }

    /// The ledger of an SLO, to be changed.
    ///
    /// # Errors
    /// As [`Shelf::check`], and whatever the disk says.
    pub(crate) fn own(&self, slo: &Slo) -> narthex_model::Result<Ledger> {
        self.check()?;
        let name = generation(slo).to_string();
        let folder = Ledger::folder(&self.data, &slo.id, &name);
        Ledger::own(Arc::new(Disk), &folder, &slo.id, &name, slo.slice_ms)
    }

    /// The ledger of an SLO, to be read; `None`: there is none yet.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(&self, slo: &Slo) -> narthex_model::Result<Option<Ledger>> {
        let folder = Ledger::folder(&self.data, &slo.id, &generation(slo).to_string());
        Ledger::open(Arc::new(Disk), &folder)
    }
}

/// The lock of the ledgers of a data folder.
fn lock(data: &Path) -> Result<File, Denied> {
    if data.to_str().is_some_and(is_url) {
        return Err(Denied::Bucket);
    }
    let file = lock_file(&data.join("slo")).map_err(Denied::Unwritable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Denied::Taken),
        Err(TryLockError::Error(error)) => Err(Denied::Unwritable(error)),
    }
}

fn lock_file(folder: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    options.open(folder.join("lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(shelf: &Shelf) -> String {
        assert!(!shelf.is_ours());
        shelf.check().expect_err("not ours").to_string()
    }

    #[test]
    fn who_may_not_change_ledgers_hears_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let ours = Shelf::open(folder.path());
        ours.check().expect("ours");
        assert!(denied(&Shelf::open(folder.path())).starts_with("another process keeps"));
        assert!(denied(&Shelf::to_read(folder.path())).contains("only read"));
        assert!(denied(&Shelf::open(Path::new("s3://bucket/x"))).contains("is a bucket"));
        drop(ours);
        Shelf::open(folder.path()).check().expect("free again");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert!(denied(&Shelf::open(&file)).starts_with("ledgers cannot be kept in"));
    }
}
