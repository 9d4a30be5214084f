//! How much memory a query may take: so much alone, and so much together with all others.
//!
//! DataFusion's operators ask before they keep rows; ours ask before they keep or answer anything.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
    human_readable_size,
};

/// The memory of all queries together.
#[derive(Debug)]
pub(crate) struct ServerMemory {
    pool: GreedyMemoryPool,
    bytes_max: usize,
}

impl ServerMemory {
    /// At most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            pool: GreedyMemoryPool::new(bytes_max),
            bytes_max,
        }
    }
}

/// The memory of one query.
#[derive(Debug)]
pub(crate) struct QueryMemory {
    server: Arc<ServerMemory>,
    used: AtomicUsize,
    peak: AtomicUsize,
    bytes_max: usize,
}

impl QueryMemory {
    /// A part of `server`, at most so many bytes.
    pub(crate) fn new(server: Arc<ServerMemory>, bytes_max: usize) -> Self {
        Self {
            server,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            bytes_max,
        }
    }

    /// Most bytes that were reserved at one time.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak.load(Ordering::Relaxed) as u64
    }

    fn take(&self, additional: usize) -> bool {
        let more = |used: usize| {
            used.checked_add(additional)
                .filter(|n| *n <= self.bytes_max)
        };
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok()
    }
}

impl Display for QueryMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl MemoryPool for QueryMemory {
    fn name(&self) -> &str {
        "query"
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let before = self.used.fetch_add(additional, Ordering::Relaxed);
        self.peak.fetch_max(before + additional, Ordering::Relaxed);
        self.server.pool.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.used.fetch_sub(shrink, Ordering::Relaxed);
        self.server.pool.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if !self.take(additional) {
            return Err(refused(
                &format!("one query may use {}", human_readable_size(self.bytes_max)),
                "--query.max-memory-per-query",
                reservation.consumer(),
                additional,
            ));
        }
        self.server
            .pool
            .try_grow(reservation, additional)
            .inspect(|()| {
                self.peak.fetch_max(self.reserved(), Ordering::Relaxed);
            })
            .map_err(|_| {
                self.used.fetch_sub(additional, Ordering::Relaxed);
                let max = human_readable_size(self.server.bytes_max);
                refused(
                    &format!("all queries together may use {max}"),
                    "--query.max-memory",
                    reservation.consumer(),
                    additional,
                )
            })
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes_max)
    }
}

fn refused(rule: &str, flag: &str, who: &MemoryConsumer, more: usize) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!(
        "{rule}, and {} needs {} more (ask for less, or raise {flag})",
        who.name(),
        human_readable_size(more)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reservation(server: &Arc<ServerMemory>, bytes_max: usize) -> MemoryReservation {
        let pool = QueryMemory::new(server.clone(), bytes_max);
        let pool: Arc<dyn MemoryPool> = Arc::new(pool);
        MemoryConsumer::new("test").register(&pool)
    }

    #[test]
    fn both_limits_hold_and_name_their_flag() {
        let server = Arc::new(ServerMemory::new(100));
        let (a, b) = (reservation(&server, 70), reservation(&server, 70));
        let alone = a.try_grow(71).expect_err("too much").to_string();
        assert!(alone.contains("--query.max-memory-per-query"), "{alone}");
        a.try_grow(70).expect("fits");
        let together = b.try_grow(31).expect_err("too much").to_string();
        assert!(together.contains("raise --query.max-memory)"), "{together}");
        b.try_grow(30).expect("what was refused is not counted");
        drop(a);
        b.try_grow(40).expect("the other's is free again");
        assert_eq!(server.pool.reserved(), 70);
        drop(b);
        assert_eq!(server.pool.reserved(), 0);
    }
}
