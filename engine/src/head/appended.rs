//! A list that only grows at its end, whose clones share all but the last few items.

use std::sync::Arc;

/// Items after which the tail is sealed into a part that is never touched again.
const PART_ITEMS: usize = 128;

/// Items in the order they were pushed.
#[derive(Debug, Clone)]
pub(super) struct Appended<T> {
    parts: Vec<Arc<[T]>>,
    tail: Vec<T>,
    len: usize,
}

impl<T> Default for Appended<T> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            tail: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Clone> Appended<T> {
    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, item: T) {
        if self.tail.len() >= PART_ITEMS {
            self.parts.push(self.tail.as_slice().into());
            self.tail.clear();
        }
        self.tail.push(item);
        self.len += 1;
    }

    /// Items from the oldest to the newest.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.parts.iter().flat_map(|p| p.iter()).chain(&self.tail)
    }

    /// Forgets some of the oldest items.
    pub(super) fn forget_oldest(&mut self) {
        if self.parts.is_empty() {
            self.tail.clear();
        } else {
            self.parts.remove(0);
        }
        let parts: usize = self.parts.iter().map(|p| p.len()).sum();
        self.len = parts + self.tail.len();
    }
}
