//! Growing byte strings, many in one allocation: each is a list of small slabs.

use std::mem::size_of;

/// Bytes of a slab, its link left out. Half of one is wasted per string.
const SLAB_BYTES: usize = 30;

/// More slabs than links can tell apart are never needed: a page is sealed before.
pub(super) const SLABS_MAX: usize = u16::MAX as usize;

#[derive(Debug, Clone, Copy)]
struct Slab {
    bytes: [u8; SLAB_BYTES],
    next: u16,
}

/// Byte strings that are appended to, read, and cleared all at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Tails {
    slabs: Vec<Slab>,
}

/// Where a string lies. Empty strings lie nowhere.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    first: u16,
    last: u16,
    /// Bytes used of the last slab; 0 only if the string is empty.
    used: u8,
}

impl Tails {
    /// Number of slabs in use.
    pub(super) fn slabs(&self) -> usize {
        self.slabs.len()
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        self.slabs.capacity() * size_of::<Slab>()
    }

    /// Forgets all strings and gives their memory back.
    pub(super) fn clear(&mut self) {
        self.slabs = Vec::new();
    }

    /// Appends `bytes`, fewer than a slab has.
    #[inline]
    pub(super) fn append(&mut self, tail: &mut Tail, bytes: &[u8]) {
        let used = usize::from(tail.used);
        let room = if used == 0 { 0 } else { SLAB_BYTES - used };
        let (here, there) = bytes.split_at(bytes.len().min(room));
        if let Some(slab) = self.slabs.get_mut(usize::from(tail.last))
            && let Some(free) = slab.bytes.get_mut(used..used + here.len())
        {
            free.copy_from_slice(here);
            tail.used += here.len() as u8;
        }
        if !there.is_empty() {
            self.append_slab(tail, there);
        }
    }

    fn append_slab(&mut self, tail: &mut Tail, start: &[u8]) {
        if self.slabs.len() == self.slabs.capacity() {
            // An eighth, because all tails of a page grow alike: slack counts.
            self.slabs.reserve_exact((self.slabs.len() / 8).max(4));
        }
        let at = self.slabs.len() as u16;
        let mut bytes = [0; SLAB_BYTES];
        if let Some(head) = bytes.get_mut(..start.len()) {
            head.copy_from_slice(start);
        }
        self.slabs.push(Slab { bytes, next: at });
        match self.slabs.get_mut(usize::from(tail.last)) {
            Some(last) if tail.used > 0 => last.next = at,
            _ => tail.first = at,
        }
        (tail.last, tail.used) = (at, start.len() as u8);
    }

    /// Appends the bytes of a string to `out`.
    pub(super) fn copy_to(&self, tail: Tail, out: &mut Vec<u8>) {
        if tail.used == 0 {
            return;
        }
        let mut at = tail.first;
        while let Some(slab) = self.slabs.get(usize::from(at)) {
            if at == tail.last {
                let used = usize::from(tail.used).min(SLAB_BYTES);
                out.extend_from_slice(slab.bytes.get(..used).unwrap_or(&[]));
                return;
            }
            out.extend_from_slice(&slab.bytes);
            at = slab.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strings_come_back(pieces in prop::collection::vec((0..5_usize, prop::collection::vec(any::<u8>(), 1..14)), 0..200)) {
            let (mut tails, mut places, mut model) = (Tails::default(), [Tail::default(); 5], vec![Vec::new(); 5]);
            for (string, piece) in &pieces {
                tails.append(&mut places[*string], piece);
                model[*string].extend_from_slice(piece);
            }
            for (place, want) in places.into_iter().zip(model) {
                let mut got = Vec::new();
                tails.copy_to(place, &mut got);
                prop_assert_eq!(got, want);
            }
        }
    }
}
