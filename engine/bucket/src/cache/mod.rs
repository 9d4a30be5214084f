//! What was read from the bucket, in memory and on disk, in aligned pages; who wants the same page at the same time shares one
//! request.

mod disk;
mod lru;
mod pages;
mod slot;

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use narthex_engine::meter::{self, ReadCounts};
use narthex_model::{Error, ErrorKind, Result};
use object_store::path::Path;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use self::disk::Disk;
use self::lru::Lru;
use self::slot::{Failure, Slot};
use crate::client::{Client, in_place};
use crate::counters::{BucketStats, add};
use crate::limits::{DISK_QUEUE_MAX, PAGE_BYTES};
use crate::retry::Patience;

/// What is kept of what was read.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// Bytes of pages in memory; with 0, nothing is kept there.
    pub memory_bytes_max: u64,
    /// A folder for more of them, and how many bytes it may have.
    pub disk: Option<(PathBuf, u64)>,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 << 20,
            disk: None,
        }
    }
}

/// An object whose pages are kept.
#[derive(Debug, Clone)]
pub(crate) struct CachedObject {
    pub(crate) path: Path,
    pub(crate) size: u64,
    /// Path, tag and size: another content has another key.
    key: Arc<str>,
}

impl CachedObject {
    pub(crate) fn new(bucket: &str, path: Path, size: u64, tag: &str) -> Self {
        let key = format!("{bucket} {path} {tag} {size}").into();
        Self { path, size, key }
    }
}

type PageKey = (Arc<str>, u64);

/// The cache of one bucket.
#[derive(Debug)]
pub(crate) struct Cache {
    client: Arc<Client>,
    patience: Patience,
    held: Mutex<Held>,
    disk: Option<Disk>,
    /// Pages that may wait for the disk.
    disk_queue: Arc<Semaphore>,
}

#[derive(Debug)]
struct Held {
    pages: Lru<PageKey, Bytes>,
    coming: HashMap<PageKey, Arc<Slot>>,
}

/// Where a page is.
enum Found {
    Here(Bytes),
    Coming(Arc<Slot>),
}

/// Pages that one request fetches. However it ends, those who wait hear of it.
struct Fetch {
    cache: Arc<Cache>,
    object: CachedObject,
    pages: Range<u64>,
    slots: Vec<Arc<Slot>>,
}

impl Cache {
    /// An empty cache, or what its folder still has.
    ///
    /// # Errors
    /// `Unavailable` if the folder cannot be used.
    pub(crate) fn new(
        client: Arc<Client>,
        options: &CacheOptions,
        patience: Patience,
    ) -> Result<Arc<Self>> {
        let disk = options.disk.as_ref();
        let disk = disk
            .map(|(folder, bytes_max)| Disk::open(folder, *bytes_max))
            .transpose()?;
        Ok(Arc::new(Self {
            client,
            patience,
            held: Mutex::new(Held {
                pages: Lru::new(options.memory_bytes_max),
                coming: HashMap::new(),
            }),
            disk,
            disk_queue: Arc::new(Semaphore::new(DISK_QUEUE_MAX)),
        }))
    }

    /// The bytes of each of `ranges` of an object. They lie inside of it.
    ///
    /// # Errors
    /// `NotFound` if the object is gone, `Unavailable` if the bucket does not answer in time.
    pub(crate) fn read(
        self: &Arc<Self>,
        object: &CachedObject,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Bytes>> {
        let numbers = pages::covering(ranges);
        let found = self.find(object, &numbers);
        let mut held = Vec::with_capacity(found.len());
        for (number, found) in numbers.into_iter().zip(found) {
            let page = match found {
                Found::Here(page) => page,
                Found::Coming(slot) => in_place(|| slot.wait())?,
            };
            held.push((number, page));
        }
        ranges
            .iter()
            .map(|range| pages::assemble(range, &held).ok_or_else(lost))
            .collect()
    }

    /// All numbers, those of the cache's size included.
    pub(crate) fn stats(&self) -> BucketStats {
        BucketStats {
            memory_bytes: self.held.lock().pages.bytes(),
            disk_bytes: self.disk.as_ref().map_or(0, Disk::bytes),
            ..self.client.counters.read()
        }
    }

    /// Where each page is; requests for those that are nowhere are on their way when this returns.
    fn find(self: &Arc<Self>, object: &CachedObject, numbers: &[u64]) -> Vec<Found> {
        let (mut found, mut mine) = (Vec::with_capacity(numbers.len()), Vec::new());
        {
            let Held { pages, coming } = &mut *self.held.lock();
            for number in numbers {
                let key = (object.key.clone(), *number);
                if let Some(page) = pages.get(&key) {
                    found.push(Found::Here(page.clone()));
                } else if let Some(slot) = coming.get(&key) {
                    found.push(Found::Coming(slot.clone()));
                } else {
                    let slot = Arc::new(Slot::default());
                    coming.insert(key, slot.clone());
                    mine.push((*number, slot.clone()));
                    found.push(Found::Coming(slot));
                }
            }
        }
        add(
            &self.client.counters.memory_hits,
            (numbers.len() - mine.len()) as u64,
        );
        mine.retain(|(number, slot)| !self.load(object, *number, slot));
        meter::count(ReadCounts {
            cache_hits: (numbers.len() - mine.len()) as u64,
            cache_misses: mine.len() as u64,
            ..ReadCounts::default()
        });
        add(&self.client.counters.misses, mine.len() as u64);
        for run in pages::runs(&mine) {
            if let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) {
                let fetch = Fetch {
                    cache: self.clone(),
                    object: object.clone(),
                    pages: *first..last + 1,
                    slots: run.iter().map(|(_, slot)| slot.clone()).collect(),
                };
                self.client.spawn(fetch.run());
            }
        }
        found
    }

    /// Takes a page from the disk, if it is there.
    fn load(&self, object: &CachedObject, number: u64, slot: &Slot) -> bool {
        let page = self
            .disk
            .as_ref()
            .and_then(|disk| disk.get(&disk_key(object, number)));
        let page = page.filter(|page| page.len() as u64 == pages::length(number, object.size));
        let Some(page) = page else {
            return false;
        };
        add(&self.client.counters.disk_hits, 1);
        self.settle(object, number, slot, Ok(page));
        true
    }

    /// Hands a page to those who wait and keeps it.
    fn settle(
        &self,
        object: &CachedObject,
        number: u64,
        slot: &Slot,
        page: Result<Bytes, Failure>,
    ) {
        let key = (object.key.clone(), number);
        {
            let Held { pages, coming } = &mut *self.held.lock();
            coming.remove(&key);
            if let Ok(page) = &page {
                pages.insert(key, page.clone(), page.len() as u64);
            }
        }
        slot.fill(page);
    }

    /// Writes a page to the disk, by and by.
    fn keep(self: &Arc<Self>, object: &CachedObject, number: u64, page: Bytes) {
        let permit = self.disk_queue.clone().try_acquire_owned();
        let (Some(_), Ok(permit)) = (&self.disk, permit) else {
            return;
        };
        let (cache, key) = (self.clone(), disk_key(object, number));
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            if let Some(Err(error)) = cache.disk.as_ref().map(|disk| disk.put(&key, &page)) {
                tracing::warn!(%error, "cannot write to the cache of the bucket; it is read without");
            }
        });
    }
}

impl Fetch {
    async fn run(mut self) {
        let start = self.pages.start * PAGE_BYTES;
        let end = (self.pages.end * PAGE_BYTES).min(self.object.size);
        let client = &self.cache.client;
        let read = client
            .read(&self.object.path, start..end, self.cache.patience)
            .await;
        let slots = std::mem::take(&mut self.slots);
        match read {
            Ok(bytes) => {
                for (number, slot) in self.pages.clone().zip(&slots) {
                    let page = pages::cut(&bytes, number - self.pages.start);
                    self.cache
                        .settle(&self.object, number, slot, Ok(page.clone()));
                    self.cache.keep(&self.object, number, page);
                }
            }
            Err(error) => self.fail(&slots, &Failure::of(&error)),
        }
    }

    fn fail(&self, slots: &[Arc<Slot>], failure: &Failure) {
        for (number, slot) in self.pages.clone().zip(slots) {
            self.cache
                .settle(&self.object, number, slot, Err(failure.clone()));
        }
    }
}

/// The runtime may end, or a task panic, before the page is there.
impl Drop for Fetch {
    fn drop(&mut self) {
        let closed = Failure::of(&Error::new(ErrorKind::Closed, "the bucket is closed"));
        let slots = std::mem::take(&mut self.slots);
        self.fail(&slots, &closed);
    }
}

fn disk_key(object: &CachedObject, number: u64) -> String {
    format!("{} {number}", object.key)
}

#[cold]
fn lost() -> Error {
    Error::internal("a page of a bucket's object was not fetched")
}
