//! The texts of an index: names and values of labels, each once.

use narthex_model::Error;

use super::bytes::{Bytes, Damage, checked};

/// Names and values of labels, by the number the series use for them.
#[derive(Debug, Default)]
pub struct Symbols {
    text: String,
    ends: Vec<u32>,
    /// Version 1 counts in bytes from the start of the file, so the offset of each is kept.
    offsets: Option<Vec<u32>>,
}

impl Symbols {
    /// Reads the part of an index of `version` that its table calls symbols; `start` is where that begins in the file.
    ///
    /// # Errors
    /// `Corrupt` if it is damaged, or a text is not UTF-8.
    pub fn decode(section: &[u8], version: u8, start: u64) -> Result<Self, Error> {
        Ok(Self::read(section, version, start)?)
    }

    fn read(section: &[u8], version: u8, start: u64) -> Result<Self, Damage> {
        let mut bytes = Bytes::new(section);
        let length = bytes.be32()? as usize;
        let content_start = bytes.offset();
        let content = checked(bytes.take(length.saturating_add(4))?)?;
        let mut bytes = Bytes::new(content);
        let count = bytes.be32()?;
        let mut symbols = Self {
            text: String::with_capacity(content.len()),
            // Each takes a byte at least.
            ends: Vec::with_capacity((count as usize).min(content.len())),
            offsets: (version == 1).then(Vec::new),
        };
        for _ in 0..count {
            let at = bytes;
            let text = std::str::from_utf8(bytes.text_bytes()?);
            symbols
                .text
                .push_str(text.map_err(|_| at.damage("a text is not UTF-8"))?);
            // The length of the section has 32 bits, so all texts together have.
            symbols.ends.push(symbols.text.len() as u32);
            if let Some(offsets) = &mut symbols.offsets {
                let offset = start + (content_start + at.offset()) as u64;
                offsets.push(u32::try_from(offset).map_err(|_| at.damage("a text lies too far"))?);
            }
        }
        Ok(symbols)
    }

    /// The text that a series calls `reference`; `None` if there is none.
    pub fn get(&self, reference: u32) -> Option<&str> {
        let number = match &self.offsets {
            Some(offsets) => offsets.binary_search(&reference).ok()?,
            None => reference as usize,
        };
        let start = number
            .checked_sub(1)
            .map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text
            .get(start as usize..*self.ends.get(number)? as usize)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}
