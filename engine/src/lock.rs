//! The lock of a data folder: one process at a time.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};

use narthex_model::{Error, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::layout::{Layout, unavailable};

/// Held while it lives; the kernel lets go of it when the process dies, however it dies.
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock and leaves the process id in the file, for the message another process gives.
    pub(crate) fn take(layout: &Layout) -> Result<Self> {
        let path = layout.lock();
        let open = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = open.map_err(|e| unavailable("open lock file", &path, e))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(in_use(layout, file)),
            Err(e) => return Err(unavailable("lock", &path, e.into())),
        }
        let written = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(|e| unavailable("write lock file", &path, e))?;
        Ok(Self { _file: file })
    }
}

fn in_use(layout: &Layout, file: File) -> Error {
    let mut holder = String::new();
    // Only for the message: without it the error still says what is wrong.
    let _ = file.take(32).read_to_string(&mut holder);
    let by = match holder.trim() {
        "" => "another process".to_owned(),
        pid => format!("process {pid}"),
    };
    let folder = layout.root().display();
    Error::unavailable(format!(
        "data folder {folder} is in use by {by}; stop it or choose another folder"
    ))
}
