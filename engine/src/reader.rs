//! A store that is only read: the folder of a live writer, or blocks that lie elsewhere. Both are looked at again on demand.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use narthex_model::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use ulid::Ulid;

use crate::Options;
use crate::accept::Acceptance;
use crate::block::{Block, BlockFolder, BlockMeta, BlockStore};
use crate::checkpoint::Checkpoint;
use crate::engine::share;
use crate::fs::RealFileSystem;
use crate::layout::Layout;
use crate::limits::{BLOCKS_OPENED_AT_ONCE, READ_ONLY_ATTEMPTS_MAX};
use crate::load::{Loaded, load_as_reader};
use crate::quarantine::Quarantine;
use crate::series_table::SeriesTable;
use crate::shared::Shared;
use crate::state::State;
use crate::stored_block::StoredBlock;
use crate::tombstone::Tombstones;

/// The blocks of one moment, for whoever keeps a copy of them elsewhere.
#[derive(Debug, Clone)]
pub struct StoredBlocks {
    /// Their folders, and what they are.
    pub blocks: Vec<(PathBuf, BlockMeta)>,
    pub(crate) tombstones: Tombstones,
}

impl StoredBlocks {
    /// The content of a `tombstones.json` for these blocks. With `also`, the content of an older one, for blocks of that time
    /// as well.
    ///
    /// # Errors
    /// `Corrupt` if `also` cannot be read.
    pub fn tombstones(&self, also: Option<&[u8]>) -> Result<Vec<u8>> {
        let also = also.map_or(Ok(Tombstones::default()), Tombstones::decode);
        let also =
            also.map_err(|what| Error::corrupt(format!("older tombstones are damaged: {what}")))?;
        self.tombstones.and(&also).encode()
    }
}

/// What a store that is only read shows, and how to look again.
pub(crate) struct Reader {
    source: Source,
    current: Mutex<Arc<Shared>>,
    /// One looks at a time.
    alone: Mutex<()>,
}

enum Source {
    /// Read as a whole each time: the log of its owner moves on.
    Folder(Layout),
    /// Blocks never change: only those that are new are opened.
    Blocks(Arc<dyn BlockStore>),
}

/// A block that was found.
type Found = (Ulid, Box<dyn BlockFolder>);

impl Reader {
    /// The data folder at `path`, whose owner may go on writing.
    ///
    /// # Errors
    /// `NotFound` if there is no store, `Corrupt` if it is damaged.
    pub(crate) fn folder(path: &Path) -> Result<Self> {
        let layout = Layout::new(path);
        layout.check_format()?;
        let current = load_folder(&layout)?;
        Ok(Self::new(Source::Folder(layout), current))
    }

    /// All blocks of `store`.
    ///
    /// # Errors
    /// `Unavailable` if they cannot be read now, `Corrupt` if one is damaged.
    pub(crate) fn blocks(store: Arc<dyn BlockStore>) -> Result<Self> {
        let options = Options::default();
        let empty = Loaded {
            series: Arc::new(SeriesTable::default()),
            metadata: Arc::default(),
            state: State::new(options.block_duration_ms),
            acceptance: Acceptance::new(0),
            checkpoint: Checkpoint::new(options.block_duration_ms),
            segments: Vec::new(),
            quarantine: Arc::new(Quarantine::new(options.now)),
        };
        let layout = Layout::new(store.path());
        let (shared, _, _) = share(Arc::new(RealFileSystem), layout, options, empty);
        let reader = Self::new(Source::Blocks(store), shared);
        reader.refresh()?;
        Ok(reader)
    }

    fn new(source: Source, current: Arc<Shared>) -> Self {
        Self {
            source,
            current: Mutex::new(current),
            alone: Mutex::new(()),
        }
    }

    /// What was seen last.
    pub(crate) fn current(&self) -> Arc<Shared> {
        self.current.lock().clone()
    }

    /// Looks again; see [`crate::Engine::refresh`].
    pub(crate) fn refresh(&self) -> Result<()> {
        let _alone = self.alone.lock();
        match &self.source {
            Source::Folder(layout) => {
                let shared = load_folder(layout)?;
                let retention = self.current().snapshot().retention.clone();
                Arc::make_mut(&mut shared.state.lock()).retention = retention;
                *self.current.lock() = shared;
            }
            Source::Blocks(store) => {
                let shared = self.current();
                let state = load_blocks(store.as_ref(), &shared)?;
                *shared.state.lock() = Arc::new(state);
            }
        }
        Ok(())
    }
}

fn load_folder(layout: &Layout) -> Result<Arc<Shared>> {
    let loaded = load_as_reader(layout)?;
    let fs = Arc::new(RealFileSystem);
    Ok(share(fs, layout.clone(), Options::default(), loaded).0)
}

/// The state of a moment at which every listed block was there.
fn load_blocks(store: &dyn BlockStore, shared: &Shared) -> Result<State> {
    for _ in 1..READ_ONLY_ATTEMPTS_MAX {
        match look(store, shared) {
            // It was merged or removed between two looks.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            loaded => return loaded,
        }
    }
    look(store, shared)
}

/// Deletes are read before blocks: one that is forgotten because all blocks are without it is then only known for too long.
fn look(store: &dyn BlockStore, shared: &Shared) -> Result<State> {
    let tombstones = store.tombstones()?;
    let tombstones = tombstones.map_or(Ok(Tombstones::default()), |bytes| {
        Tombstones::decode(&bytes).map_err(|what| damaged(store, &what))
    })?;
    open_listed(&store.list()?, tombstones, shared)
}

fn damaged(store: &dyn BlockStore, what: &str) -> Error {
    let path = store.path().display();
    Error::corrupt(format!("the tombstones in {path} are damaged: {what}"))
}

fn open_listed(listed: &[Found], tombstones: Tombstones, shared: &Shared) -> Result<State> {
    let before = shared.snapshot();
    let open: HashMap<Ulid, &Arc<StoredBlock>> =
        before.blocks.iter().map(|b| (b.meta().ulid, b)).collect();
    let metas = in_parallel(listed, |(ulid, folder)| match open.get(ulid) {
        Some(block) => Ok(block.meta().clone()),
        None => named_right(BlockMeta::read_in(folder.as_ref())?, *ulid, folder.as_ref()),
    })?;
    let merged: HashSet<&String> = metas.iter().flat_map(|m| &m.source.parents).collect();
    let counts: Vec<&Found> = listed
        .iter()
        .filter(|(ulid, _)| !merged.contains(&ulid.to_string()))
        .collect();
    let blocks = in_parallel(&counts, |(ulid, folder)| match open.get(ulid) {
        Some(block) => Ok(Arc::clone(block)),
        None => {
            let (block, labels) = Block::open_in(folder.as_ref())?;
            let opened = StoredBlock::new(folder.path(), block, &labels, &shared.series)?;
            let known = opened.0.read_metadata()?;
            known.iter().for_each(|k| shared.metadata.note(k));
            Ok(Arc::new(opened.0.elsewhere()))
        }
    })?;
    let mut state = State {
        blocks: Vec::new(),
        ..(*before).clone()
    };
    blocks.into_iter().for_each(|block| state.add_block(block));
    state.set_tombstones(tombstones);
    Ok(state)
}

fn named_right(meta: BlockMeta, ulid: Ulid, folder: &dyn BlockFolder) -> Result<BlockMeta> {
    if meta.ulid == ulid {
        return Ok(meta);
    }
    let what = format!("{} describes block {}", folder.path().display(), meta.ulid);
    Err(Error::corrupt(what))
}

/// Does `work` for each item on a few threads; the results in the order of the items, or one of the errors.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        while let Some((at, item)) = take(&next, items) {
            done.push((at, work(item)?));
        }
        Ok(done)
    };
    let threads = items.len().min(BLOCKS_OPENED_AT_ONCE);
    let parts: Vec<Result<Vec<(usize, R)>>> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(some)).collect();
        let panicked = |_| Err(Error::internal("a thread that opens blocks panicked"));
        let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(panicked);
        running.into_iter().map(join).collect()
    });
    let mut done = Vec::with_capacity(items.len());
    for part in parts {
        done.extend(part?);
    }
    done.sort_unstable_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

fn take<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    items.get(at).map(|item| (at, item))
}
