//! Decodes integers from DELTA_BINARY_PACKED, 32 at a time, so that they are still in the first cache when they are used.
//!
//! A page is a head (deltas per block, miniblocks per block, number of values, first value) and blocks; a block is a minimum,
//! a bit width per miniblock, and the miniblocks, in which deltas above the minimum are packed.

use crate::varint;

/// Miniblocks are multiples of so many deltas.
const GROUP: usize = 32;

/// So many bytes of any content must follow a page: numbers are read eight bytes at once.
pub(super) const SLACK: usize = 8;

/// A place in a page. The bytes of the page, and [`SLACK`] more, are handed in with each call and must stay the same.
#[derive(Debug)]
pub(super) struct DeltaDecoder {
    /// Deltas of a miniblock, a multiple of [`GROUP`].
    miniblock: usize,
    miniblocks_per_block: usize,
    /// The byte that comes next.
    at: usize,
    /// Values of the page that are not decoded yet.
    left: usize,
    last: i64,
    minimum: i64,
    /// Where the widths of the block's miniblocks to come are.
    widths_at: usize,
    widths_left: usize,
    width: usize,
    /// Deltas of the miniblock that are not decoded yet.
    in_miniblock: usize,
    /// What is decoded; of it `from..to` is not given out yet.
    decoded: [i64; GROUP],
    from: usize,
    to: usize,
}

impl DeltaDecoder {
    /// Begins at byte `at` of `page`, which has `count` values.
    pub(super) fn start(page: &[u8], at: usize, count: usize) -> Option<Self> {
        let mut rest = page.get(at..)?;
        let mut number = || varint::take(&mut rest);
        let block = usize::try_from(number()?).ok()?;
        let miniblocks_per_block = usize::try_from(number()?).ok()?;
        let values = usize::try_from(number()?).ok()?;
        let first = varint::take_signed(&mut rest)?;
        let miniblock = block.checked_div(miniblocks_per_block)?;
        let sound = miniblock > 0 && miniblock.is_multiple_of(GROUP) && values == count;
        let mut decoded = [0; GROUP];
        decoded[0] = first;
        sound.then_some(Self {
            miniblock,
            miniblocks_per_block,
            at: page.len() - rest.len(),
            left: count.saturating_sub(1),
            last: first,
            minimum: 0,
            widths_at: 0,
            widths_left: 0,
            width: 0,
            in_miniblock: 0,
            decoded,
            from: 0,
            to: count.min(1),
        })
    }

    /// Gives the next `count` values to `sink`, some at a time; none if the page does not have them.
    pub(super) fn take(
        &mut self,
        page: &[u8],
        mut count: usize,
        sink: &mut impl FnMut(&[i64]),
    ) -> Option<()> {
        while count > 0 {
            if self.from == self.to {
                self.decode(page)?;
            }
            let to = self.to.min(self.from + count);
            sink(self.decoded.get(self.from..to)?);
            count -= to - self.from;
            self.from = to;
        }
        Some(())
    }

    /// Passes over the next `count` values; none if the page does not have them.
    pub(super) fn skip(&mut self, page: &[u8], mut count: usize) -> Option<()> {
        let ready = count.min(self.to - self.from);
        self.from += ready;
        count -= ready;
        while count >= GROUP && self.left >= GROUP {
            // Only where the values end up matters: a sum, which needs no order.
            let width = self.width_of_next(page)?;
            let sum = sum(width, self.next_group(page)?);
            let minima = self.minimum.wrapping_mul(GROUP as i64);
            self.last = self
                .last
                .wrapping_add(minima)
                .wrapping_add(sum.cast_signed());
            self.left -= GROUP;
            count -= GROUP;
        }
        self.take(page, count, &mut |_| {})
    }

    /// Decodes the next group.
    fn decode(&mut self, page: &[u8]) -> Option<()> {
        let width = self.width_of_next(page)?;
        let packed = self.next_group(page)?;
        let (minimum, mut last) = (self.minimum, self.last);
        let decoded = &mut self.decoded;
        // Added up as they are unpacked: to put them down first would take a pass more.
        unpack(width, packed, |i, delta| {
            last = last.wrapping_add(minimum.wrapping_add(delta.cast_signed()));
            decoded[i] = last;
        });
        self.last = last;
        (self.from, self.to) = (0, self.left.min(GROUP));
        self.left -= self.to;
        (self.to > 0).then_some(())
    }

    /// Bits of each delta of the next group.
    #[inline]
    fn width_of_next(&mut self, page: &[u8]) -> Option<usize> {
        if self.in_miniblock == 0 {
            self.next_miniblock(page)?;
        }
        Some(self.width)
    }

    /// Where the next group is packed: how far its deltas are above the minimum. [`SLACK`] bytes or more follow it.
    #[inline]
    fn next_group<'a>(&mut self, page: &'a [u8]) -> Option<&'a [u8]> {
        let bytes = self.width * GROUP / 8;
        let packed = page.get(self.at..)?;
        if packed.len() < bytes + SLACK {
            return None;
        }
        self.at += bytes;
        self.in_miniblock -= GROUP;
        Some(packed)
    }

    fn next_miniblock(&mut self, page: &[u8]) -> Option<()> {
        if self.widths_left == 0 {
            let mut rest = page.get(self.at..)?;
            self.minimum = varint::take_signed(&mut rest)?;
            self.widths_at = page.len() - rest.len();
            self.widths_left = self.miniblocks_per_block;
            self.at = self.widths_at.checked_add(self.miniblocks_per_block)?;
        }
        let width = *page.get(self.widths_at)?;
        self.width = usize::from(width);
        self.widths_at += 1;
        self.widths_left -= 1;
        self.in_miniblock = self.miniblock;
        (self.width <= u64::BITS as usize).then_some(())
    }
}

/// For each usual width there is a function of its own, in which the compiler knows all places and shifts.
macro_rules! by_width {
    ($width:ident, $narrow:ident $arguments:tt, $wide:expr) => {
        by_width!(@ $width, $narrow $arguments, $wide,
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)
    };
    (@ $width:ident, $narrow:ident $arguments:tt, $wide:expr, $($known:literal)*) => {
        match $width {
            $($known => $narrow::<$known> $arguments,)*
            _ => $wide,
        }
    };
}

/// Gives [`GROUP`] numbers of `width` bits, lowest bits first, from the start of `packed`, which goes on for [`SLACK`] bytes
/// after them; each with its place, which is below [`GROUP`].
#[inline(always)]
fn unpack(width: usize, packed: &[u8], mut sink: impl FnMut(usize, u64)) {
    by_width!(
        width,
        unpack_narrow(packed, &mut sink),
        unpack_wide(width, packed, &mut sink)
    );
}

/// The sum of what [`unpack`] gives.
fn sum(width: usize, packed: &[u8]) -> u64 {
    by_width!(width, sum_narrow(packed), sum_unpacked(width, packed))
}

fn unpack_narrow<const WIDTH: usize>(packed: &[u8], sink: &mut impl FnMut(usize, u64)) {
    let Some(packed) = packed.get(..WIDTH * GROUP / 8 + SLACK) else {
        return;
    };
    let mask = (1_u64 << WIDTH) - 1;
    for i in 0..GROUP {
        let (at, shift) = (i * WIDTH / 8, i * WIDTH % 8);
        sink(i, (word(packed, at) >> shift) & mask);
    }
}

/// Adds numbers while they are side by side in words, those at even places to those at odd ones: in pairs, so that sums have
/// room.
fn sum_narrow<const WIDTH: usize>(packed: &[u8]) -> u64 {
    // A word may begin inside of a byte, so 57 bits are sure.
    let at_once = match WIDTH {
        0 => return 0,
        _ => (57 / (2 * WIDTH) * 2).min(GROUP),
    };
    if at_once == 0 {
        return sum_unpacked(WIDTH, packed);
    }
    let Some(packed) = packed.get(..WIDTH * GROUP / 8 + SLACK) else {
        return 0;
    };
    let lane = (1_u64 << (2 * WIDTH)) - 1;
    let lanes = || (0..at_once / 2).map(|i| 2 * WIDTH * i);
    let even = lanes().fold(0, |mask, shift| mask | ((1 << WIDTH) - 1) << shift);
    let mut sums = 0;
    for first in (0..GROUP).step_by(at_once) {
        let count = at_once.min(GROUP - first);
        let (at, shift) = (first * WIDTH / 8, first * WIDTH % 8);
        let numbers = (word(packed, at) >> shift) & ((1_u64 << (count * WIDTH)) - 1);
        sums += (numbers & even) + ((numbers >> WIDTH) & even);
    }
    lanes().map(|shift| (sums >> shift) & lane).sum()
}

fn sum_unpacked(width: usize, packed: &[u8]) -> u64 {
    let mut sum = 0_u64;
    unpack(width, packed, |_, number| sum = sum.wrapping_add(number));
    sum
}

#[inline]
fn word(packed: &[u8], at: usize) -> u64 {
    packed[at..]
        .first_chunk()
        .copied()
        .map_or(0, u64::from_le_bytes)
}

/// Outliers: rare, so not worth code for each width.
fn unpack_wide(width: usize, packed: &[u8], sink: &mut impl FnMut(usize, u64)) {
    let mask = u64::MAX >> (64 - width.min(64));
    for i in 0..GROUP {
        let (at, shift) = (i * width / 8, i * width % 8);
        let bytes = packed.iter().skip(at).take(9).rev();
        let bits = bytes.fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        sink(i, (bits >> shift) as u64 & mask);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::delta::{DeltaEncoder, Shape};
    use super::*;

    fn padded(page: &[u8]) -> Vec<u8> {
        [page, &[0xa5; SLACK]].concat()
    }

    /// Every other part is passed over.
    fn every_other(page: &[u8], parts: &[usize]) -> Option<Vec<i64>> {
        let page = &padded(page);
        let mut decoder = DeltaDecoder::start(page, 0, parts.iter().sum())?;
        let mut values = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            match i % 2 {
                0 => decoder.skip(page, *part)?,
                _ => decoder.take(page, *part, &mut |some| values.extend_from_slice(some))?,
            }
        }
        Some(values)
    }

    fn decode(page: &[u8], parts: &[usize]) -> Option<Vec<i64>> {
        let page = &padded(page);
        let mut decoder = DeltaDecoder::start(page, 0, parts.iter().sum())?;
        let mut values = Vec::new();
        for part in parts {
            decoder.take(page, *part, &mut |some| values.extend_from_slice(some))?;
        }
        Some(values)
    }

    fn shape() -> impl Strategy<Value = Shape> {
        let parts = (1..5_usize, 0..3_usize, 0..3_usize, any::<bool>());
        parts.prop_map(|(blocks, miniblock, width_step, one_minimum)| Shape {
            block: 128 * blocks,
            miniblock: [32, 64, 128][miniblock],
            width_step: [1, 4, 8][width_step],
            one_minimum,
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            width in 0..64_u32,
            values in prop::collection::vec(any::<i64>(), 1..700),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            shape in shape(),
        ) {
            let values: Vec<i64> = values.iter().map(|v| v >> width).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(values.len())).collect();
            cuts.extend([0, values.len()]);
            cuts.sort_unstable();
            let parts: Vec<usize> = cuts.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (mut encoder, mut page) = (DeltaEncoder::default(), Vec::new());
            encoder.set(&values);
            encoder.encode(shape, &mut page);
            prop_assert_eq!(decode(&page, &parts), Some(values.clone()));
            let kept = cuts[1..].chunks_exact(2).flat_map(|pair| &values[pair[0]..pair[1]]);
            let kept: Vec<i64> = kept.copied().collect();
            prop_assert_eq!(every_other(&page, &parts), Some(kept));
            page.truncate(page.len() - 1);
            let cut = decode(&page, &parts);
            prop_assert!(cut.is_none() || cut == Some(values));
        }

        #[test]
        fn a_sum_is_that_of_the_unpacked(width in 0..=64_usize, mut packed in prop::collection::vec(any::<u8>(), 264 + SLACK), full: bool) {
            if full {
                packed.fill(0xff);
            }
            prop_assert_eq!(sum(width, &packed), sum_unpacked(width, &packed));
        }

        #[test]
        fn hostile_bytes_end(page in prop::collection::vec(any::<u8>(), 0..300), count in 0..2000_usize) {
            let _ = decode(&page, &[count]);
        }
    }
}
