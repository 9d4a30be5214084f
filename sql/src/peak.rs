//! How much memory one query has reserved at most, out of the pool that all share.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use datafusion::common::Result;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// The shared pool as one query sees it.
#[derive(Debug)]
pub(crate) struct PeakPool {
    shared: Arc<dyn MemoryPool>,
    reserved: AtomicUsize,
    peak: AtomicUsize,
}

impl PeakPool {
    /// A view of `shared` in which nothing is reserved yet.
    pub(crate) fn new(shared: Arc<dyn MemoryPool>) -> Self {
        Self {
            shared,
            reserved: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    /// Most bytes that were reserved at one time.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak.load(Relaxed) as u64
    }

    fn add(&self, bytes: usize) {
        let reserved = self.reserved.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(reserved, Relaxed);
    }
}

impl Display for PeakPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.shared, f)
    }
}

impl MemoryPool for PeakPool {
    fn name(&self) -> &str {
        self.shared.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.shared.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.shared.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shared.grow(reservation, additional);
        self.add(additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.shared.shrink(reservation, shrink);
        self.reserved.fetch_sub(shrink, Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.shared.try_grow(reservation, additional)?;
        self.add(additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.reserved.load(Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.shared.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    #[test]
    fn the_highest_sum_stays() {
        let pool = Arc::new(PeakPool::new(Arc::new(GreedyMemoryPool::new(100))));
        let shared: Arc<dyn MemoryPool> = pool.clone();
        let one = MemoryConsumer::new("one").register(&shared);
        let two = MemoryConsumer::new("two").register(&shared);
        one.try_grow(40).expect("there is room");
        two.try_grow(30).expect("there is room");
        one.shrink(40);
        assert!(two.try_grow(80).is_err());
        two.try_grow(20).expect("there is room");
        assert_eq!((pool.reserved(), pool.peak_bytes()), (50, 70));
    }
}
