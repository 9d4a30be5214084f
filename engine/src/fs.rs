//! The one seam to the disk for everything that changes files: WAL, checkpoint, folders, blocks. Tests put disks behind it
//! that fail, fill up and lose power.
//!
//! What a caller may rely on after a power loss: the content of a file that was synced, and the names of a folder that was
//! synced. Nothing else, in no order.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file that is only ever appended to.
pub(crate) trait AppendFile: Send {
    /// Appends all of `bytes`. After an error any part of them may be in the file.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns once everything appended is on disk. After an error nobody knows what of it ever will be, whatever a
    /// later call says: the kernel may have dropped it. It has to be cut off and appended again.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file off after `len` bytes; the next append goes there.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// Where files live.
pub(crate) trait FileSystem: Send + Sync {
    /// Makes an empty file; an error if there is one already.
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;
    /// Opens a file that is there, to append to it.
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;
    /// Writes over bytes that a file has, and returns once all of it is on disk. Unlike a sync alone, it can be believed
    /// after one that failed, whoever called that.
    fn write_over(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file or a folder another name in one step, replacing a file or an empty folder that had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file; no error if there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes an empty folder; an error if the name is taken.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder and all that is in it; no error if there is none. After an error a part may be gone.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Gives a file that never changes a second name; where there are no such names, copies it.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to).or_else(|_| {
            fs::copy(from, to)?;
            fs::File::open(to)?.sync_all()
        })
    }
    /// Returns once the names in a folder are on disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Room that is left on the disk of `path`, in bytes.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// The file system of the machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RealFileSystem;

impl AppendFile for fs::File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

impl FileSystem for RealFileSystem {
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(
            OpenOptions::new()
                .append(true)
                .create_new(true)
                .open(path)?,
        ))
    }

    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn write_over(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.write_all_at(bytes, offset)?;
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        unless_missing(fs::remove_file(path))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        unless_missing(fs::remove_dir_all(path))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        fs::File::open(path)?.sync_all()
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(path)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

fn unless_missing(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Puts `bytes` at `path` so that after a crash either the old or the new content is there, whole.
pub(crate) fn replace(fs: &dyn FileSystem, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let tmp = path.with_extension("tmp");
    fs.remove(&tmp)?;
    let mut file = fs.create(&tmp)?;
    file.append(bytes)?;
    file.sync()?;
    drop(file);
    fs.rename(&tmp, path)?;
    sync_parent(fs, path)
}

/// Makes the folder `path` and those above it that are missing; their names are on disk when this returns. That goes for
/// those that were there, too: an earlier attempt may have failed half-way.
pub(crate) fn create_folders(fs: &dyn FileSystem, path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_folders(fs, parent)?;
    }
    let was_there = path.is_dir();
    if !was_there {
        fs.create_folder(path)?;
    }
    match sync_parent(fs, path) {
        // Above one's own folders there are those of others.
        Err(e) if was_there && e.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Returns once the name `path` is on disk, or gone from it.
pub(crate) fn sync_parent(fs: &dyn FileSystem, path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => fs.sync_folder(Path::new(".")),
        Some(folder) => fs.sync_folder(folder),
        None => Ok(()),
    }
}
