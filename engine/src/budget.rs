//! How much memory the head may take: more than half of it is cut into blocks early, and writers wait while it is used up.
//!
//! What is counted are the windows: samples and what finds them by series. Batches that wait for the WAL have a bound of their own;
//! labels cannot be written out and are not counted.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use narthex_model::{Error, Result};
use parking_lot::Mutex;

/// The head and its bound.
pub(crate) struct Budget {
    bytes_max: u64,
    head_bytes: AtomicU64,
    /// Whether the flusher was asked to cut windows early, and has not begun yet.
    asked: AtomicBool,
    early_flushes: AtomicU64,
    gate: Mutex<Gate>,
}

/// Where writers wait.
#[derive(Default)]
struct Gate {
    waiting: Vec<Waker>,
    /// Why the head cannot be cut, if the last attempt failed.
    failure: Option<String>,
}

impl Budget {
    /// A budget of `bytes_max` bytes.
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self {
            bytes_max,
            head_bytes: AtomicU64::new(0),
            asked: AtomicBool::new(false),
            early_flushes: AtomicU64::new(0),
            gate: Mutex::new(Gate::default()),
        }
    }

    /// The most the head may take, in bytes.
    pub(crate) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Windows that together take more are cut, whether they are due or not.
    pub(crate) fn early_bytes(&self) -> u64 {
        self.bytes_max / 2
    }

    /// Windows cut before they were due, since the start.
    pub(crate) fn early_flushes(&self) -> u64 {
        self.early_flushes.load(Ordering::Relaxed)
    }

    /// Counts windows that are cut before they are due.
    pub(crate) fn count_early(&self, windows: usize) {
        self.early_flushes
            .fetch_add(windows as u64, Ordering::Relaxed);
    }

    /// Says what the head takes now. Whether the flusher should be woken: it is said once until it begins.
    pub(crate) fn update(&self, head_bytes: u64) -> bool {
        self.head_bytes.store(head_bytes, Ordering::Relaxed);
        if head_bytes < self.bytes_max {
            let mut gate = self.gate.lock();
            gate.waiting.drain(..).for_each(Waker::wake);
        }
        head_bytes > self.early_bytes() && !self.asked.swap(true, Ordering::Relaxed)
    }

    /// Whether the flusher was asked to cut windows early.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The flusher looks now: what is said from here on asks again.
    pub(crate) fn begin_flush(&self) {
        self.asked.store(false, Ordering::Relaxed);
    }

    /// Says how the attempt ended: after an error writers are refused rather than left waiting.
    pub(crate) fn end_flush(&self, result: &Result<()>) {
        let mut gate = self.gate.lock();
        gate.failure = result.as_ref().err().map(ToString::to_string);
        gate.waiting.drain(..).for_each(Waker::wake);
    }

    /// Waits until the head takes less than its budget.
    ///
    /// # Errors
    /// `Unavailable` if it is full and cannot be cut.
    pub(crate) async fn wait_for_room(&self) -> Result<()> {
        poll_fn(|context| self.poll_room(context)).await
    }

    fn poll_room(&self, context: &Context<'_>) -> Poll<Result<()>> {
        let full = || self.head_bytes.load(Ordering::Relaxed) >= self.bytes_max;
        if !full() {
            return Poll::Ready(Ok(()));
        }
        let mut gate = self.gate.lock();
        // It may have got room before the lock was there; whoever makes room from now on finds the waker.
        if !full() {
            return Poll::Ready(Ok(()));
        }
        if let Some(failure) = &gate.failure {
            return Poll::Ready(Err(Error::unavailable(format!(
                "the head has used up its memory budget and cannot be written to blocks, write again later: {failure}"
            ))));
        }
        if !gate.waiting.iter().any(|w| w.will_wake(context.waker())) {
            gate.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn writers_wait_while_it_is_full_and_are_refused_if_it_stays_so() {
        let budget = Budget::new(100);
        assert!(!budget.update(50));
        assert!(budget.update(51) && !budget.update(52), "asked once");
        budget.begin_flush();
        assert!(budget.update(100));
        assert!(budget.wait_for_room().now_or_never().is_none());
        budget.end_flush(&Err(Error::unavailable("no space")));
        let refused = budget.wait_for_room().now_or_never().expect("at once");
        assert!(refused.expect_err("full").to_string().contains("no space"));
        budget.end_flush(&Ok(()));
        assert!(budget.wait_for_room().now_or_never().is_none());
        budget.update(99);
        assert!(budget.wait_for_room().now_or_never().is_some());
    }
}
