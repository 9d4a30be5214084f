//! Readings about the bucket: requests, cache, uploads.

use narthex_bucket::{BucketStats, UploadStats};

use super::readings::Readings;
use crate::storage::StorageStats;

impl Readings {
    /// All numbers about the bucket; none if there is no bucket.
    pub(super) fn storage(&mut self, stats: &StorageStats) {
        if let Some(stats) = &stats.bucket {
            self.requests(stats);
            self.cache(stats);
        }
        if let Some(stats) = &stats.uploads {
            self.uploads(stats);
        }
        if let Some(failures) = stats.refresh_failures {
            let help = "Times that a look for new blocks failed";
            self.counter("narthex_refresh_failures", help, failures as f64);
        }
    }

    fn requests(&mut self, stats: &BucketStats) {
        let help = "Requests sent to the bucket, repeated ones included";
        self.counter("narthex_bucket_requests", help, stats.requests as f64);
        let help = "Requests to the bucket that failed, whether repeating them helped or not";
        self.counter("narthex_bucket_failures", help, stats.failures as f64);
        let help = "Bytes read from the bucket";
        self.counter("narthex_bucket_read_bytes", help, stats.bytes_read as f64);
        let help = "Bytes written to the bucket";
        self.counter(
            "narthex_bucket_written_bytes",
            help,
            stats.bytes_written as f64,
        );
    }

    fn cache(&mut self, stats: &BucketStats) {
        let help = "Pages of the bucket found in memory or on their way";
        self.counter("narthex_cache_memory_hits", help, stats.memory_hits as f64);
        let help = "Pages of the bucket found on the disk of the cache";
        self.counter("narthex_cache_disk_hits", help, stats.disk_hits as f64);
        let help = "Pages of the bucket that had to be fetched";
        self.counter("narthex_cache_misses", help, stats.misses as f64);
        let help = "Bytes of the bucket's pages in memory";
        self.gauge(
            "narthex_cache_memory_bytes",
            help,
            stats.memory_bytes as f64,
        );
        let help = "Bytes of the bucket's pages on disk";
        self.gauge("narthex_cache_disk_bytes", help, stats.disk_bytes as f64);
    }

    fn uploads(&mut self, stats: &UploadStats) {
        let help = "Blocks uploaded to the bucket";
        self.counter("narthex_upload_blocks", help, stats.blocks_uploaded as f64);
        let help = "Blocks removed from the bucket";
        self.counter(
            "narthex_upload_blocks_removed",
            help,
            stats.blocks_removed as f64,
        );
        let help = "Times that bringing blocks to the bucket failed";
        self.counter("narthex_upload_failures", help, stats.failures as f64);
        let help = "Blocks that are not in the bucket yet";
        self.gauge(
            "narthex_upload_blocks_waiting",
            help,
            stats.blocks_waiting as f64,
        );
        let help = "Bytes of the blocks that are not in the bucket yet";
        self.gauge(
            "narthex_upload_bytes_waiting",
            help,
            stats.bytes_waiting as f64,
        );
        let help = "When the bucket was last as the store is; 0 if it never was since start";
        let seconds = stats.last_success_ms as f64 / 1000.0;
        self.gauge(
            "narthex_upload_last_success_timestamp_seconds",
            help,
            seconds,
        );
    }
}
