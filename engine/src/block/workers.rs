//! The threads that encode pages side by side.

use std::sync::OnceLock;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads shared by all blocks that are written; they start with the first.
#[derive(Debug)]
pub(crate) struct Workers {
    threads: usize,
    pool: OnceLock<Option<ThreadPool>>,
}

impl Workers {
    /// At most so many work at a time. With one, whoever has work does it.
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            threads,
            pool: OnceLock::new(),
        }
    }

    /// How many there may be, at least 1.
    pub(super) fn count(&self) -> usize {
        self.threads.max(1)
    }

    /// Does `work` on all `items`; tells it which of the threads, counted from 0, it is on. Results come in order.
    pub(super) fn map<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(usize, &T) -> R + Sync,
    ) -> Vec<R> {
        let pool = self.pool.get_or_init(|| start(self.threads));
        let Some(pool) = pool else {
            return items.iter().map(|item| work(0, item)).collect();
        };
        let on_thread = |item| work(rayon::current_thread_index().unwrap_or(0), item);
        pool.install(|| items.par_iter().map(on_thread).collect())
    }
}

/// Without threads the work is done all the same.
fn start(threads: usize) -> Option<ThreadPool> {
    if threads <= 1 {
        return None;
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("narthex-encode-{i}"))
        .build();
    pool.inspect_err(|error| tracing::warn!(%error, "cannot start threads that encode blocks"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [0, 1, 3] {
            let workers = Workers::new(threads);
            let done = workers.map(&items, |thread, item| {
                assert!(thread < workers.count());
                item * 2
            });
            assert!(
                done.iter()
                    .zip(&items)
                    .all(|(done, item)| *done == item * 2)
            );
        }
    }
}
