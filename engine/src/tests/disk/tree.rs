//! What is on a disk, what of it is synced, and what a power loss leaves.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::Random;

/// Folders and files, from a root on.
pub(super) struct Tree {
    /// The first one is the root.
    nodes: Vec<Node>,
    root: std::path::PathBuf,
}

enum Node {
    File(File),
    Folder(Folder),
}

#[derive(Default)]
struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
    /// Everything before this is the same in both.
    dirty_from: usize,
    /// By byte of `now`: whether a failed sync dropped it. It will never reach the disk unless it is written anew.
    dropped: Vec<bool>,
}

#[derive(Default)]
struct Folder {
    now: BTreeMap<String, usize>,
    synced: BTreeMap<String, usize>,
    /// What turns `synced` into `now`.
    unsynced: Vec<Names>,
}

/// A change of names in one folder.
#[derive(Clone)]
enum Names {
    Add(String, usize),
    Remove(String),
    Rename(String, String, usize),
}

impl Tree {
    /// What is in the folder `root`, as if it had all been synced.
    pub(super) fn read(root: &Path) -> Self {
        let mut tree = Self {
            nodes: vec![Node::Folder(Folder::default())],
            root: root.to_owned(),
        };
        tree.read_folder(root, 0);
        tree
    }

    fn read_folder(&mut self, path: &Path, at: usize) {
        for entry in std::fs::read_dir(path).expect("listed") {
            let path = entry.expect("listed").path();
            let child = if path.is_dir() {
                let child = self.push(Node::Folder(Folder::default()));
                self.read_folder(&path, child);
                child
            } else {
                let now = std::fs::read(&path).expect("read");
                self.push(Node::File(File {
                    synced: now.clone(),
                    dirty_from: now.len(),
                    dropped: vec![false; now.len()],
                    now,
                }))
            };
            let folder = self.folder(at);
            folder.now.insert(name(&path), child);
            folder.synced.insert(name(&path), child);
        }
    }

    /// Notes a new file or folder.
    pub(super) fn create(&mut self, path: &Path, is_folder: bool) -> usize {
        let node = if is_folder {
            Node::Folder(Folder::default())
        } else {
            Node::File(File::default())
        };
        let child = self.push(node);
        self.parent(path).change(Names::Add(name(path), child));
        child
    }

    /// Notes that a file or a folder has gone.
    pub(super) fn remove(&mut self, path: &Path) {
        self.parent(path).change(Names::Remove(name(path)));
    }

    /// Notes a new name in the same folder.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) {
        let child = self.find(from);
        assert_eq!(from.parent(), to.parent(), "renames stay in a folder");
        let names = Names::Rename(name(from), name(to), child);
        self.parent(from).change(names);
    }

    /// Notes that the names in a folder are on disk.
    pub(super) fn sync_folder(&mut self, path: &Path) {
        let at = self.find(path);
        let folder = self.folder(at);
        folder.synced = folder.now.clone();
        folder.unsynced.clear();
    }

    pub(super) fn append(&mut self, file: usize, bytes: &[u8]) {
        let file = self.file(file);
        file.now.extend_from_slice(bytes);
        file.dropped.resize(file.now.len(), false);
    }

    pub(super) fn truncate(&mut self, file: usize, len: usize) {
        let file = self.file(file);
        file.now.truncate(len);
        file.dropped.truncate(len);
        file.dirty_from = file.dirty_from.min(len);
    }

    /// The same bytes once more: what a failed sync dropped is there again.
    pub(super) fn write_over(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        let file = self.file(file);
        let range = offset..offset + bytes.len();
        assert_eq!(
            &file.now[range.clone()],
            bytes,
            "the bytes stay what they are"
        );
        file.dropped[range].fill(false);
    }

    pub(super) fn sync_file(&mut self, file: usize) {
        let file = self.file(file);
        file.synced = file.on_disk(file.now.len());
        file.dirty_from = file.now.len();
    }

    /// A sync that failed: the kernel says so once, and forgets what it could not write.
    pub(super) fn drop_unsynced(&mut self, file: usize) {
        let file = self.file(file);
        let from = file.dirty_from.min(file.dropped.len());
        file.dropped[from..].fill(true);
    }

    /// The file or folder at `path`.
    pub(super) fn find(&self, path: &Path) -> usize {
        let inside = path.strip_prefix(&self.root).expect("inside the disk");
        inside.components().fold(0, |at, part| match part {
            Component::Normal(part) => match &self.nodes[at] {
                Node::Folder(folder) => folder.now[part.to_str().expect("text")],
                Node::File(_) => panic!("{} is a file", path.display()),
            },
            _ => panic!("{} is no plain path", path.display()),
        })
    }

    /// Writes to the folder `to` what is there when the power is back: all that was synced, and some of the rest, in any
    /// order.
    pub(super) fn write_what_survives(&self, to: &Path, random: &mut Random) {
        self.write_folder(0, to, random);
    }

    fn write_folder(&self, at: usize, to: &Path, random: &mut Random) {
        let Node::Folder(folder) = &self.nodes[at] else {
            return;
        };
        for (name, child) in folder.survivors(random) {
            let path = to.join(name);
            match &self.nodes[child] {
                Node::File(file) => {
                    std::fs::write(path, file.survivors(random)).expect("written");
                }
                Node::Folder(_) => {
                    std::fs::create_dir(&path).expect("made");
                    self.write_folder(child, &path, random);
                }
            }
        }
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn file(&mut self, at: usize) -> &mut File {
        match &mut self.nodes[at] {
            Node::File(file) => file,
            Node::Folder(_) => panic!("a folder is no file"),
        }
    }

    fn folder(&mut self, at: usize) -> &mut Folder {
        match &mut self.nodes[at] {
            Node::Folder(folder) => folder,
            Node::File(_) => panic!("a file is no folder"),
        }
    }

    fn parent(&mut self, path: &Path) -> &mut Folder {
        let at = self.find(path.parent().expect("inside the disk"));
        self.folder(at)
    }
}

impl Folder {
    fn change(&mut self, names: Names) {
        names.apply(&mut self.now);
        self.unsynced.push(names);
    }

    /// Journals keep the order of changes, but nothing promises it.
    fn survivors(&self, random: &mut Random) -> BTreeMap<String, usize> {
        let mut names = self.synced.clone();
        let in_order = random.one_in(2);
        let kept = random.below(self.unsynced.len() as u64 + 1) as usize;
        for (i, change) in self.unsynced.iter().enumerate() {
            if (in_order && i < kept) || (!in_order && random.one_in(2)) {
                change.apply(&mut names);
            }
        }
        names
    }
}

impl Names {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Add(name, node) => {
                names.insert(name.clone(), *node);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
            Self::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl File {
    /// The first `len` bytes as the disk has them.
    fn on_disk(&self, len: usize) -> Vec<u8> {
        let bytes = self.now.iter().zip(&self.dropped).take(len);
        bytes.map(|(b, gone)| if *gone { 0 } else { *b }).collect()
    }

    /// The synced content; or the last write torn at any byte; or all of it but for a hole.
    fn survivors(&self, random: &mut Random) -> Vec<u8> {
        let unsynced = (self.now.len() - self.dirty_from) as u64;
        match random.below(3) {
            0 => self.synced.clone(),
            1 => self.on_disk(self.dirty_from + random.below(unsynced + 1) as usize),
            _ => {
                let mut bytes = self.on_disk(self.now.len());
                let from = self.dirty_from + random.below(unsynced) as usize;
                let to = (from + 1 + random.below(64) as usize).min(bytes.len());
                if from < to {
                    bytes[from..to].fill(0);
                }
                bytes
            }
        }
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().and_then(|n| n.to_str());
    name.expect("a name").to_owned()
}
