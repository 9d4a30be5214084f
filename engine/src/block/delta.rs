//! Encodes integers as DELTA_BINARY_PACKED, using the freedom that Parquet leaves its writers to make pages small.
//!
//! The encoding stores a minimum per block of deltas, and a bit width per miniblock in which the deltas above that
//! minimum are packed. Any minimum will do, since readers add with wrapping: a delta below it takes all 64 bits. So a
//! counter that restarts, or the border between two series, costs one miniblock instead of a block of wide numbers. Any
//! width that holds the deltas will do too: at four or eight bits zstd sees the same bytes again and codes them
//! by how often they come, where the tightest width leaves it nothing to find.

use crate::varint;

/// Deltas below the minimum take all bits.
const WIDTH_MAX: u32 = 64;

/// How deltas are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Deltas of a block, a multiple of 128.
    pub(super) block: usize,
    /// Deltas of a miniblock, a multiple of 32 that divides `block`.
    pub(super) miniblock: usize,
    /// Widths are rounded up to a multiple of so many bits: 1, 4 or 8.
    pub(super) width_step: u32,
    /// Whether all blocks of a page have the same minimum, so that equal deltas are equal bits all over it.
    pub(super) one_minimum: bool,
}

/// The lowest and the highest delta of a miniblock.
type Bounds = (i64, i64);

/// The deltas of a page; its vectors are used again from page to page.
#[derive(Debug, Default)]
pub(super) struct DeltaEncoder {
    count: usize,
    first: i64,
    deltas: Vec<i64>,
    bounds: Vec<Bounds>,
}

impl DeltaEncoder {
    /// The page that is encoded from now on.
    pub(super) fn set(&mut self, values: &[i64]) {
        self.count = values.len();
        self.first = values.first().copied().unwrap_or(0);
        self.deltas.clear();
        let next = values.iter().skip(1);
        let deltas = values
            .iter()
            .zip(next)
            .map(|(before, v)| v.wrapping_sub(*before));
        self.deltas.extend(deltas);
    }

    /// Appends the page, laid out as `shape` says, to `out`.
    pub(super) fn encode(&mut self, shape: Shape, out: &mut Vec<u8>) {
        let per_block = shape.block / shape.miniblock;
        for number in [shape.block, per_block, self.count] {
            varint::push(number as u64, out);
        }
        varint::push_signed(self.first, out);
        self.bounds.clear();
        let miniblocks = self.deltas.chunks(shape.miniblock);
        self.bounds.extend(miniblocks.map(bounds_of));
        let minimum = shape
            .one_minimum
            .then(|| common_minimum(&self.bounds, shape.width_step));
        let blocks = self.deltas.chunks(shape.block);
        for (deltas, bounds) in blocks.zip(self.bounds.chunks(per_block)) {
            let minimum = minimum.unwrap_or_else(|| best_minimum(bounds, shape.width_step));
            varint::push_signed(minimum, out);
            let widths = out.len();
            let width_of = |b: &Bounds| width(*b, minimum, shape.width_step) as u8;
            out.extend(bounds.iter().map(width_of));
            out.resize(widths + per_block, 0);
            for (miniblock, bounds) in deltas.chunks(shape.miniblock).zip(bounds) {
                let padding = shape.miniblock - miniblock.len();
                let width = width(*bounds, minimum, shape.width_step);
                pack(miniblock, padding, minimum, width, out);
            }
        }
    }
}

fn bounds_of(deltas: &[i64]) -> Bounds {
    deltas.iter().fold((i64::MAX, i64::MIN), |(low, high), d| {
        (low.min(*d), high.max(*d))
    })
}

/// Bits that each delta of a miniblock needs above `minimum`.
fn width((low, high): Bounds, minimum: i64, step: u32) -> u32 {
    if low < minimum {
        return WIDTH_MAX;
    }
    let bits = u64::BITS - high.wrapping_sub(minimum).cast_unsigned().leading_zeros();
    bits.next_multiple_of(step).min(WIDTH_MAX)
}

fn bits(bounds: &[Bounds], minimum: i64, step: u32) -> u64 {
    bounds
        .iter()
        .map(|b| u64::from(width(*b, minimum, step)))
        .sum()
}

/// The lowest delta of a miniblock, unless that is an outlier which would widen the others.
fn best_minimum(bounds: &[Bounds], step: u32) -> i64 {
    let lows = bounds.iter().map(|b| b.0);
    lows.min_by_key(|low| (bits(bounds, *low, step), *low))
        .unwrap_or(0)
}

/// One minimum for all: outliers are searched among the lowest quarter.
fn common_minimum(bounds: &[Bounds], step: u32) -> i64 {
    let mut lows: Vec<i64> = bounds.iter().map(|b| b.0).collect();
    lows.sort_unstable();
    let positions = [0, 1, 2, 4, 8, 16, 32, 64, 128];
    let quarter = positions.iter().take_while(|at| **at <= lows.len() / 4);
    quarter
        .filter_map(|at| lows.get(*at).copied())
        .min_by_key(|low| (bits(bounds, *low, step), *low))
        .unwrap_or(0)
}

/// Appends `deltas` above `minimum` in `width` bits each, lowest bits first, and `padding` zeros. Miniblocks are multiples of
/// 32 deltas, so they end at a byte.
fn pack(deltas: &[i64], padding: usize, minimum: i64, width: u32, out: &mut Vec<u8>) {
    let above = deltas
        .iter()
        .map(|d| d.wrapping_sub(minimum).cast_unsigned());
    let (mut held, mut held_bits) = (0_u128, 0);
    for delta in above.chain(std::iter::repeat_n(0, padding)) {
        held |= u128::from(delta) << held_bits;
        held_bits += width;
        if held_bits >= 64 {
            out.extend_from_slice(&(held as u64).to_le_bytes());
            held >>= 64;
            held_bits -= 64;
        }
    }
    let rest = (held as u64).to_le_bytes();
    out.extend(rest.iter().take(held_bits.div_ceil(8) as usize));
}

#[cfg(test)]
mod tests {
    use parquet::basic::Encoding;
    use parquet::column::page::{Page, PageMetadata, PageReader};
    use parquet::column::reader::ColumnReaderImpl;
    use parquet::data_type::Int64Type;
    use parquet::errors::ParquetError;
    use parquet::schema::types::SchemaDescriptor;
    use proptest::prelude::*;

    use super::super::schema::{SampleColumn, samples_schema};
    use super::*;

    fn steps() -> impl Strategy<Value = Vec<i64>> {
        let usual = prop::collection::vec(0..1000_i64, 0..700);
        let outliers = prop::collection::vec((any::<prop::sample::Index>(), any::<i64>()), 0..4);
        (usual, outliers).prop_map(|(mut steps, outliers)| {
            for (at, value) in outliers {
                if !steps.is_empty() {
                    let at = at.index(steps.len());
                    steps[at] = value;
                }
            }
            steps
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            first in any::<i64>(),
            steps in steps(),
            shape in (1..5_usize, 0..3_usize, 0..3_usize, any::<bool>()),
        ) {
            let (blocks, miniblock, width_step, one_minimum) = shape;
            let shape = Shape { block: 128 * blocks, miniblock: [32, 64, 128][miniblock], width_step: [1, 4, 8][width_step], one_minimum };
            let next = |v: &mut i64, step: &i64| { *v = v.wrapping_add(*step); Some(*v) };
            let values: Vec<i64> = std::iter::once(first).chain(steps.iter().scan(first, next)).collect();
            let (mut encoder, mut page) = (DeltaEncoder::default(), Vec::new());
            encoder.set(&values);
            encoder.encode(shape, &mut page);
            prop_assert_eq!(decode(&page, values.len()), values);
        }
    }

    /// A column of one page.
    struct OnePage(Option<Page>);

    impl Iterator for OnePage {
        type Item = Result<Page, ParquetError>;

        fn next(&mut self) -> Option<Self::Item> {
            self.get_next_page().transpose()
        }
    }

    impl PageReader for OnePage {
        fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
            Ok(self.0.take())
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<(), ParquetError> {
            self.0 = None;
            Ok(())
        }
    }

    fn decode(page: &[u8], count: usize) -> Vec<i64> {
        let schema = samples_schema(false).expect("a schema");
        let column = SchemaDescriptor::new(schema).column(SampleColumn::Timestamp as usize);
        let page = Page::DataPage {
            buf: page.to_vec().into(),
            num_values: count as u32,
            encoding: Encoding::DELTA_BINARY_PACKED,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let mut reader = ColumnReaderImpl::<Int64Type>::new(column, Box::new(OnePage(Some(page))));
        let mut out = Vec::new();
        let read = reader.read_records(count, None, None, &mut out);
        assert_eq!(read.expect("decodes").0, count);
        out
    }
}
