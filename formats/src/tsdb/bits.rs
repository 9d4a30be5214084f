//! A stream of bits, highest bit of each byte first, and the numbers of variable width in it.

use super::bytes::{Damage, zigzag};

/// Widths of the numbers after prefixes of 1, 2, … one-bits, in bits.
const WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/// Bits that were not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bits left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    #[cold]
    pub(super) fn damage(&self, what: &'static str) -> Damage {
        Damage {
            offset: self.at / 8,
            what,
        }
    }

    /// The next 64 bits, with zeros after the end.
    #[inline]
    fn peek(&self) -> u64 {
        let (byte, bit) = (self.at / 8, self.at % 8);
        let rest = self.bytes.get(byte..).unwrap_or(&[]);
        let word = match rest.first_chunk::<8>() {
            Some(chunk) => u64::from_be_bytes(*chunk),
            None => {
                let mut padded = [0; 8];
                padded
                    .iter_mut()
                    .zip(rest)
                    .for_each(|(to, from)| *to = *from);
                u64::from_be_bytes(padded)
            }
        };
        let ninth = rest.get(8).copied().unwrap_or(0);
        // Shifted by 8 if `bit` is 0, which leaves nothing of it.
        word << bit | u64::from(ninth) >> (8 - bit)
    }

    #[inline]
    fn advance(&mut self, count: u32) -> Result<(), Damage> {
        if count as usize > self.left() {
            return Err(self.damage("the chunk ends in the middle of a sample"));
        }
        self.at += count as usize;
        Ok(())
    }

    /// The next `count` bits, at most 64, as a number.
    #[inline]
    pub(super) fn bits(&mut self, count: u32) -> Result<u64, Damage> {
        let word = self.peek();
        self.advance(count)?;
        Ok(word.checked_shr(64 - count).unwrap_or(0))
    }

    /// The next bit.
    #[inline]
    pub(super) fn bit(&mut self) -> Result<bool, Damage> {
        Ok(self.bits(1)? == 1)
    }

    /// A double, as it is.
    #[inline]
    pub(super) fn double(&mut self) -> Result<f64, Damage> {
        self.bits(64).map(f64::from_bits)
    }

    /// Counts one-bits up to `max`, and takes the zero that ends them.
    #[inline]
    pub(super) fn ones(&mut self, max: u32) -> Result<u32, Damage> {
        let ones = self.peek().leading_ones().min(max);
        self.advance((ones + 1).min(max))?;
        Ok(ones)
    }

    /// A signed number of `width` bits; the largest magnitude is positive.
    #[inline]
    pub(super) fn signed(&mut self, width: u32) -> Result<i64, Damage> {
        let bits = self.bits(width)?;
        if width == 0 || width == 64 {
            return Ok(bits as i64);
        }
        let negative = bits > 1 << (width - 1);
        Ok(bits as i64 - (i64::from(negative) << width))
    }

    /// A `varbit_int`.
    pub(super) fn varbit_int(&mut self) -> Result<i64, Damage> {
        let width = self.varbit_width()?;
        self.signed(width)
    }

    /// A `varbit_uint`.
    pub(super) fn varbit_uint(&mut self) -> Result<u64, Damage> {
        let width = self.varbit_width()?;
        self.bits(width)
    }

    fn varbit_width(&mut self) -> Result<u32, Damage> {
        let ones = self.ones(8)?;
        Ok(WIDTHS.get(ones as usize).copied().unwrap_or(64))
    }

    /// An unsigned varint whose bytes need not lie at borders of bytes.
    pub(super) fn uvarint(&mut self) -> Result<u64, Damage> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.bits(8)?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damage("a number has more than 64 bits"))
    }

    /// A signed varint.
    pub(super) fn varint(&mut self) -> Result<i64, Damage> {
        self.uvarint().map(zigzag)
    }
}

/// A double that is written as its difference to the one before, by exclusive or.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct XorValue {
    bits: u64,
    /// Where the bits of the last difference lay.
    leading: u32,
    width: u32,
}

impl XorValue {
    /// Begins with a value.
    pub(super) fn new(value: f64) -> Self {
        Self {
            bits: value.to_bits(),
            leading: 0,
            width: 0,
        }
    }

    /// The value now.
    pub(super) fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Reads the next value.
    #[inline]
    pub(super) fn next(&mut self, bits: &mut Bits<'_>) -> Result<f64, Damage> {
        if bits.bit()? {
            if bits.bit()? {
                self.leading = bits.bits(5)? as u32;
                self.width = match bits.bits(6)? as u32 {
                    0 => 64,
                    width => width,
                };
            }
            let trailing = 64_u32.checked_sub(self.leading + self.width);
            let Some(trailing) = trailing else {
                return Err(bits.damage("a value has more than 64 bits"));
            };
            let difference = bits.bits(self.width)?;
            self.bits ^= difference.checked_shl(trailing).unwrap_or(0);
        }
        Ok(self.value())
    }
}
