//! A bucket as a place for blocks: what is in it, and what belongs where.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use narthex_model::{Error, ErrorKind, Result};
use object_store::path::Path;
use ulid::Ulid;

use crate::cache::{Cache, CacheOptions};
use crate::client::Client;
use crate::counters::BucketStats;
use crate::limits::{PART_BYTES, SMALL_BYTES_MAX};
use crate::location::Location;
use crate::retry::Patience;

/// The version of the layout, as in a data folder.
const FORMAT: &[u8] = b"{\"version\":1}";

/// The file whose presence makes a block visible.
pub(crate) const META_FILE: &str = "meta.json";

/// How a bucket is used.
#[derive(Debug, Clone)]
pub struct BucketOptions {
    /// What is kept of what was read.
    pub cache: CacheOptions,
    /// How long reads may take.
    pub read: Patience,
    /// How long writes may take.
    pub write: Patience,
    /// A larger file goes up in parts of so many bytes; S3 wants at least 5 MiB.
    pub part_bytes: u64,
}

impl Default for BucketOptions {
    fn default() -> Self {
        Self {
            cache: CacheOptions::default(),
            read: Patience::READ,
            write: Patience::WRITE,
            part_bytes: PART_BYTES,
        }
    }
}

/// The blocks of one store, at a URL. Cloning gives another handle to the same bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(crate) client: Arc<Client>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) options: Arc<BucketOptions>,
}

/// An object of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) path: Path,
    pub(crate) size: u64,
    /// Changes with its content, if the bucket says so.
    pub(crate) tag: String,
}

/// The objects of a block, by name of the file.
pub(crate) type Objects = BTreeMap<String, Object>;

impl Bucket {
    /// The bucket at `url`: `s3://bucket/prefix?endpoint=…`, `gs://…`, `az://…`, `file:///folder`. Nothing is sent yet.
    ///
    /// # Errors
    /// `Invalid` for a URL or an option that cannot be used, `Unavailable` if the folder of the cache cannot be.
    pub fn new(url: &str, options: BucketOptions) -> Result<Self> {
        let client = Client::new(Location::parse(url)?)?;
        let cache = Cache::new(client.clone(), &options.cache, options.read)?;
        Ok(Self {
            client,
            cache,
            options: Arc::new(options),
        })
    }

    /// Its URL without options.
    pub fn url(&self) -> &str {
        &self.client.location.shown
    }

    /// What happened so far.
    pub fn stats(&self) -> BucketStats {
        self.cache.stats()
    }

    /// Whether a store was ever written here.
    ///
    /// # Errors
    /// `NotFound` if not, `Invalid` if it has a version that this program does not read, `Unavailable` if the bucket does not
    /// answer.
    pub fn check(&self) -> Result<()> {
        let (client, path, patience) = (self.client.clone(), self.format(), self.options.read);
        let read = async move { client.read_small(&path, SMALL_BYTES_MAX, patience).await };
        match self.client.run(read) {
            Ok(bytes) if bytes == FORMAT => Ok(()),
            Ok(_) => Err(Error::invalid(format!(
                "{} has another format version than this program reads; use a newer program",
                self.url()
            ))),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::new(
                ErrorKind::NotFound,
                format!(
                    "no store in {}: check the URL, and that a writer with --storage.bucket has started there",
                    self.url()
                ),
            )),
            Err(error) => Err(error),
        }
    }

    /// Says that a store is here.
    pub(crate) async fn mark(&self) -> Result<()> {
        self.client
            .put(&self.format(), FORMAT.into(), self.options.write)
            .await
    }

    /// What was deleted, if anything ever was.
    pub(crate) async fn read_tombstones(&self, patience: Patience) -> Result<Option<Bytes>> {
        let path = self.tombstones_path();
        let read = self.client.read_small(&path, SMALL_BYTES_MAX, patience);
        match read.await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// All objects that belong to blocks, complete or not.
    pub(crate) async fn objects(&self, patience: Patience) -> Result<BTreeMap<Ulid, Objects>> {
        let mut blocks: BTreeMap<Ulid, Objects> = BTreeMap::new();
        let folder = self.blocks();
        for found in self.client.list(&folder, patience).await? {
            let Some(parts) = found.location.prefix_match(&folder) else {
                continue;
            };
            let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
            let [block, file] = parts.as_slice() else {
                continue;
            };
            let Ok(ulid) = Ulid::from_str(block) else {
                continue;
            };
            let object = Object {
                path: found.location,
                size: found.size,
                tag: found.e_tag.unwrap_or_default(),
            };
            blocks.entry(ulid).or_default().insert(file.clone(), object);
        }
        Ok(blocks)
    }

    fn format(&self) -> Path {
        self.inside("format.json")
    }

    pub(crate) fn tombstones_path(&self) -> Path {
        self.inside("tombstones.json")
    }

    fn blocks(&self) -> Path {
        self.inside("blocks")
    }

    /// The folder of a block.
    pub(crate) fn block(&self, block: Ulid) -> Path {
        self.inside(&format!("blocks/{block}"))
    }

    /// Where the file `name` of a block belongs.
    pub(crate) fn object(&self, block: Ulid, name: &str) -> Path {
        self.inside(&format!("blocks/{block}/{name}"))
    }

    /// The folder of a block as messages name it.
    pub(crate) fn show(&self, block: Ulid) -> PathBuf {
        PathBuf::from(format!("{}/blocks/{block}", self.url()))
    }

    fn inside(&self, rest: &str) -> Path {
        Path::from(format!("{}/{rest}", self.client.location.prefix))
    }
}
