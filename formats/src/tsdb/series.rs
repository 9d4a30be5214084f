//! Entries of an index: a series and where its chunks are.

use narthex_model::{Error, Label, TimestampMs};

use super::Symbols;
use super::bytes::{Bytes, Damage};

/// No entry is longer: that would be millions of chunks.
const ENTRY_BYTES_MAX: u64 = 256 << 20;

/// Where a chunk is, and what times it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMeta {
    /// Time of its oldest sample.
    pub min_time: TimestampMs,
    /// Time of its newest sample, included.
    pub max_time: TimestampMs,
    /// Number of the file, from 0, in the upper half; offset in it in the lower half.
    pub reference: u64,
}

impl ChunkMeta {
    /// Number of the file in the order of their names, from 0.
    pub fn file(&self) -> u32 {
        (self.reference >> 32) as u32
    }

    /// Offset in that file.
    pub fn offset(&self) -> u64 {
        self.reference & u64::from(u32::MAX)
    }
}

/// An entry of an index. Meant to be used again for the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeriesEntry {
    /// For each label, the symbols of its name and of its value.
    pub labels: Vec<(u32, u32)>,
    /// Its chunks in order of their oldest samples.
    pub chunks: Vec<ChunkMeta>,
}

impl SeriesEntry {
    /// How many bytes the entry has that begins `bytes`, of which the first [`super::LENGTH_BYTES_MAX`] are enough.
    ///
    /// # Errors
    /// `Corrupt` if no entry can be as long as it says.
    pub fn bytes(bytes: &[u8]) -> Result<usize, Error> {
        let mut bytes = Bytes::new(bytes);
        let content = bytes.uvarint()?;
        if content == 0 || content > ENTRY_BYTES_MAX {
            return Err(bytes.damage("a series has an impossible length").into());
        }
        Ok(bytes.offset() + content as usize + 4)
    }

    /// Replaces what is here by the entry that begins `bytes`.
    ///
    /// # Errors
    /// `Corrupt` if it is cut off, its checksum is wrong, or it contradicts itself.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.read(bytes)?)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        let mut bytes = Bytes::new(bytes);
        let content = bytes.text_bytes()?;
        let at = bytes;
        if crc32c::crc32c(content) != bytes.be32()? {
            return Err(at.damage("the checksum of a series does not match"));
        }
        let mut content = Bytes::new(content);
        self.labels.clear();
        for _ in 0..content.uvarint()? {
            self.labels
                .push((content.uvarint32()?, content.uvarint32()?));
        }
        self.chunks.clear();
        for _ in 0..content.uvarint()? {
            let chunk = self.read_chunk(&mut content)?;
            self.chunks.push(chunk);
        }
        Ok(())
    }

    /// Times and references are written as differences to the chunk before.
    fn read_chunk(&self, bytes: &mut Bytes<'_>) -> Result<ChunkMeta, Damage> {
        let at = *bytes;
        let impossible = || at.damage("a chunk has an impossible time or place");
        let before = self.chunks.last();
        let min_time = match before {
            None => Some(bytes.varint()?),
            // Not in zigzag, though it is below zero where chunks overlap: then it has ten bytes.
            Some(before) => before.max_time.checked_add(bytes.uvarint()? as i64),
        };
        let min_time = min_time.ok_or_else(impossible)?;
        let max_time = min_time
            .checked_add_unsigned(bytes.uvarint()?)
            .ok_or_else(impossible)?;
        let reference = match before {
            None => Some(bytes.uvarint()?),
            Some(before) => before.reference.checked_add_signed(bytes.varint()?),
        };
        Ok(ChunkMeta {
            min_time,
            max_time,
            reference: reference.ok_or_else(impossible)?,
        })
    }

    /// Puts the labels into `out`, which is emptied first.
    ///
    /// # Errors
    /// `Corrupt` if a symbol is missing.
    pub fn labels<'a>(&self, symbols: &'a Symbols, out: &mut Vec<Label<'a>>) -> Result<(), Error> {
        out.clear();
        let text = |reference| {
            symbols
                .get(reference)
                .ok_or_else(|| Error::corrupt(format!("there is no text {reference} in the index")))
        };
        for (name, value) in &self.labels {
            out.push((text(*name)?, text(*value)?));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry without labels, of these bytes behind their number.
    fn entry(chunks: &[u8]) -> SeriesEntry {
        let mut bytes = vec![chunks.len() as u8 + 1, 0];
        bytes.extend_from_slice(chunks);
        let checksum = crc32c::crc32c(&bytes[1..]);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        let mut entry = SeriesEntry::default();
        entry.decode(&bytes).expect("an entry");
        entry
    }

    #[test]
    fn times_of_later_chunks_are_differences_without_zigzag() {
        // From 50 to 57; 3 later, for 10; from 5 before the end of that on, for 6.
        let below = [0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let chunks = [&[3, 100, 7, 8][..], &[3, 10, 40], &below, &[6, 39]].concat();
        let found = entry(&chunks).chunks;
        let of = |c: &ChunkMeta| (c.min_time, c.max_time, c.reference);
        let found: Vec<_> = found.iter().map(of).collect();
        assert_eq!(found, [(50, 57, 8), (60, 70, 28), (65, 71, 8)]);
    }
}
