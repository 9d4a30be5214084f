//! What reading costs: counted where files are read, handed to whoever asked for the samples.
//!
//! A read is plain computation on one thread, so the counters belong to the thread and no signature between here and there
//! has to carry them.

use std::cell::Cell;
use std::ops::{Add, AddAssign};

/// What was read from blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Bytes read from files of blocks, as they lie there.
    pub bytes: u64,
    /// Pages of samples that were fetched and decoded.
    pub pages: u64,
    /// Parts of files that a cache had.
    pub cache_hits: u64,
    /// Parts of files that a cache lacked.
    pub cache_misses: u64,
}

thread_local! {
    static COUNTS: Cell<ReadCounts> = const { Cell::new(ReadCounts { bytes: 0, pages: 0, cache_hits: 0, cache_misses: 0 }) };
}

/// Does `work` and tells what it read on this thread.
pub fn metered<T>(work: impl FnOnce() -> T) -> (T, ReadCounts) {
    let before = COUNTS.take();
    let done = work();
    let counts = COUNTS.take();
    COUNTS.set(before + counts);
    (done, counts)
}

/// Counts what this thread has read; for those who read files of blocks, and for caches in front of them.
pub fn count(read: ReadCounts) {
    COUNTS.set(COUNTS.get() + read);
}

impl Add for ReadCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            pages: self.pages + other.pages,
            cache_hits: self.cache_hits + other.cache_hits,
            cache_misses: self.cache_misses + other.cache_misses,
        }
    }
}

impl AddAssign for ReadCounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_work_counts_for_outer_work_too() {
        let bytes = |bytes| ReadCounts {
            bytes,
            ..ReadCounts::default()
        };
        let ((), outer) = metered(|| {
            count(bytes(1));
            let ((), inner) = metered(|| count(bytes(2)));
            assert_eq!(inner, bytes(2));
        });
        assert_eq!(outer, bytes(3));
    }
}
