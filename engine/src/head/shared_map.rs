//! A map from series ordinals whose clones share what is not changed afterwards.

use std::sync::Arc;

/// Entries per page. A change under a living clone copies the page it touches, so pages are small.
const PAGE_SLOTS: usize = 256;

/// Values by ordinal.
#[derive(Debug, Clone)]
pub(super) struct SharedMap<T> {
    pages: Vec<Option<Arc<Page<T>>>>,
    len: u64,
}

#[derive(Debug, Clone)]
struct Page<T> {
    slots: [Option<Arc<T>>; PAGE_SLOTS],
}

impl<T> Default for SharedMap<T> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Clone + Default> SharedMap<T> {
    /// Bytes of memory, without what the values hold themselves.
    pub(super) fn heap_bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        pages * size_of::<Page<T>>()
            + self.len as usize * size_of::<T>()
            + self.pages.capacity() * 8
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn get(&self, ordinal: u32) -> Option<&T> {
        let (page, slot) = place(ordinal);
        self.pages.get(page)?.as_ref()?.slots.get(slot)?.as_deref()
    }

    /// The value of `ordinal`, to be changed; the default is put there if there is none.
    pub(super) fn get_mut(&mut self, ordinal: u32) -> Option<&mut T> {
        let (page, slot) = place(ordinal);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages.get_mut(page)?.get_or_insert_with(|| {
            Arc::new(Page {
                slots: [const { None }; PAGE_SLOTS],
            })
        });
        let slot = Arc::make_mut(page).slots.get_mut(slot)?;
        self.len += u64::from(slot.is_none());
        Some(Arc::make_mut(slot.get_or_insert_default()))
    }

    /// Ordinals that have a value, increasing.
    pub(super) fn ordinals(&self) -> impl Iterator<Item = u32> {
        let pages = self.pages.iter().enumerate();
        pages
            .filter_map(|(at, page)| Some((at, page.as_ref()?)))
            .flat_map(|(at, page)| {
                let taken = page.slots.iter().enumerate().filter(|(_, s)| s.is_some());
                taken.map(move |(slot, _)| (at * PAGE_SLOTS + slot) as u32)
            })
    }
}

fn place(ordinal: u32) -> (usize, usize) {
    (ordinal as usize / PAGE_SLOTS, ordinal as usize % PAGE_SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_what_is_not_changed() {
        let mut map = SharedMap::<u8>::default();
        for ordinal in [700, 3] {
            *map.get_mut(ordinal).expect("made") = 1;
        }
        let before = map.clone();
        *map.get_mut(700).expect("there") = 2;
        map.get_mut(9).expect("made");
        assert_eq!((before.get(700), map.get(700)), (Some(&1), Some(&2)));
        assert_eq!((before.len, map.len), (2, 3));
        assert_eq!(map.ordinals().collect::<Vec<_>>(), [3, 9, 700]);
        assert_eq!((map.get(4), map.get(5000)), (None, None));
    }
}
