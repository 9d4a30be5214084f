//! The seam to the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Where files live.
pub trait Files: Send + Sync {
    /// All of a file.
    ///
    /// # Errors
    /// Why not.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Puts a file there, or another in its place; its folder is made if it is missing. After a crash, the old one or the new one is
    /// there, whole; once this has returned, the new one.
    ///
    /// # Errors
    /// Why not; then the old one is there as it was.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file another name.
    ///
    /// # Errors
    /// Why not.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// Why not.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder; none if it is not there.
    ///
    /// # Errors
    /// Why not.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;
}

/// The file system of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        if !folder.is_dir() {
            make_folder(folder)?;
        }
        let temporary = path.with_extension("tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync(folder)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_string().ok());
        let names: io::Result<Vec<_>> = entries.map(name).collect();
        Ok(names?.into_iter().flatten().collect())
    }
}

/// Makes a folder and those above it; their names are on disk when this returns.
fn make_folder(folder: &Path) -> io::Result<()> {
    let Some(parent) = folder.parent().filter(|_| !folder.is_dir()) else {
        return Ok(());
    };
    make_folder(parent)?;
    match fs::create_dir(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => (),
    }
    if parent.as_os_str().is_empty() {
        return Ok(());
    }
    sync(parent)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
