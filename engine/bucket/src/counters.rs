//! What happened to a bucket so far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers about the requests to a bucket and its cache, since start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketStats {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests that failed, whether a retry helped or not.
    pub failures: u64,
    /// Bytes read from the bucket.
    pub bytes_read: u64,
    /// Bytes written to it.
    pub bytes_written: u64,
    /// Pages found in memory, or on their way for somebody else.
    pub memory_hits: u64,
    /// Pages found on the disk of the cache.
    pub disk_hits: u64,
    /// Pages that had to be fetched.
    pub misses: u64,
    /// Bytes of pages in memory.
    pub memory_bytes: u64,
    /// Bytes of pages on the disk of the cache.
    pub disk_bytes: u64,
}

/// Numbers about uploads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadStats {
    /// Blocks uploaded since start.
    pub blocks_uploaded: u64,
    /// Blocks removed from the bucket since start.
    pub blocks_removed: u64,
    /// Rounds that failed since start.
    pub failures: u64,
    /// Blocks that are here and not yet in the bucket.
    pub blocks_waiting: u64,
    /// Their bytes.
    pub bytes_waiting: u64,
    /// When the last round ended well, in milliseconds since the epoch; 0: none has.
    pub last_success_ms: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) bytes_read: AtomicU64,
    pub(crate) bytes_written: AtomicU64,
    pub(crate) memory_hits: AtomicU64,
    pub(crate) disk_hits: AtomicU64,
    pub(crate) misses: AtomicU64,
}

/// Counts on; the order among counters does not matter.
pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Relaxed);
}

impl Counters {
    /// All numbers; those of the cache's size are filled in by the cache.
    pub(crate) fn read(&self) -> BucketStats {
        BucketStats {
            requests: self.requests.load(Relaxed),
            failures: self.failures.load(Relaxed),
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            memory_hits: self.memory_hits.load(Relaxed),
            disk_hits: self.disk_hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            ..BucketStats::default()
        }
    }
}
