//! The bucket as a reader of blocks sees it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use narthex_engine::block::{BlockFile, BlockFolder, BlockStore};
use narthex_model::{Error, Result};
use ulid::Ulid;

use crate::bucket::{Bucket, META_FILE, Objects};
use crate::cache::{Cache, CachedObject};

impl BlockStore for Bucket {
    fn path(&self) -> &Path {
        Path::new(self.url())
    }

    /// A block is complete once its description is there: that is written last and removed first.
    fn list(&self) -> Result<Vec<(Ulid, Box<dyn BlockFolder>)>> {
        let (bucket, patience) = (self.clone(), self.options.read);
        let blocks = self
            .client
            .run(async move { bucket.objects(patience).await })?;
        let complete = blocks
            .into_iter()
            .filter(|(_, objects)| objects.contains_key(META_FILE));
        let folder = |(ulid, objects)| {
            let folder = Folder {
                path: self.show(ulid),
                bucket: self.url().to_owned(),
                objects,
                cache: self.cache.clone(),
            };
            (ulid, Box::new(folder) as Box<dyn BlockFolder>)
        };
        Ok(complete.map(folder).collect())
    }

    fn tombstones(&self) -> Result<Option<Bytes>> {
        let (bucket, patience) = (self.clone(), self.options.read);
        self.client
            .run(async move { bucket.read_tombstones(patience).await })
    }
}

/// A block in the bucket, as it was listed.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    bucket: String,
    objects: Objects,
    cache: Arc<Cache>,
}

impl BlockFolder for Folder {
    fn path(&self) -> &Path {
        &self.path
    }

    fn open(&self, name: &str) -> Result<Box<dyn BlockFile>> {
        let object = self
            .objects
            .get(name)
            .ok_or_else(|| Error::corrupt(format!("{} has no {name}", self.path.display())))?;
        Ok(Box::new(ObjectFile {
            object: CachedObject::new(&self.bucket, object.path.clone(), object.size, &object.tag),
            cache: self.cache.clone(),
        }))
    }
}

#[derive(Debug)]
struct ObjectFile {
    object: CachedObject,
    cache: Arc<Cache>,
}

impl BlockFile for ObjectFile {
    fn size(&self) -> u64 {
        self.object.size
    }

    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.cache.read(&self.object, ranges)
    }
}
