//! Encodes and compresses pages of `samples.parquet`, in more than one way where that is worth it, and keeps the smallest.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{CompressedPage, Page};
use parquet::errors::ParquetError;
use zstd::bulk::Compressor;

use super::delta::{DeltaEncoder, Shape};
use super::levels::put_levels;
use crate::varint;

/// The usual shape of deltas: tight widths, and a block of 256 because each costs a minimum.
const TIGHT: Shape = Shape {
    block: 256,
    miniblock: 32,
    width_step: 1,
    one_minimum: false,
};

/// As [`TIGHT`] for wide numbers, of which readers unpack 64 at once.
const TIGHT_WIDE: Shape = Shape {
    miniblock: 64,
    ..TIGHT
};

/// Tight widths above a common minimum.
const LEVEL: Shape = Shape {
    block: 8192,
    one_minimum: true,
    ..TIGHT
};

/// Numbers that begin at bytes or half-way between.
const NIBBLES: Shape = Shape {
    block: 8192,
    miniblock: 64,
    width_step: 4,
    one_minimum: true,
};

/// Numbers that begin at bytes.
const BYTES: Shape = Shape {
    width_step: 8,
    ..NIBBLES
};

/// How much is done to make a page small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// For blocks that will soon be merged.
    Quick,
    /// For blocks that stay.
    Thorough,
}

impl Effort {
    fn zstd_level(self) -> i32 {
        match self {
            Self::Quick => 1,
            Self::Thorough => 3,
        }
    }

    fn mantissa_shapes(self) -> &'static [Shape] {
        match self {
            Self::Quick => &[TIGHT],
            Self::Thorough => &[TIGHT, TIGHT_WIDE, LEVEL, NIBBLES, BYTES],
        }
    }
}

/// What a page says.
#[derive(Debug, Clone, Copy)]
pub(super) enum PageValues<'a> {
    /// The series of a row group, which are its dictionary, each with its number of rows.
    Series(&'a [(i32, usize)]),
    /// A time for each row.
    Times(&'a [i64]),
    /// Values of the rows that have one.
    Mantissas(&'a [bool], &'a [i64]),
    /// Values of the rows that have one.
    Doubles(&'a [bool], &'a [f64]),
    /// Start timestamps of the rows that have one.
    Starts(&'a [bool], &'a [i64]),
}

/// Encodes pages one after the other.
pub(super) struct PageEncoder {
    effort: Effort,
    zstd: Compressor<'static>,
    delta: DeltaEncoder,
    /// The page before it is compressed.
    plain: Vec<u8>,
    /// Compressed, of the way that is tried now and of the best so far.
    tried: Vec<u8>,
    best: Vec<u8>,
}

impl PageEncoder {
    /// One that takes so much `effort`.
    pub(super) fn new(effort: Effort) -> Result<Self, ParquetError> {
        Ok(Self {
            effort,
            zstd: Compressor::new(effort.zstd_level())?,
            delta: DeltaEncoder::default(),
            plain: Vec::new(),
            tried: Vec::new(),
            best: Vec::new(),
        })
    }

    /// The page of `rows` rows that says `values`.
    pub(super) fn encode(
        &mut self,
        rows: usize,
        values: PageValues<'_>,
    ) -> Result<CompressedPage, ParquetError> {
        self.best.clear();
        let (encoding, plain_bytes) = match values {
            PageValues::Series(series) => self.encode_series(series)?,
            PageValues::Times(times) => self.encode_deltas(None, times, &[NIBBLES])?,
            PageValues::Mantissas(present, values) => {
                let shapes = self.effort.mantissa_shapes();
                self.encode_deltas(Some(present), values, shapes)?
            }
            PageValues::Starts(present, starts) => {
                self.encode_deltas(Some(present), starts, &[NIBBLES])?
            }
            PageValues::Doubles(present, values) => self.encode_doubles(present, values)?,
        };
        let page = Page::DataPage {
            buf: Bytes::copy_from_slice(&self.best),
            num_values: rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        Ok(CompressedPage::new(page, plain_bytes))
    }

    /// The dictionary of the column `series`.
    pub(super) fn dictionary(&mut self, series: &[i32]) -> Result<CompressedPage, ParquetError> {
        self.plain.clear();
        self.plain
            .extend(series.iter().flat_map(|s| s.to_le_bytes()));
        self.best.clear();
        self.keep_if_smaller()?;
        let page = Page::DictionaryPage {
            buf: Bytes::copy_from_slice(&self.best),
            num_values: series.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: true,
        };
        Ok(CompressedPage::new(page, self.plain.len()))
    }

    fn encode_series(
        &mut self,
        series: &[(i32, usize)],
    ) -> Result<(Encoding, usize), ParquetError> {
        let index_max = series.len().saturating_sub(1) as u32;
        let width = (u32::BITS - index_max.leading_zeros()).max(1);
        self.plain.clear();
        self.plain.push(width as u8);
        for (index, (_, rows)) in (0_u32..).zip(series) {
            varint::push((*rows as u64) << 1, &mut self.plain);
            let bytes = index.to_le_bytes();
            self.plain
                .extend(bytes.iter().take(width.div_ceil(8) as usize));
        }
        self.keep_if_smaller()?;
        Ok((Encoding::RLE_DICTIONARY, self.plain.len()))
    }

    fn encode_deltas(
        &mut self,
        present: Option<&[bool]>,
        values: &[i64],
        shapes: &[Shape],
    ) -> Result<(Encoding, usize), ParquetError> {
        self.delta.set(values);
        let mut plain_bytes = 0;
        for shape in shapes {
            self.start(present);
            self.delta.encode(*shape, &mut self.plain);
            if self.keep_if_smaller()? {
                plain_bytes = self.plain.len();
            }
        }
        Ok((Encoding::DELTA_BINARY_PACKED, plain_bytes))
    }

    fn encode_doubles(
        &mut self,
        present: &[bool],
        values: &[f64],
    ) -> Result<(Encoding, usize), ParquetError> {
        self.start(Some(present));
        for byte in 0..size_of::<f64>() {
            let of = |v: &f64| v.to_bits() >> (8 * byte);
            self.plain.extend(values.iter().map(|v| of(v) as u8));
        }
        self.keep_if_smaller()?;
        Ok((Encoding::BYTE_STREAM_SPLIT, self.plain.len()))
    }

    fn start(&mut self, present: Option<&[bool]>) {
        self.plain.clear();
        if let Some(present) = present {
            put_levels(present, &mut self.plain);
        }
    }

    /// Compresses the page; says whether it is the first or smaller than those before it.
    fn keep_if_smaller(&mut self) -> Result<bool, ParquetError> {
        self.tried.clear();
        self.tried
            .reserve(zstd::zstd_safe::compress_bound(self.plain.len()));
        self.zstd.compress_to_buffer(&self.plain, &mut self.tried)?;
        let smaller = self.best.is_empty() || self.tried.len() < self.best.len();
        if smaller {
            std::mem::swap(&mut self.tried, &mut self.best);
        }
        Ok(smaller)
    }
}
