//! Protobuf's wire format, borrowed: fields of a message one after the other.

use narthex_model::Error;

/// A place in a message that breaks the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Byte offset in the whole message.
    pub(crate) offset: usize,
    /// What is wrong.
    pub(crate) what: &'static str,
}

impl From<Malformed> for Error {
    #[cold]
    fn from(malformed: Malformed) -> Self {
        let Malformed { offset, what } = malformed;
        Self::invalid(format!(
            "malformed remote write message: {what} at byte {offset}"
        ))
    }
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(Message<'a>),
    /// Of a kind that none of our fields has.
    Other,
}

/// The rest of a message, or of a text inside one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Message<'a> {
    rest: &'a [u8],
    /// Offset of `rest` in the whole message.
    offset: usize,
}

impl<'a> Message<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What follows the first `bytes` bytes; `None` if there are fewer.
    #[inline]
    pub(crate) fn skipped(mut self, bytes: usize) -> Option<Self> {
        self.take(bytes).ok().map(|_| self)
    }

    #[cold]
    pub(crate) fn malformed(&self, what: &'static str) -> Malformed {
        Malformed {
            offset: self.offset,
            what,
        }
    }

    /// The next field: its number and value; `None` at the end.
    #[inline]
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Value<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = self.offset;
        let key = self.varint()?;
        let number = match u32::try_from(key >> 3) {
            Ok(number) if number != 0 => number,
            _ => {
                return Err(Malformed {
                    offset: at,
                    what: "field number out of range",
                });
            }
        };
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed64()?),
            2 => Value::Bytes(self.length_delimited()?),
            5 => {
                self.take(4)?;
                Value::Other
            }
            _ => {
                return Err(Malformed {
                    offset: at,
                    what: "unknown wire type",
                });
            }
        };
        Ok(Some((number, value)))
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            self.offset += 1;
            return Ok(u64::from(byte));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (i, byte) in self.rest.iter().take(10).enumerate() {
            // The tenth byte has room for one bit; like other decoders we let the others fall out.
            value |= u64::from(byte & 0x7f).wrapping_shl(7 * i as u32);
            if *byte < 0x80 {
                self.advance(i + 1);
                return Ok(value);
            }
        }
        let what = if self.rest.len() < 10 {
            "truncated varint"
        } else {
            "varint of more than ten bytes"
        };
        Err(self.malformed(what))
    }

    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, Malformed> {
        let Some((chunk, rest)) = self.rest.split_first_chunk::<8>() else {
            return Err(self.malformed("truncated number"));
        };
        self.rest = rest;
        self.offset += 8;
        Ok(u64::from_le_bytes(*chunk))
    }

    #[inline]
    fn length_delimited(&mut self) -> Result<Self, Malformed> {
        let length = self.varint()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(self.malformed("length beyond the end")),
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<Self, Malformed> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.malformed("length beyond the end"));
        };
        let taken = Self {
            rest: taken,
            offset: self.offset,
        };
        self.rest = rest;
        self.offset += length;
        Ok(taken)
    }

    fn advance(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or(&[]);
        self.offset += length;
    }
}

/// A sint value: the sign lies in the lowest bit.
#[inline]
pub(crate) fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Appends a varint.
#[inline]
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Number of bytes of a varint.
#[inline]
pub(crate) fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}
