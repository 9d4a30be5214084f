//! Decompresses pages of `samples.parquet` and decodes them on the way.
//!
//! The `parquet` crate would do it, too; but it makes vectors of levels and of numbers first, and here both are used while
//! they are in the first cache. Only what `samples_writer.rs` writes is read: data pages of the first version, with levels as
//! runs, compressed by zstd.

use std::cell::RefCell;
use std::ops::Range;

use bytes::Bytes;
use parquet::errors::ParquetError;
use zstd::bulk::Decompressor;

use super::delta_decoder::{DeltaDecoder, SLACK};
use super::levels::read_levels;
use super::page_header::PageHeader;

/// Bytes that a page may have beside its values: levels, heads of blocks, a miniblock that is not full.
const EXTRA_BYTES_MAX: usize = 256 << 10;

thread_local! {
    /// Its memory is used again from page to page.
    static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// How the values of a column are encoded.
pub(super) trait Decoder: Sized {
    /// What a value is.
    type Item: Copy;
    /// Parquet's number for the encoding.
    const ENCODING: i64;

    /// Begins at byte `at` of `page`, which has `count` values and [`SLACK`] bytes after its end.
    fn start(page: &[u8], at: usize, count: usize) -> Option<Self>;

    /// Gives the next `count` values to `sink`, some at a time.
    fn take(
        &mut self,
        page: &[u8],
        count: usize,
        sink: &mut impl FnMut(&[Self::Item]),
    ) -> Option<()>;

    /// Passes over the next `count` values.
    fn skip(&mut self, page: &[u8], count: usize) -> Option<()>;
}

impl Decoder for DeltaDecoder {
    type Item = i64;
    const ENCODING: i64 = 5;

    fn start(page: &[u8], at: usize, count: usize) -> Option<Self> {
        Self::start(page, at, count)
    }

    fn take(&mut self, page: &[u8], count: usize, sink: &mut impl FnMut(&[i64])) -> Option<()> {
        self.take(page, count, sink)
    }

    fn skip(&mut self, page: &[u8], count: usize) -> Option<()> {
        self.skip(page, count)
    }
}

/// Doubles as BYTE_STREAM_SPLIT: first the lowest bytes of all, last the highest.
pub(super) struct DoubleDecoder {
    start: usize,
    count: usize,
    next: usize,
}

impl Decoder for DoubleDecoder {
    type Item = f64;
    const ENCODING: i64 = 9;

    fn start(page: &[u8], at: usize, count: usize) -> Option<Self> {
        let bytes = page.len().checked_sub(SLACK)?.checked_sub(at)?;
        (bytes == count.checked_mul(size_of::<f64>())?).then_some(Self {
            start: at,
            count,
            next: 0,
        })
    }

    fn take(&mut self, page: &[u8], count: usize, sink: &mut impl FnMut(&[f64])) -> Option<()> {
        let mut some = [0.0; 32];
        let end = self.next.checked_add(count)?;
        while self.next < end {
            let length = some.len().min(end - self.next);
            let now = some.get_mut(..length)?;
            let mut bits = [0_u64; 32];
            for byte in 0..size_of::<f64>() {
                let from = self.start + byte * self.count + self.next;
                let stream = page.get(from..from + now.len())?;
                for (bits, b) in bits.iter_mut().zip(stream) {
                    *bits |= u64::from(*b) << (8 * byte);
                }
            }
            let doubles = now.iter_mut().zip(&bits);
            doubles.for_each(|(v, bits)| *v = f64::from_bits(*bits));
            sink(now);
            self.next += now.len();
        }
        (end <= self.count).then_some(())
    }

    fn skip(&mut self, _: &[u8], count: usize) -> Option<()> {
        self.next = self.next.checked_add(count)?;
        (self.next <= self.count).then_some(())
    }
}

/// A page as it is in the file.
pub(super) struct StoredPage {
    /// Its rows, counted over the whole file.
    pub(super) rows: Range<u64>,
    /// Header and compressed bytes.
    pub(super) bytes: Bytes,
}

/// The page that a cursor is in.
pub(super) struct OpenPage<D> {
    rows: Range<u64>,
    next_row: u64,
    plain: Vec<u8>,
    /// Which rows have a value; `None` if all have.
    present: Option<Vec<bool>>,
    values: Option<D>,
}

impl<D> Default for OpenPage<D> {
    /// A page without rows.
    fn default() -> Self {
        Self {
            rows: 0..0,
            next_row: 0,
            plain: Vec::new(),
            present: None,
            values: None,
        }
    }
}

impl<D: Decoder> OpenPage<D> {
    /// The rows of the page.
    pub(super) fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// Goes to the start of `page`, whose column is `optional` if rows may have no value.
    pub(super) fn open(&mut self, page: &StoredPage, optional: bool) -> Result<(), ParquetError> {
        let rows = page.rows.end.saturating_sub(page.rows.start) as usize;
        let header = PageHeader::parse(&page.bytes).ok_or_else(|| bad("has no header"))?;
        let room = rows * size_of::<u64>() + rows / 4 + EXTRA_BYTES_MAX;
        let known = header.page_type == 0 && header.encoding == D::ENCODING;
        if !known || header.rows != rows as u64 || header.plain_bytes > room {
            return Err(bad("is not what the footer announces"));
        }
        let end = header.header_bytes.saturating_add(header.compressed_bytes);
        let compressed = page.bytes.get(header.header_bytes..end);
        let compressed = compressed.ok_or_else(|| bad("is cut off"))?;
        decompress(compressed, header.plain_bytes, &mut self.plain)?;
        let mut at = 0;
        self.present = None;
        if optional {
            (self.present, at) =
                read_levels(&self.plain, rows).ok_or_else(|| bad("has unsound levels"))?;
        }
        let count = self.present.as_ref().map_or(rows, |all| there(all));
        self.values = match count {
            0 => None,
            count => Some(D::start(&self.plain, at, count).ok_or_else(|| bad("is unsound"))?),
        };
        self.rows = page.rows.clone();
        self.next_row = page.rows.start;
        Ok(())
    }

    /// Gives the values of `rows`, which lie in the page and not before those read so far, to `sink`, and appends to `present`
    /// which of them have one.
    pub(super) fn read(
        &mut self,
        rows: Range<u64>,
        present: Option<&mut Vec<bool>>,
        sink: &mut impl FnMut(&[D::Item]),
    ) -> Result<(), ParquetError> {
        let short = || bad("has fewer values than rows");
        let before = self.rows_present(self.next_row..rows.start);
        let (_, skipped) = before.ok_or_else(short)?;
        let within = self.rows_present(rows.clone());
        let (these, count) = within.ok_or_else(short)?;
        if let Some(present) = present {
            match these {
                Some(these) => present.extend_from_slice(these),
                None => present.resize(present.len() + count, true),
            }
        }
        if let Some(values) = &mut self.values {
            let taken = values
                .skip(&self.plain, skipped)
                .and_then(|()| values.take(&self.plain, count, sink));
            taken.ok_or_else(short)?;
        }
        self.next_row = rows.end;
        Ok(())
    }

    /// Which of `rows` have a value, if not all, and how many.
    fn rows_present(&self, rows: Range<u64>) -> Option<(Option<&[bool]>, usize)> {
        let from = rows.start.checked_sub(self.rows.start)? as usize;
        let to = rows.end.checked_sub(self.rows.start)? as usize;
        match &self.present {
            None => Some((None, to.checked_sub(from)?)),
            Some(all) => {
                let these = all.get(from..to)?;
                Some((Some(these), there(these)))
            }
        }
    }
}

fn there(present: &[bool]) -> usize {
    present.iter().map(|there| usize::from(*there)).sum()
}

fn decompress(bytes: &[u8], plain_bytes: usize, out: &mut Vec<u8>) -> Result<(), ParquetError> {
    out.clear();
    out.reserve(plain_bytes + SLACK);
    ZSTD.with_borrow_mut(|zstd| {
        let zstd = match zstd {
            Some(zstd) => zstd,
            none => none.insert(Decompressor::new()?),
        };
        zstd.decompress_to_buffer(bytes, out)?;
        if out.len() != plain_bytes {
            return Err(bad("is shorter than it says"));
        }
        out.resize(plain_bytes + SLACK, 0);
        Ok(())
    })
}

#[cold]
fn bad(what: &str) -> ParquetError {
    ParquetError::General(format!("a page {what}"))
}
