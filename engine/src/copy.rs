//! A copy of the store at one moment, in `snapshots/<name>`: a store of its own, whose blocks are hard links.

use std::io;
use std::path::{Path, PathBuf};

use narthex_model::{Result, TimestampMs};
use ulid::Ulid;

use crate::checkpoint::Checkpoint;
use crate::fs::{self, FileSystem};
use crate::layout::{Layout, unavailable};
use crate::shared::Shared;
use crate::state::State;

/// Copies the blocks of `state`, of which none leaves meanwhile, and what is needed to open them as a store. Gives the name of
/// the copy.
///
/// # Errors
/// `Unavailable` if the disk is full or failing; nothing is left under the name of a copy then.
pub(crate) fn copy(shared: &Shared, state: &State) -> Result<String> {
    let fs = shared.fs.as_ref();
    let folder = shared.layout.snapshots();
    let name = name((shared.options.now)());
    let (tmp, done) = (folder.join(format!("{name}.tmp")), folder.join(&name));
    fs::create_folders(fs, &folder).map_err(|e| unavailable("create folder", &folder, e))?;
    let copied = fill(fs, &tmp, state).and_then(|()| {
        let moved = fs
            .rename(&tmp, &done)
            .and_then(|()| fs.sync_folder(&folder));
        moved.map_err(|e| unavailable("write snapshot", &done, e))
    });
    copied.inspect_err(|_| {
        // What cannot be removed is in nobody's way: its name is not that of a copy.
        let _ = fs.remove_folder(&tmp);
    })?;
    Ok(name)
}

/// Makes the store in folder `root`.
fn fill(fs: &dyn FileSystem, root: &Path, state: &State) -> Result<()> {
    let layout = Layout::new(root);
    layout.create_root(fs)?;
    layout.create(fs, &Checkpoint::new(state.block_duration_ms).encode()?)?;
    for block in &state.blocks {
        let to = layout.blocks().join(block.name());
        link_folder(fs, block.path(), &to).map_err(|e| unavailable("link block", &to, e))?;
    }
    let blocks = layout.blocks();
    fs.sync_folder(&blocks)
        .map_err(|e| unavailable("sync folder", &blocks, e))?;
    if state.tombstones.len() > 0 {
        state.tombstones.write(fs, &layout)?;
    }
    Ok(())
}

fn link_folder(fs: &dyn FileSystem, from: &Path, to: &Path) -> io::Result<()> {
    fs.create_folder(to)?;
    for entry in std::fs::read_dir(from)? {
        let path: PathBuf = entry?.path();
        if let Some(name) = path.file_name() {
            fs.link(&path, &to.join(name))?;
        }
    }
    fs.sync_folder(to)
}

/// The time to the second and something random, as Prometheus names its snapshots.
fn name(now: TimestampMs) -> String {
    let time = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    let random = Ulid::generate().0 as u64;
    format!("{}-{random:016x}", time.strftime("%Y%m%dT%H%M%SZ"))
}
