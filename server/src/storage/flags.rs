//! The settings of `narthex serve` about buckets, and about reading alone.

use std::path::{Path, PathBuf};

use clap::Args;
use narthex_bucket::CacheOptions;
use narthex_model::{Error, Result};

use super::{url_of, writable};
use crate::flags::{ByteCount, Millis};

/// Where blocks are kept besides the data folder, and how they are read from there.
#[derive(Debug, Clone, Args)]
pub(crate) struct StorageFlags {
    /// Keep a copy of all blocks in this bucket: s3://bucket/prefix, gs://…, az://… or file:///folder
    #[arg(long = "storage.bucket", value_name = "URL")]
    pub(crate) bucket: Option<String>,

    /// Only answer queries, from the folder of another server or from a bucket; nothing is scraped or written
    #[arg(long = "read-only")]
    pub(crate) read_only: bool,

    /// With --read-only, how often to look for new blocks
    #[arg(
        long = "storage.refresh-interval",
        value_name = "DURATION",
        default_value = "1m"
    )]
    pub(crate) refresh_interval: Millis,

    /// Keep what is read from a bucket in memory, up to this
    #[arg(
        long = "storage.cache.memory",
        value_name = "BYTES",
        default_value = "256MiB"
    )]
    pub(crate) cache_memory: ByteCount,

    /// Keep what is read from a bucket in this folder, too, beyond restarts
    #[arg(long = "storage.cache.path", value_name = "DIR")]
    pub(crate) cache_path: Option<PathBuf>,

    /// Bytes that the folder may have
    #[arg(
        long = "storage.cache.size",
        value_name = "BYTES",
        default_value = "10GiB"
    )]
    pub(crate) cache_size: ByteCount,
}

impl StorageFlags {
    /// Whether they make sense together, and with `path`.
    ///
    /// # Errors
    /// `Invalid` if not.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        if self.read_only && self.bucket.is_some() {
            return Err(Error::invalid(
                "--read-only uploads nothing: give the bucket as --storage.path, without --storage.bucket",
            ));
        }
        if !self.read_only && url_of(path).is_none() && self.cache_path.is_some() {
            return Err(Error::invalid(
                "--storage.cache.path is for --read-only and a bucket",
            ));
        }
        if self.refresh_interval.0 < 100 {
            return Err(Error::invalid(
                "--storage.refresh-interval must be 100ms at least",
            ));
        }
        match self.read_only {
            true => Ok(()),
            false => writable(path).map(|_| ()),
        }
    }

    /// What is kept of what is read.
    pub(super) fn cache(&self) -> CacheOptions {
        let disk = |path: &PathBuf| (path.clone(), self.cache_size.0 as u64);
        CacheOptions {
            memory_bytes_max: self.cache_memory.0 as u64,
            disk: self.cache_path.as_ref().map(disk),
        }
    }
}
