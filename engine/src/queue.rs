//! The bounded queue between writers and the one thread that writes the WAL.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::limits::QUEUE_BYTES_MAX;

/// A queue whose items have sizes; pushing waits while more than [`QUEUE_BYTES_MAX`] bytes are in it.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    not_empty: Condvar,
}

struct Inner<T> {
    items: VecDeque<T>,
    bytes: usize,
    waiting: Vec<Waker>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let inner = Inner {
            items: VecDeque::new(),
            bytes: 0,
            waiting: Vec::new(),
            closed: false,
        };
        Self {
            inner: Mutex::new(inner),
            not_empty: Condvar::new(),
        }
    }

    /// Adds an item once there is room; gives it back if the queue is closed.
    pub(crate) async fn push(&self, item: T, bytes: usize) -> Result<(), T> {
        let mut item = Some(item);
        poll_fn(|context| self.poll_push(&mut item, bytes, context)).await
    }

    fn poll_push(
        &self,
        item: &mut Option<T>,
        bytes: usize,
        context: &Context<'_>,
    ) -> Poll<Result<(), T>> {
        let mut inner = self.inner.lock();
        if inner.bytes > 0 && inner.bytes + bytes > QUEUE_BYTES_MAX && !inner.closed {
            if !inner.waiting.iter().any(|w| w.will_wake(context.waker())) {
                inner.waiting.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        let Some(item) = item.take() else {
            return Poll::Ready(Ok(()));
        };
        Poll::Ready(self.add(&mut inner, item, bytes))
    }

    /// Adds an item at once, however full the queue is; gives it back if the queue is closed.
    pub(crate) fn push_now(&self, item: T) -> Result<(), T> {
        self.add(&mut self.inner.lock(), item, 0)
    }

    fn add(&self, inner: &mut Inner<T>, item: T, bytes: usize) -> Result<(), T> {
        if inner.closed {
            return Err(item);
        }
        inner.items.push_back(item);
        inner.bytes += bytes;
        self.not_empty.notify_one();
        Ok(())
    }

    /// Waits for items and takes all of them; none if there are none until `deadline`; `None` once the queue is closed
    /// and empty.
    pub(crate) fn take_all(&self, deadline: Option<Instant>) -> Option<VecDeque<T>> {
        let mut inner = self.inner.lock();
        while inner.items.is_empty() && !inner.closed {
            let Some(deadline) = deadline else {
                self.not_empty.wait(&mut inner);
                continue;
            };
            if self.not_empty.wait_until(&mut inner, deadline).timed_out() {
                return Some(std::mem::take(&mut inner.items));
            }
        }
        inner.bytes = 0;
        inner.waiting.drain(..).for_each(Waker::wake);
        let items = std::mem::take(&mut inner.items);
        (!items.is_empty()).then_some(items)
    }

    /// Refuses further items, and drops those that nobody will take any more: whoever waits for them learns of it.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.bytes = 0;
        inner.waiting.drain(..).for_each(Waker::wake);
        self.not_empty.notify_all();
        let left = std::mem::take(&mut inner.items);
        drop(inner);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn waits_for_room_and_refuses_when_closed() {
        let queue = Queue::new();
        assert_eq!(
            queue.push(1, QUEUE_BYTES_MAX + 1).now_or_never(),
            Some(Ok(())),
            "a large item fits an empty queue"
        );
        assert_eq!(queue.push(2, 1).now_or_never(), None);
        queue.push_now(3).expect("open");
        assert_eq!(queue.take_all(None), Some(VecDeque::from([1, 3])));
        assert_eq!(queue.push(4, 1).now_or_never(), Some(Ok(())));
        queue.close();
        assert_eq!(queue.push(5, 1).now_or_never(), Some(Err(5)));
        assert_eq!(
            queue.take_all(None),
            None,
            "nobody waits for what is dropped"
        );
    }
}
