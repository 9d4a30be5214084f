//! Label sets side by side in chunks of memory, so that none costs an allocation; selections share the chunks.

use std::mem::size_of;
use std::sync::Arc;

use narthex_model::{Labels, LabelsRef};

/// Bytes of a chunk, unless a single label set is larger.
const CHUNK_BYTES: usize = 1 << 16;

/// Label sets begin at multiples of this.
const ALIGNMENT: usize = 8;

/// A place is the number of a chunk and, in this many low bits, where in it.
const OFFSET_BITS: u32 = (CHUNK_BYTES / ALIGNMENT).trailing_zeros();

/// Each label set follows its length. Larger sets have chunks of their own, and this in place of the length.
const LARGE: u16 = u16::MAX;
const LENGTH_BYTES: usize = size_of::<u16>();

/// Sets beyond this are not put beside others.
const SHARED_BYTES_MAX: usize = CHUNK_BYTES / 4;

/// Where a label set lies.
pub(super) type Place = u32;

/// No label set lies there.
pub(super) const NOWHERE: Place = u32::MAX;

/// Label sets by place.
#[derive(Default)]
pub(super) struct LabelArena {
    chunks: Vec<Chunk>,
    /// Numbers of chunks without a set.
    unused: Vec<u32>,
    /// The chunk that is being filled.
    open: Option<u32>,
}

#[derive(Default)]
struct Chunk {
    bytes: Bytes,
    /// Bytes of sets that are still there.
    live: u32,
}

enum Bytes {
    Open(Vec<u8>),
    Full(Arc<[u8]>),
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Open(bytes) => bytes,
            Self::Full(bytes) => bytes,
        }
    }
}

impl LabelArena {
    /// Adds a label set; `None` if there is no room for more.
    pub(super) fn push(&mut self, labels: LabelsRef<'_>) -> Option<Place> {
        let bytes = labels.as_bytes();
        if bytes.len() > SHARED_BYTES_MAX {
            return self.push_large(bytes);
        }
        let needed = LENGTH_BYTES + bytes.len();
        let number = self.chunk_with_room(needed)?;
        let chunk = self.chunks.get_mut(number as usize)?;
        let Bytes::Open(open) = &mut chunk.bytes else {
            return None;
        };
        open.resize(open.len().next_multiple_of(ALIGNMENT), 0);
        let at = open.len();
        open.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
        open.extend_from_slice(bytes);
        chunk.live += needed as u32;
        Some(number << OFFSET_BITS | (at / ALIGNMENT) as u32)
    }

    fn push_large(&mut self, bytes: &[u8]) -> Option<Place> {
        let number = self.new_chunk()?;
        let chunk = self.chunks.get_mut(number as usize)?;
        let parts = [&LARGE.to_le_bytes(), bytes];
        chunk.bytes = Bytes::Full(parts.concat().into());
        chunk.live = (LENGTH_BYTES + bytes.len()) as u32;
        Some(number << OFFSET_BITS)
    }

    /// The labels at a place; the empty set if there are none.
    #[inline]
    pub(super) fn get(&self, place: Place) -> LabelsRef<'_> {
        let bytes = self
            .find(place)
            .and_then(|(chunk, start, len)| chunk.bytes.as_slice().get(start..start + len));
        LabelsRef::from_canonical(bytes.unwrap_or(&[]))
    }

    /// The labels at a place, to keep.
    pub(super) fn share(&self, place: Place) -> Labels {
        match self.find(place) {
            Some((
                Chunk {
                    bytes: Bytes::Full(bytes),
                    ..
                },
                start,
                len,
            )) => Labels::shared(bytes.clone(), start as u32, len as u32),
            _ => self.get(place).to_owned(),
        }
    }

    /// Chunk, start and length of the labels at a place.
    #[inline]
    fn find(&self, place: Place) -> Option<(&Chunk, usize, usize)> {
        let chunk = self.chunks.get((place >> OFFSET_BITS) as usize)?;
        let at = (place & ((1 << OFFSET_BITS) - 1)) as usize * ALIGNMENT;
        let bytes = chunk.bytes.as_slice();
        let start = at + LENGTH_BYTES;
        let length = u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        let len = match length {
            LARGE => bytes.len() - start,
            length => usize::from(length),
        };
        Some((chunk, start, len))
    }

    /// Gives up the labels at a place. Their memory is free once all their neighbours are gone as well.
    pub(super) fn remove(&mut self, place: Place) {
        let Some((_, _, len)) = self.find(place) else {
            return;
        };
        let number = place >> OFFSET_BITS;
        let open = self.open == Some(number);
        if let Some(chunk) = self.chunks.get_mut(number as usize) {
            chunk.live = chunk.live.saturating_sub((LENGTH_BYTES + len) as u32);
            if chunk.live == 0 && !open {
                *chunk = Chunk::default();
                self.unused.push(number);
            }
        }
    }

    /// Whether less than half of the chunk of a place is in use: its labels should move.
    pub(super) fn is_sparse(&self, place: Place) -> bool {
        let number = place >> OFFSET_BITS;
        let chunk = self.chunks.get(number as usize);
        self.open != Some(number)
            && chunk.is_some_and(|c| (c.live as usize) < c.bytes.as_slice().len() / 2)
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        let of_chunk = |chunk: &Chunk| match &chunk.bytes {
            Bytes::Open(bytes) => bytes.capacity(),
            Bytes::Full(bytes) => bytes.len(),
        };
        let bytes: usize = self.chunks.iter().map(of_chunk).sum();
        bytes + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// The open chunk if `needed` bytes fit; else a new one.
    fn chunk_with_room(&mut self, needed: usize) -> Option<u32> {
        if let Some(number) = self.open
            && let Some(chunk) = self.chunks.get_mut(number as usize)
            && let Bytes::Open(bytes) = &mut chunk.bytes
        {
            if bytes.len().next_multiple_of(ALIGNMENT) + needed <= CHUNK_BYTES {
                return Some(number);
            }
            chunk.bytes = Bytes::Full(std::mem::take(bytes).into());
            if chunk.live == 0 {
                *chunk = Chunk::default();
                self.unused.push(number);
            }
        }
        let number = self.new_chunk()?;
        if let Some(chunk) = self.chunks.get_mut(number as usize) {
            chunk.bytes = Bytes::Open(Vec::with_capacity(CHUNK_BYTES));
        }
        self.open = Some(number);
        Some(number)
    }

    fn new_chunk(&mut self) -> Option<u32> {
        if let Some(number) = self.unused.pop() {
            return Some(number);
        }
        // The last number is left out, so that no place is `NOWHERE`.
        let number = u32::try_from(self.chunks.len()).ok()?;
        let numbers = (NOWHERE >> OFFSET_BITS) - 1;
        (number < numbers).then(|| self.chunks.push(Chunk::default()))?;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(n: usize) -> Labels {
        let long = "x".repeat(if n.is_multiple_of(97) {
            20_000 + n
        } else {
            n % 150
        });
        Labels::new([("n", n.to_string().as_str()), ("long", &long)]).expect("valid")
    }

    #[test]
    fn labels_come_back_and_leave() {
        let mut arena = LabelArena::default();
        let place = |arena: &mut LabelArena, n| arena.push(labels(n).as_ref()).expect("room");
        let places: Vec<_> = (0..3000).map(|n| place(&mut arena, n)).collect();
        let kept: Vec<_> = places.iter().map(|p| arena.share(*p)).collect();
        for (n, place) in places.iter().enumerate() {
            assert_eq!(arena.get(*place), labels(n).as_ref());
        }
        let full = arena.heap_bytes();
        for (n, place) in places.iter().enumerate() {
            if n % 10 != 3 {
                arena.remove(*place);
            }
        }
        assert!(places.iter().any(|p| arena.is_sparse(*p)));
        for (n, old) in places.iter().enumerate().filter(|(n, _)| n % 10 == 3) {
            let new = place(&mut arena, n);
            arena.remove(*old);
            assert_eq!(arena.get(new), labels(n).as_ref());
        }
        assert!(arena.heap_bytes() < full / 4);
        for n in 0..3000 {
            place(&mut arena, n);
        }
        assert!(arena.heap_bytes() < full * 3 / 2, "chunks are used again");
        assert!(kept.iter().enumerate().all(|(n, l)| *l == labels(n)));
        assert_eq!(arena.get(NOWHERE), LabelsRef::EMPTY);
    }
}
