//! The table of contents of an `index` file: where symbols and series are.

use std::ops::Range;

use narthex_model::Error;

use super::bytes::{Bytes, checked};

const MAGIC: u32 = 0xBAAA_D700;

/// Where the parts of an `index` are, as offsets from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toc {
    /// Version of the index: 1 or 2.
    pub version: u8,
    /// The symbols, from their length to their checksum.
    pub symbols: Range<u64>,
    /// The series. Zeros between them, and after the last, are padding.
    pub series: Range<u64>,
}

impl Toc {
    /// Size of what begins an index.
    pub const HEADER_BYTES: usize = 5;
    /// Size of the table, which ends an index.
    pub const BYTES: usize = 52;

    /// Reads the table from the first [`Toc::HEADER_BYTES`] and the last [`Toc::BYTES`] of a file of `file_bytes`.
    ///
    /// # Errors
    /// `Corrupt` if this is no index, or its table is damaged; `Invalid` if its version is not known.
    pub fn decode(header: &[u8], table: &[u8], file_bytes: u64) -> Result<Self, Error> {
        let mut header = Bytes::new(header);
        if header.be32()? != MAGIC {
            return Err(header.damage("no index begins").into());
        }
        let version = header.byte()?;
        if !(1..=2).contains(&version) {
            return Err(Error::invalid(format!(
                "the index has version {version}, known are 1 and 2"
            )));
        }
        let mut table = Bytes::new(checked(table)?);
        let mut offsets = [0_u64; 6];
        for offset in &mut offsets {
            *offset = table.be64()?;
        }
        let [symbols, series, ..] = offsets;
        let contents_end = file_bytes.saturating_sub(Self::BYTES as u64);
        let end_of = |start: u64| {
            let later = offsets.iter().copied().filter(|o| *o > start);
            later.min().unwrap_or(contents_end)
        };
        let toc = Self {
            version,
            symbols: symbols..end_of(symbols),
            series: series..end_of(series),
        };
        let inside = |part: &Range<u64>| part.start > 0 && part.end <= contents_end;
        if !inside(&toc.symbols) || !inside(&toc.series) {
            return Err(Error::corrupt(
                "the table of contents points outside the file",
            ));
        }
        Ok(toc)
    }

    /// Series begin at multiples of this, and references to them count in it.
    pub fn series_alignment(&self) -> u64 {
        if self.version == 1 { 1 } else { 16 }
    }
}
