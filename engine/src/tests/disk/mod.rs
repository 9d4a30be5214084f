//! A disk that fails on demand and remembers what a power loss would leave of it.
//!
//! Files lie in a real folder, so that everything can be read as always; every change is mirrored in a [`Tree`] that knows
//! what has been synced. Each change is an operation with a number, so that a fault can be put at any of them.

mod random;
mod tree;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tempfile::TempDir;

pub(super) use random::Random;
use tree::Tree;

use crate::fs::{AppendFile, FileSystem, RealFileSystem};

/// What goes wrong, and from which operation on. Operations count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// One operation fails; what it wanted to sync is gone.
    BadOnce(u64),
    /// All operations fail.
    BadFrom(u64),
    /// One operation that takes room fails.
    FullOnce(u64),
    /// All operations that take room fail.
    FullFrom(u64),
    /// The power goes while the operation is under way. Nothing works any more; see [`Disk::after_power_loss`].
    PowerLoss(u64),
}

/// The disk; clones are the same one.
#[derive(Clone)]
pub(super) struct Disk {
    folder: Arc<TempDir>,
    state: Arc<Mutex<State>>,
}

struct State {
    tree: Tree,
    random: Random,
    operations: u64,
    fault: Option<Fault>,
    image: Option<TempDir>,
}

/// What kind of change an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// It takes room, which may be missing.
    Grow,
    /// It asks for what was written to be on disk.
    Sync,
    Other,
}

struct DiskFile {
    disk: Disk,
    file: Box<dyn AppendFile>,
    node: usize,
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

impl Disk {
    /// An empty disk.
    pub(super) fn new(seed: u64) -> Self {
        Self::over(tempfile::tempdir().expect("made"), seed)
    }

    /// A disk that begins with what is in a folder, all of it synced.
    fn over(folder: TempDir, seed: u64) -> Self {
        let state = State {
            tree: Tree::read(folder.path()),
            random: Random::new(seed),
            operations: 0,
            fault: None,
            image: None,
        };
        Self {
            folder: Arc::new(folder),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Where a store may be put.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.path().join("data/store")
    }

    /// As the engine wants it.
    pub(super) fn file_system(&self) -> Arc<dyn FileSystem> {
        Arc::new(self.clone())
    }

    /// How many operations there were.
    pub(super) fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Makes it fail, or work again.
    pub(super) fn set_fault(&self, fault: Option<Fault>) {
        self.state.lock().fault = fault;
    }

    /// What a new process finds once the power is back: everything synced, and some of the rest.
    pub(super) fn after_power_loss(&self) -> Self {
        let mut state = self.state.lock();
        let seed = state.random.next();
        let image = state.image.take();
        let image = image.unwrap_or_else(|| state.image());
        Self::over(image, seed)
    }

    /// Whether the power has gone.
    pub(super) fn is_dead(&self) -> bool {
        self.state.lock().image.is_some()
    }

    /// Counts an operation. Gives the state to work on, and the error to answer with once the operation was done in
    /// part.
    fn begin(&self, change: Change) -> (MutexGuard<'_, State>, Option<io::Error>) {
        let mut state = self.state.lock();
        state.operations += 1;
        let error = state.error(change).map(io::Error::from_raw_os_error);
        (state, error)
    }
}

impl State {
    fn error(&self, change: Change) -> Option<i32> {
        let now = self.operations;
        match self.fault? {
            Fault::BadOnce(at) | Fault::PowerLoss(at) if at == now => Some(EIO),
            Fault::BadFrom(at) if at <= now => Some(EIO),
            Fault::PowerLoss(_) if self.image.is_some() => Some(EIO),
            Fault::FullOnce(at) if at == now && change == Change::Grow => Some(ENOSPC),
            Fault::FullFrom(at) if at <= now && change == Change::Grow => Some(ENOSPC),
            _ => None,
        }
    }

    fn image(&mut self) -> TempDir {
        let image = tempfile::tempdir().expect("made");
        self.tree
            .write_what_survives(image.path(), &mut self.random);
        image
    }

    /// Ends an operation that failed: the power may have gone with it.
    fn end(&mut self, error: io::Error) -> io::Error {
        if self.fault == Some(Fault::PowerLoss(self.operations)) {
            self.image = Some(self.image());
        }
        error
    }
}

impl AppendFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut state, error) = self.disk.begin(Change::Grow);
        let written = match error {
            None => bytes.len(),
            Some(_) => state.random.below(bytes.len() as u64 + 1) as usize,
        };
        self.file.append(&bytes[..written])?;
        state.tree.append(self.node, &bytes[..written]);
        error.map_or(Ok(()), |e| Err(state.end(e)))
    }

    fn sync(&mut self) -> io::Result<()> {
        let (mut state, error) = self.disk.begin(Change::Sync);
        if let Some(error) = error {
            let error = state.end(error);
            state.tree.drop_unsynced(self.node);
            return Err(error);
        }
        state.tree.sync_file(self.node);
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let (mut state, error) = self.disk.begin(Change::Other);
        if let Some(error) = error {
            return Err(state.end(error));
        }
        self.file.truncate(len)?;
        state.tree.truncate(self.node, len as usize);
        Ok(())
    }
}

impl Disk {
    fn open(&self, node: usize, file: Box<dyn AppendFile>) -> Box<dyn AppendFile> {
        Box::new(DiskFile {
            disk: self.clone(),
            file,
            node,
        })
    }

    /// Does a change of names. If it fails, it may have been done all the same.
    fn change_names<T>(
        &self,
        change: Change,
        work: impl FnOnce(&mut Tree) -> io::Result<T>,
    ) -> io::Result<T> {
        let (mut state, error) = self.begin(change);
        let Some(error) = error else {
            return work(&mut state.tree);
        };
        if change == Change::Other && state.random.one_in(2) {
            // Done or not, the answer is the same.
            let _ = work(&mut state.tree);
        }
        Err(state.end(error))
    }
}

impl FileSystem for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let (node, file) = self.change_names(Change::Grow, |tree| {
            let file = RealFileSystem.create(path)?;
            Ok((tree.create(path, false), file))
        })?;
        Ok(self.open(node, file))
    }

    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = RealFileSystem.open_append(path)?;
        let node = self.state.lock().tree.find(path);
        Ok(self.open(node, file))
    }

    fn write_over(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.open_append(path)?;
        let node = self.state.lock().tree.find(path);
        let (mut state, error) = self.begin(Change::Other);
        if let Some(error) = error {
            return Err(state.end(error));
        }
        RealFileSystem.write_over(path, offset, bytes)?;
        state.tree.write_over(node, offset as usize, bytes);
        drop(state);
        file.sync()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change_names(Change::Other, |tree| {
            RealFileSystem.rename(from, to)?;
            tree.rename(from, to);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if !path.exists() {
            return Ok(());
        }
        self.change_names(Change::Other, |tree| {
            RealFileSystem.remove(path)?;
            tree.remove(path);
            Ok(())
        })
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.change_names(Change::Grow, |tree| {
            RealFileSystem.create_folder(path)?;
            tree.create(path, true);
            Ok(())
        })
    }

    /// Removes the files one by one, so that any of them may be left.
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        if !path.exists() {
            return Ok(());
        }
        for entry in std::fs::read_dir(path)? {
            self.remove(&entry?.path())?;
        }
        self.change_names(Change::Other, |tree| {
            RealFileSystem.remove_folder(path)?;
            tree.remove(path);
            Ok(())
        })
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if !path.starts_with(self.folder.path()) {
            return Ok(());
        }
        self.change_names(Change::Sync, |tree| {
            tree.sync_folder(path);
            Ok(())
        })
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        let state = self.state.lock();
        Ok(match state.fault {
            Some(Fault::FullFrom(at)) if at <= state.operations => 0,
            _ => u64::MAX,
        })
    }
}

impl Fault {
    /// The operation it begins with.
    pub(super) fn operation(self) -> u64 {
        match self {
            Self::BadOnce(at)
            | Self::BadFrom(at)
            | Self::FullOnce(at)
            | Self::FullFrom(at)
            | Self::PowerLoss(at) => at,
        }
    }
}
