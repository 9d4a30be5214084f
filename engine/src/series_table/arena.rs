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

/// Some chunks, to be read while others go on writing.
#[derive(Default, Clone)]
pub(super) struct SharedLabels {
    /// By number.
    chunks: Vec<Option<Arc<[u8]>>>,
}

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

impl SharedLabels {
    /// The labels at one of the places; the empty set at others.
    #[inline]
    pub(super) fn get(&self, place: Place) -> LabelsRef<'_> {
        let chunk = self.chunks.get(chunk_of(place)).and_then(Option::as_ref);
        LabelsRef::from_canonical(chunk.map_or(&[], |bytes| set_in(bytes, place)))
    }
}

#[inline]
fn chunk_of(place: Place) -> usize {
    (place >> OFFSET_BITS) as usize
}

#[inline]
fn offset_of(place: Place) -> usize {
    (place & ((1 << OFFSET_BITS) - 1)) as usize * ALIGNMENT
}

/// The label set at a place in the bytes of its chunk.
#[inline]
fn set_in(chunk: &[u8], place: Place) -> &[u8] {
    let found = chunk
        .get(offset_of(place)..)
        .and_then(<[u8]>::split_first_chunk);
    found.map_or(&[], |(length, rest)| match u16::from_le_bytes(*length) {
        LARGE => rest,
        length => rest.get(..usize::from(length)).unwrap_or(&[]),
    })
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
        let chunk = self.chunks.get(chunk_of(place));
        LabelsRef::from_canonical(chunk.map_or(&[], |c| set_in(c.bytes.as_slice(), place)))
    }

    /// The labels at a place, to keep.
    pub(super) fn share(&self, place: Place) -> Labels {
        let labels = self.get(place);
        match self.chunks.get(chunk_of(place)).map(|c| &c.bytes) {
            Some(Bytes::Full(bytes)) => {
                let start = offset_of(place) + LENGTH_BYTES;
                Labels::shared(bytes.clone(), start as u32, labels.as_bytes().len() as u32)
            }
            _ => labels.to_owned(),
        }
    }

    /// The chunks of some places, to keep.
    pub(super) fn share_all(&self, places: &[Place]) -> SharedLabels {
        let mut shared = SharedLabels::default();
        for place in places {
            let number = chunk_of(*place);
            if shared.chunks.len() <= number {
                shared.chunks.resize(number + 1, None);
            }
            if let (Some(slot @ None), Some(chunk)) =
                (shared.chunks.get_mut(number), self.chunks.get(number))
            {
                *slot = Some(match &chunk.bytes {
                    Bytes::Full(bytes) => bytes.clone(),
                    Bytes::Open(bytes) => bytes.as_slice().into(),
                });
            }
        }
        shared
    }

    /// Gives up the labels at a place. Their memory is free once all their neighbours are gone as well.
    pub(super) fn remove(&mut self, place: Place) {
        let len = self.get(place).as_bytes().len();
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
        let shared = arena.share_all(&places);
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
        let mut pairs = places.iter().enumerate();
        assert!(pairs.all(|(n, p)| shared.get(*p) == labels(n).as_ref()));
        assert_eq!(shared.get(NOWHERE), LabelsRef::EMPTY);
        assert_eq!(arena.get(NOWHERE), LabelsRef::EMPTY);
    }
}
