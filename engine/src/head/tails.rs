//! Growing byte strings, many in one allocation: each is a list of small slabs.
//!
//! Slabs lie in groups that never move. A vector that grew would leave a trail of sizes behind it, and as the pages of a window grow
//! alike, the allocator could not use them again.

use std::mem::size_of;

/// Bytes of a slab, its link left out. Half of one is wasted per string.
const SLAB_BYTES: usize = 30;

/// More slabs than links can tell apart are never needed: a page is sealed before.
pub(super) const SLABS_MAX: usize = u16::MAX as usize;

/// Slabs that are allocated together.
const GROUP_SLABS: usize = 32;

#[derive(Debug, Clone, Copy)]
struct Slab {
    bytes: [u8; SLAB_BYTES],
    next: u16,
}

const UNUSED: Slab = Slab {
    bytes: [0; SLAB_BYTES],
    next: 0,
};

/// Byte strings that are appended to, read, and cleared all at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Tails {
    #[expect(clippy::vec_box, reason = "a group must not move when there are more")]
    groups: Vec<Box<[Slab; GROUP_SLABS]>>,
    slabs: usize,
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
        self.slabs
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        self.groups.len() * GROUP_SLABS * size_of::<Slab>()
            + self.groups.capacity() * size_of::<usize>()
    }

    fn slab(&self, at: u16) -> Option<&Slab> {
        let at = usize::from(at);
        self.groups.get(at / GROUP_SLABS)?.get(at % GROUP_SLABS)
    }

    fn slab_mut(&mut self, at: u16) -> Option<&mut Slab> {
        let at = usize::from(at);
        self.groups
            .get_mut(at / GROUP_SLABS)?
            .get_mut(at % GROUP_SLABS)
    }

    /// Forgets all strings and gives their memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Appends `bytes`, fewer than a slab has.
    #[inline]
    pub(super) fn append(&mut self, tail: &mut Tail, bytes: &[u8]) {
        let used = usize::from(tail.used);
        let room = if used == 0 { 0 } else { SLAB_BYTES - used };
        let (here, there) = bytes.split_at(bytes.len().min(room));
        if let Some(slab) = self.slab_mut(tail.last)
            && let Some(free) = slab.bytes.get_mut(used..used + here.len())
        {
            free.copy_from_slice(here);
            tail.used += here.len() as u8;
        }
        if !there.is_empty() {
            self.append_slab(tail, there);
        }
    }

    /// Appends any number of bytes.
    pub(super) fn append_all(&mut self, tail: &mut Tail, bytes: &[u8]) {
        let used = usize::from(tail.used);
        let room = if used == 0 { 0 } else { SLAB_BYTES - used };
        let (here, there) = bytes.split_at(bytes.len().min(room));
        self.append(tail, here);
        let (whole, rest) = there.as_chunks::<SLAB_BYTES>();
        for piece in whole {
            self.append_slab(tail, piece);
        }
        if !rest.is_empty() {
            self.append_slab(tail, rest);
        }
    }

    #[inline]
    fn append_slab(&mut self, tail: &mut Tail, start: &[u8]) {
        if self.slabs == self.groups.len() * GROUP_SLABS {
            if self.groups.len() == self.groups.capacity() {
                self.groups.reserve_exact(4);
            }
            self.groups.push(Box::new([UNUSED; GROUP_SLABS]));
        }
        let at = self.slabs as u16;
        self.slabs += 1;
        if let Some(slab) = self.slab_mut(at)
            && let Some(head) = slab.bytes.get_mut(..start.len())
        {
            head.copy_from_slice(start);
        }
        match self.slab_mut(tail.last) {
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
        while let Some(slab) = self.slab(at) {
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
