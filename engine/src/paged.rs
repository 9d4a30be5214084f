//! A value per series, by ordinal, in pages: no slack, and none for ordinals that are not in use.

use std::mem::size_of;

/// Ordinals per page.
const PAGE_LEN: usize = 256;

/// Values by ordinal; where none was set it is `empty`.
pub(crate) struct Paged<T> {
    pages: Vec<Option<Box<[T]>>>,
    empty: T,
}

impl<T: Copy + PartialEq> Paged<T> {
    pub(crate) fn new(empty: T) -> Self {
        let pages = Vec::new();
        Self { pages, empty }
    }

    /// The value of an ordinal.
    #[inline]
    pub(crate) fn get(&self, ordinal: u32) -> T {
        let (page, slot) = place(ordinal);
        let page = self.pages.get(page).and_then(Option::as_ref);
        page.and_then(|page| page.get(slot))
            .copied()
            .unwrap_or(self.empty)
    }

    /// Gives an ordinal a value.
    #[inline]
    pub(crate) fn set(&mut self, ordinal: u32, value: T) {
        let (page, slot) = place(ordinal);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let empty = self.empty;
        if let Some(page) = self.pages.get_mut(page) {
            let page = page.get_or_insert_with(|| vec![empty; PAGE_LEN].into_boxed_slice());
            if let Some(slot) = page.get_mut(slot) {
                *slot = value;
            }
        }
    }

    /// Gives back the pages without a value.
    pub(crate) fn shrink(&mut self) {
        for page in &mut self.pages {
            page.take_if(|page| page.iter().all(|value| *value == self.empty));
        }
    }

    /// Bytes of memory.
    pub(crate) fn heap_bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        pages * PAGE_LEN * size_of::<T>() + self.pages.capacity() * size_of::<Option<Box<[T]>>>()
    }
}

fn place(ordinal: u32) -> (usize, usize) {
    (ordinal as usize / PAGE_LEN, ordinal as usize % PAGE_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_pages_leave() {
        let mut values = Paged::new(0_u64);
        for ordinal in [5, 70_000, 5000] {
            values.set(ordinal, u64::from(ordinal));
        }
        assert_eq!(
            [5, 6, 70_000, 80_000].map(|o| values.get(o)),
            [5, 0, 70_000, 0]
        );
        let before = values.heap_bytes();
        values.set(5000, 0);
        values.shrink();
        assert!(values.heap_bytes() < before);
        assert_eq!([5, 5000, 70_000].map(|o| values.get(o)), [5, 0, 70_000]);
    }
}
