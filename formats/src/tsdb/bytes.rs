//! Numbers of the TSDB's files, read from the front of a slice.

use narthex_model::Error;

/// A place in a file that breaks its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damage {
    /// Byte offset in what was handed over.
    pub(super) offset: usize,
    /// What is wrong.
    pub(super) what: &'static str,
}

impl From<Damage> for Error {
    #[cold]
    fn from(damage: Damage) -> Self {
        Self::corrupt(format!("{} at byte {}", damage.what, damage.offset))
    }
}

/// The rest of a slice, and how far it is from the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[cold]
    pub(super) fn damage(&self, what: &'static str) -> Damage {
        Damage {
            offset: self.offset,
            what,
        }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.damage("it ends too early"));
        };
        self.rest = rest;
        self.offset += count;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damage> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn be32(&mut self) -> Result<u32, Damage> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn be64(&mut self) -> Result<u64, Damage> {
        self.array().map(u64::from_be_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let Some((array, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.damage("it ends too early"));
        };
        self.rest = rest;
        self.offset += N;
        Ok(*array)
    }

    /// An unsigned varint of at most ten bytes.
    pub(super) fn uvarint(&mut self) -> Result<u64, Damage> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(self.damage("a number has more than 64 bits"));
            }
            value |= part << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damage("a number has more than ten bytes"))
    }

    /// A signed varint: the sign lies in the lowest bit.
    pub(super) fn varint(&mut self) -> Result<i64, Damage> {
        self.uvarint().map(zigzag)
    }

    /// An unsigned varint that must fit into 32 bits.
    pub(super) fn uvarint32(&mut self) -> Result<u32, Damage> {
        let at = *self;
        u32::try_from(self.uvarint()?).map_err(|_| at.damage("a number has more than 32 bits"))
    }

    /// A length, as varint, and as many bytes.
    pub(super) fn text_bytes(&mut self) -> Result<&'a [u8], Damage> {
        let at = *self;
        let length = usize::try_from(self.uvarint()?);
        self.take(length.map_err(|_| at.damage("a length is too large"))?)
    }
}

/// The signed number whose sign lies in the lowest bit.
pub(super) fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// The content of a slice whose last four bytes are its checksum.
pub(super) fn checked(bytes: &[u8]) -> Result<&[u8], Damage> {
    let Some((content, sum)) = bytes.split_last_chunk::<4>() else {
        return Err(Bytes::new(bytes).damage("it ends before its checksum"));
    };
    if crc32c::crc32c(content) != u32::from_be_bytes(*sum) {
        return Err(Damage {
            offset: 0,
            what: "the checksum does not match what begins",
        });
    }
    Ok(content)
}
