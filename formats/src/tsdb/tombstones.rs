//! The `tombstones` of a block: what was deleted, but still lies in its chunks.

use narthex_model::{Error, TimeRange};

use super::bytes::{Bytes, Damage, checked};

const MAGIC: u32 = 0x0130_BA30;
const VERSION: u8 = 1;

/// A deleted span of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// The series: its offset in the index divided by [`super::Toc::series_alignment`].
    pub series: u64,
    /// What was deleted.
    pub range: TimeRange,
}

/// Reads a whole `tombstones` file.
///
/// # Errors
/// `Corrupt` if it is damaged, `Invalid` if its version is not known.
pub fn read_tombstones(file: &[u8]) -> Result<Vec<Tombstone>, Error> {
    let mut bytes = Bytes::new(file);
    if bytes.be32()? != MAGIC {
        return Err(bytes.damage("no file of tombstones begins").into());
    }
    let version = bytes.byte()?;
    if version != VERSION {
        return Err(Error::invalid(format!(
            "the tombstones have version {version}, known is {VERSION}"
        )));
    }
    let mut bytes = Bytes::new(checked(bytes.rest())?);
    let mut tombstones = Vec::new();
    while !bytes.is_empty() {
        tombstones.push(read_one(&mut bytes)?);
    }
    Ok(tombstones)
}

fn read_one(bytes: &mut Bytes<'_>) -> Result<Tombstone, Damage> {
    Ok(Tombstone {
        series: bytes.uvarint()?,
        range: TimeRange::inclusive(bytes.varint()?, bytes.varint()?),
    })
}
