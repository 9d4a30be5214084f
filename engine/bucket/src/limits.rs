//! Every bound of requests, caches and waiting.

/// The unit of the cache: ranges are fetched and kept as whole pages of so many bytes, aligned.
pub(crate) const PAGE_BYTES: u64 = 128 << 10;

/// Pages that follow each other are fetched by one request of at most so many bytes.
pub(crate) const REQUEST_BYTES_MAX: u64 = 4 << 20;

/// Requests under way at the same time, over all files.
pub(crate) const REQUESTS_MAX: usize = 32;

/// A larger file is uploaded in parts of this size.
pub(crate) const PART_BYTES: u64 = 8 << 20;

/// Parts of one file under way at the same time.
pub(crate) const PARTS_AT_ONCE: usize = 4;

/// Threads of the bucket's runtime: they only move bytes.
pub(crate) const RUNTIME_THREADS: usize = 2;

/// The largest `format.json` or record of uploads that is read.
pub(crate) const SMALL_BYTES_MAX: u64 = 16 << 20;

/// Pages that wait to be written to the disk of the cache; when there are more, they are kept in memory alone.
pub(crate) const DISK_QUEUE_MAX: usize = 256;
