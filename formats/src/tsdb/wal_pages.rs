//! The write-ahead log of Prometheus: pages of fragments, put together to records.
//!
//! ```text
//! page      32 KiB of fragments; a zero byte in place of a fragment: the rest of the page is empty
//! fragment  type <1>   length <2>   CRC-32C of the data <4>   data
//! type      1 whole record, 2 its first part, 3 a middle part, 4 its last part; +8 snappy, +16 zstd
//! ```

use std::io::Read;

use narthex_model::Error;

use super::bytes::{Bytes, Damage};

/// Size of a page; the last of a file may be shorter.
pub const WAL_PAGE_BYTES: usize = 32 << 10;

/// A record that would be larger is damage: Prometheus writes some kilobytes.
const RECORD_BYTES_MAX: usize = 256 << 20;

const WHOLE: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;
const SNAPPY: u8 = 8;
const ZSTD: u8 = 16;

/// Puts records together from the pages of a file, which come one after the other.
#[derive(Debug, Default)]
pub struct WalPages {
    /// The parts of a record that have come.
    parts: Vec<u8>,
    /// Whether a record has begun.
    is_open: bool,
    decompressed: Vec<u8>,
}

impl WalPages {
    /// Gives each record that ends in `page` to `each`, decompressed.
    ///
    /// # Errors
    /// `Corrupt` if a fragment is cut off, its checksum is wrong, or it does not follow the one before; what `each`
    /// says.
    pub fn page(
        &mut self,
        page: &[u8],
        each: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut bytes = Bytes::new(page);
        while let Some((kind, data)) = fragment(&mut bytes)? {
            let at = bytes;
            if !self.add(kind & 7, data).map_err(|what| at.damage(what))? {
                continue;
            }
            let record = decompress(kind, &self.parts, &mut self.decompressed)?;
            let read = each(record);
            self.parts.clear();
            read?;
        }
        Ok(())
    }

    /// Whether the pages so far end in the middle of a record.
    pub fn is_torn(&self) -> bool {
        self.is_open
    }

    /// Adds a fragment; says whether it ends a record.
    fn add(&mut self, kind: u8, data: &[u8]) -> Result<bool, &'static str> {
        let begins = matches!(kind, WHOLE | FIRST);
        if begins == self.is_open || !matches!(kind, WHOLE | FIRST | MIDDLE | LAST) {
            return Err("a fragment does not follow the one before");
        }
        if self.parts.len() + data.len() > RECORD_BYTES_MAX {
            return Err("a record is too long");
        }
        self.parts.extend_from_slice(data);
        self.is_open = matches!(kind, FIRST | MIDDLE);
        Ok(!self.is_open)
    }
}

/// The next fragment; `None` if the rest of the page is empty.
fn fragment<'a>(page: &mut Bytes<'a>) -> Result<Option<(u8, &'a [u8])>, Damage> {
    if page.is_empty() {
        return Ok(None);
    }
    let kind = page.byte()?;
    if kind == 0 {
        return match page.rest().iter().all(|byte| *byte == 0) {
            true => Ok(None),
            false => Err(page.damage("something follows the end of a page")),
        };
    }
    let length = u16::from_be_bytes([page.byte()?, page.byte()?]);
    let sum = page.be32()?;
    let data = page.take(usize::from(length))?;
    if crc32c::crc32c(data) != sum {
        return Err(page.damage("the checksum of a fragment does not match what ends"));
    }
    Ok(Some((kind, data)))
}

fn decompress<'a>(kind: u8, record: &'a [u8], out: &'a mut Vec<u8>) -> Result<&'a [u8], Error> {
    out.clear();
    match kind & !7 {
        0 => return Ok(record),
        SNAPPY => snappy(record, out)?,
        ZSTD => {
            let damaged = |e| Error::corrupt("a record cannot be decompressed").with_source(e);
            let decoder = zstd::stream::read::Decoder::new(record).map_err(damaged)?;
            let mut limited = decoder.take(RECORD_BYTES_MAX as u64 + 1);
            limited.read_to_end(out).map_err(damaged)?;
        }
        _ => {
            return Err(Error::invalid(format!(
                "a record is compressed in an unknown way ({kind:#x}): it was written by a newer Prometheus"
            )));
        }
    }
    if out.len() > RECORD_BYTES_MAX {
        return Err(Error::corrupt("a record is too long after decompression"));
    }
    Ok(out)
}

fn snappy(record: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let damaged = |e| Error::corrupt("a record cannot be decompressed").with_source(e);
    let length = snap::raw::decompress_len(record).map_err(damaged)?;
    // A copy of three bytes gives at most 64.
    if length > record.len().saturating_mul(22).min(RECORD_BYTES_MAX) {
        return Err(Error::corrupt("a record is too long after decompression"));
    }
    out.resize(length, 0);
    snap::raw::Decoder::new()
        .decompress(record, out)
        .map_err(damaged)?;
    Ok(())
}
