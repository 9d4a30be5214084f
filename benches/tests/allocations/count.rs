//! Counts what all threads allocate.

use std::alloc::System;
use std::iter::Sum;
use std::ops::Sub;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What was allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count {
    /// How often memory was asked for, or more of it.
    pub(crate) allocations: u64,
    /// How much of it.
    pub(crate) bytes: u64,
}

impl Count {
    /// What `work` allocates.
    pub(crate) fn of(work: impl FnOnce()) -> Self {
        let region = Region::new(ALLOCATOR);
        work();
        let change = region.change();
        Self {
            allocations: (change.allocations + change.reallocations) as u64,
            bytes: change.bytes_allocated as u64,
        }
    }

    /// The median of what `work` allocates in each of some runs, after two to warm up: some memory is kept, and grows now and
    /// then.
    pub(crate) fn typical(mut work: impl FnMut()) -> Self {
        const RUNS: usize = 7;
        work();
        work();
        let mut counts: Vec<Self> = (0..RUNS).map(|_| Self::of(&mut work)).collect();
        counts.sort_unstable();
        counts[RUNS / 2]
    }
}

impl Sub for Count {
    type Output = Self;

    /// What is more than `other`.
    fn sub(self, other: Self) -> Self {
        Self {
            allocations: self.allocations.saturating_sub(other.allocations),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        let zero = Self {
            allocations: 0,
            bytes: 0,
        };
        counts.fold(zero, |sum, count| Self {
            allocations: sum.allocations + count.allocations,
            bytes: sum.bytes + count.bytes,
        })
    }
}
