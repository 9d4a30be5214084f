//! The files of the repository, read from the working folder.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 4] = [".git", "target", "node_modules", "narthex-data"];

/// A tree of files with its root.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
    /// All files, relative to the root, sorted.
    files: Vec<PathBuf>,
}

impl Tree {
    /// The tree this crate was built from.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn of_this_workspace() -> io::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::read(here.parent().unwrap_or(here))
    }

    /// The tree under `root`.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        walk(root, root, &mut files)?;
        files.sort();
        Ok(Self {
            root: root.to_owned(),
            files,
        })
    }

    /// Files whose name ends in `extension`, relative to the root.
    pub fn with_extension<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a Path> {
        let wanted = Some(OsStr::new(extension));
        self.files().filter(move |path| path.extension() == wanted)
    }

    /// All files, relative to the root.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// Whether a file or folder exists at `path`, relative to the root.
    pub fn exists(&self, path: &Path) -> bool {
        self.root.join(path).exists()
    }

    /// A file's text; `None` if it is not UTF-8 or cannot be read, as pictures and fixtures may be.
    pub fn text(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        let skipped = SKIPPED
            .iter()
            .any(|name| entry.file_name() == OsStr::new(name));
        if kind.is_dir() && !skipped {
            walk(root, &path, files)?;
        } else if kind.is_file() {
            files.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
    }
    Ok(())
}
