//! Files of chunks: a header, then chunks that the index names by their offsets.

use narthex_model::Error;

use super::bytes::{Bytes, Damage};

/// Size of the header of a file of chunks.
pub const CHUNK_FILE_HEADER_BYTES: usize = 8;

const MAGIC: u32 = 0x85BD_40DD;
const VERSION: u8 = 1;

/// No writer makes chunks of even a hundredth of this size; a longer one is damage.
const CHUNK_BYTES_MAX: u64 = 64 << 20;

/// What the data of a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Floats.
    Xor,
    /// Native histograms with integer counts.
    Histogram,
    /// Native histograms with float counts.
    FloatHistogram,
}

impl Encoding {
    /// The encoding with this code.
    ///
    /// # Errors
    /// `Invalid` if it is not known: a newer Prometheus wrote it.
    pub fn from_code(code: u8) -> Result<Self, Error> {
        match code {
            1 => Ok(Self::Xor),
            2 => Ok(Self::Histogram),
            3 => Ok(Self::FloatHistogram),
            _ => Err(Error::invalid(format!(
                "a chunk has encoding {code}, known are 1 (floats), 2 and 3 (histograms): it was written by a newer \
                 Prometheus, or with an experimental feature; export the series through its remote read instead"
            ))),
        }
    }
}

/// A chunk whose checksum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// What the data holds.
    pub encoding: Encoding,
    /// The samples.
    pub data: &'a [u8],
}

/// Checks the header of a file of chunks.
///
/// # Errors
/// `Corrupt` if it is none; `Invalid` if its version is not known.
pub fn check_chunk_file(header: &[u8]) -> Result<(), Error> {
    let mut header = Bytes::new(header);
    if header.be32()? != MAGIC {
        return Err(header.damage("no file of chunks begins").into());
    }
    match header.byte()? {
        VERSION => Ok(()),
        version => Err(Error::invalid(format!(
            "the file of chunks has version {version}, known is {VERSION}"
        ))),
    }
}

/// How many bytes the chunk has that begins `bytes`, of which the first [`super::LENGTH_BYTES_MAX`] are enough.
///
/// # Errors
/// `Corrupt` if no chunk can be as long as it says.
pub fn chunk_bytes(bytes: &[u8]) -> Result<usize, Error> {
    let mut bytes = Bytes::new(bytes);
    let data = bytes.uvarint()?;
    if data > CHUNK_BYTES_MAX {
        return Err(bytes.damage("a chunk is too long").into());
    }
    // Encoding and checksum are not counted.
    Ok(bytes.offset() + data as usize + 5)
}

/// The chunk that begins `bytes`.
///
/// # Errors
/// `Corrupt` if it is cut off or its checksum is wrong; `Invalid` if its encoding is not known.
pub fn chunk_at(bytes: &[u8]) -> Result<Chunk<'_>, Error> {
    let (code, data) = checked_chunk(bytes)?;
    let encoding = Encoding::from_code(code)?;
    Ok(Chunk { encoding, data })
}

fn checked_chunk(bytes: &[u8]) -> Result<(u8, &[u8]), Damage> {
    let mut bytes = Bytes::new(bytes);
    let length = bytes.uvarint()?;
    let length = usize::try_from(length.min(CHUNK_BYTES_MAX)).unwrap_or(usize::MAX);
    let at = bytes;
    let content = bytes.take(length + 1)?;
    if crc32c::crc32c(content) != bytes.be32()? {
        return Err(at.damage("the checksum of a chunk does not match"));
    }
    match content.split_first() {
        Some((code, data)) => Ok((*code, data)),
        None => Err(at.damage("a chunk has no encoding")),
    }
}
