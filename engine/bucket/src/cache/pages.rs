//! The arithmetic of pages: which cover a range, which are fetched together, and how a range is put together again.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::limits::{PAGE_BYTES, REQUEST_BYTES_MAX};

/// The numbers of the pages that have bytes of `ranges`, in order, each once.
pub(super) fn covering(ranges: &[Range<u64>]) -> Vec<u64> {
    let mut numbers: Vec<u64> = ranges
        .iter()
        .filter(|range| range.start < range.end)
        .flat_map(|range| range.start / PAGE_BYTES..=(range.end - 1) / PAGE_BYTES)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Numbers that follow each other, as many as one request may fetch.
pub(super) fn runs<T>(numbers: &[(u64, T)]) -> impl Iterator<Item = &[(u64, T)]> {
    let together = (REQUEST_BYTES_MAX / PAGE_BYTES) as usize;
    numbers
        .chunk_by(|(a, _), (b, _)| a + 1 == *b)
        .flat_map(move |run| run.chunks(together))
}

/// Bytes of page `number` of an object with `size` bytes.
pub(super) fn length(number: u64, size: u64) -> u64 {
    size.saturating_sub(number.saturating_mul(PAGE_BYTES))
        .min(PAGE_BYTES)
}

/// Page `at` of those in `bytes`, in memory of its own: otherwise the last page that is kept would keep all of them.
pub(super) fn cut(bytes: &Bytes, at: u64) -> Bytes {
    let start = ((at * PAGE_BYTES) as usize).min(bytes.len());
    let end = (start + PAGE_BYTES as usize).min(bytes.len());
    if start == 0 && end == bytes.len() {
        return bytes.clone();
    }
    Bytes::copy_from_slice(bytes.get(start..end).unwrap_or(&[]))
}

/// The bytes of `range`, if `pages` (by number, in order) have them all.
pub(super) fn assemble(range: &Range<u64>, pages: &[(u64, Bytes)]) -> Option<Bytes> {
    if range.is_empty() {
        return Some(Bytes::new());
    }
    let first = range.start / PAGE_BYTES;
    let at = pages.partition_point(|(number, _)| *number < first);
    let part = |number: u64, page: &Bytes| {
        let page_start = number * PAGE_BYTES;
        let from = range.start.max(page_start) - page_start;
        let to = range
            .end
            .min(page_start + page.len() as u64)
            .checked_sub(page_start)?;
        (from <= to).then(|| page.slice(from as usize..to as usize))
    };
    let (number, page) = pages.get(at)?;
    let length = usize::try_from(range.end - range.start).ok()?;
    let begin = part(*number, page)?;
    if begin.len() == length {
        return Some(begin);
    }
    let mut bytes = BytesMut::with_capacity(length);
    for (number, page) in pages.iter().skip(at) {
        if bytes.len() == length {
            break;
        }
        bytes.extend_from_slice(&part(*number, page)?);
    }
    (bytes.len() == length).then(|| bytes.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const P: u64 = PAGE_BYTES;

    #[test]
    fn pages_and_requests() {
        assert_eq!(
            covering(&[0..1, P - 1..P + 1, 5..5, 9 * P..10 * P]),
            [0, 1, 9]
        );
        let numbers: Vec<(u64, ())> = [0, 1, 3]
            .into_iter()
            .chain(10..60)
            .map(|n| (n, ()))
            .collect();
        let lengths: Vec<usize> = runs(&numbers).map(<[_]>::len).collect();
        let most = (REQUEST_BYTES_MAX / P) as usize;
        assert_eq!(lengths[..3], [2, 1, most]);
        assert_eq!(lengths.iter().sum::<usize>(), 53);
        assert_eq!((length(0, 10), length(1, P + 3), length(2, P)), (10, 3, 0));
    }

    proptest! {
        #[test]
        fn ranges_come_together_again(size in 1_u64..4 * P, cuts in proptest::collection::vec((0_u64..4 * P, 0_u64..2 * P), 1..5)) {
            let object: Bytes = (0..size).map(|i| (i % 251) as u8).collect::<Vec<u8>>().into();
            let ranges: Vec<_> = cuts
                .iter()
                .map(|(start, length)| start % size..(start % size + length).min(size))
                .collect();
            let pages: Vec<_> = covering(&ranges).into_iter().map(|n| (n, cut(&object, n))).collect();
            for range in &ranges {
                let wanted = object.slice(range.start as usize..range.end as usize);
                prop_assert_eq!(assemble(range, &pages), Some(wanted));
            }
        }
    }
}
