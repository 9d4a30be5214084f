//! Where the store is, who keeps a copy of it in a bucket, and how a server that only reads looks again.

mod flags;

pub(crate) use flags::StorageFlags;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use narthex_bucket::{
    Bucket, BucketOptions, BucketStats, CacheOptions, UploadOptions, UploadStats, Uploader, is_url,
};
use narthex_engine::{Engine, Options, Progress};
use narthex_model::{Error, Result};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::times::now_ms;

/// An open store and what belongs to it.
pub(crate) struct Storage {
    pub(crate) engine: Arc<Engine>,
    bucket: Option<Bucket>,
    uploader: Option<Uploader>,
    refreshing: Option<Refreshing>,
}

/// Looks again from time to time.
struct Refreshing {
    task: JoinHandle<()>,
    failures: Arc<AtomicU64>,
}

/// Numbers about the bucket of a store, if it has one.
#[derive(Debug, Default)]
pub(crate) struct StorageStats {
    pub(crate) bucket: Option<BucketStats>,
    pub(crate) uploads: Option<UploadStats>,
    pub(crate) refresh_failures: Option<u64>,
}

impl Storage {
    /// Opens what the flags name. Blocks the caller.
    ///
    /// # Errors
    /// The flags contradict each other, or the store cannot be opened.
    pub(crate) fn open(
        path: &Path,
        flags: &StorageFlags,
        options: Options,
        progress: Option<&dyn Progress>,
    ) -> Result<Self> {
        flags.check(path)?;
        if flags.read_only {
            return Self::open_reader(path, flags);
        }
        let bucket = flags
            .bucket
            .as_deref()
            .map(|url| Bucket::new(url, BucketOptions::default()));
        let bucket = bucket.transpose()?;
        let engine = Engine::open(path, options, progress)?;
        let start = |bucket: &Bucket| {
            let options = UploadOptions::new(now_ms);
            Uploader::start(bucket.clone(), engine.clone(), path, options)
        };
        let uploader = bucket.as_ref().map(start).transpose()?;
        Ok(Self {
            engine,
            bucket,
            uploader,
            refreshing: None,
        })
    }

    fn open_reader(path: &Path, flags: &StorageFlags) -> Result<Self> {
        let (engine, bucket) = open_for_queries(path, flags.cache())?;
        Ok(Self {
            engine,
            bucket,
            uploader: None,
            refreshing: None,
        })
    }

    /// Looks again every `every` from now on, if the store is only read.
    pub(crate) fn keep_fresh(&mut self, every: Duration) {
        if !self.engine.is_read_only() {
            return;
        }
        let (engine, failures) = (self.engine.clone(), Arc::new(AtomicU64::new(0)));
        let counted = failures.clone();
        let task = tokio::spawn(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first one is at once, and the store was opened just now.
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let engine = engine.clone();
                let looked = tokio::task::spawn_blocking(move || engine.refresh()).await;
                if let Ok(Err(error)) = looked {
                    counted.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(%error, "cannot look for new blocks, will try again; queries see those of before");
                }
            }
        });
        self.refreshing = Some(Refreshing { task, failures });
    }

    /// Numbers so far.
    pub(crate) fn stats(&self) -> StorageStats {
        StorageStats {
            bucket: self.bucket.as_ref().map(Bucket::stats),
            uploads: self.uploader.as_ref().map(Uploader::stats),
            refresh_failures: self
                .refreshing
                .as_ref()
                .map(|r| r.failures.load(Ordering::Relaxed)),
        }
    }

    /// Writes samples in memory into blocks, uploads the last of them if that is possible soon, and closes. Blocks the caller.
    ///
    /// # Errors
    /// The last samples cannot be written into blocks; they stay in the write-ahead log.
    pub(crate) fn close(&self) -> Result<()> {
        if let Some(refreshing) = &self.refreshing {
            refreshing.task.abort();
        }
        let closed = self.engine.close();
        if let Some(Err(error)) = self.uploader.as_ref().map(Uploader::stop) {
            tracing::warn!(%error, "not everything is uploaded");
        }
        closed
    }
}

/// Opens a data folder or the URL of a bucket for queries alone. Blocks the caller.
///
/// # Errors
/// `NotFound` if there is no store, `Corrupt` if it is damaged, `Unavailable` if it cannot be read now.
pub(crate) fn open_for_queries(
    path: &Path,
    cache: CacheOptions,
) -> Result<(Arc<Engine>, Option<Bucket>)> {
    let Some(url) = url_of(path) else {
        return Ok((Engine::open_read_only(path)?, None));
    };
    let bucket = open_bucket(url, cache)?;
    let engine = Engine::open_blocks(Arc::new(bucket.clone()))?;
    Ok((engine, Some(bucket)))
}

/// The bucket at a URL, if there is a store in it.
///
/// # Errors
/// As [`open_for_queries`].
pub(crate) fn open_bucket(url: &str, cache: CacheOptions) -> Result<Bucket> {
    let options = BucketOptions {
        cache,
        ..BucketOptions::default()
    };
    let bucket = Bucket::new(url, options)?;
    bucket.check()?;
    Ok(bucket)
}

/// The URL that a path is, if it is one.
pub(crate) fn url_of(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| is_url(text))
}

/// A folder that is written, for a command that writes.
///
/// # Errors
/// `Invalid` if it is the URL of a bucket.
pub(crate) fn writable(path: &Path) -> Result<&Path> {
    match url_of(path) {
        None => Ok(path),
        Some(_) => Err(Error::invalid(format!(
            "a bucket is only read here: write to a folder with --storage.path DIR --storage.bucket {}, or serve with --read-only",
            without_options(path)
        ))),
    }
}

/// Options of a URL may hold secrets: messages go without.
pub(crate) fn without_options(path: &Path) -> String {
    let text = path.display().to_string();
    match url_of(path) {
        Some(_) => text.split('?').next().unwrap_or_default().to_owned(),
        None => text,
    }
}
