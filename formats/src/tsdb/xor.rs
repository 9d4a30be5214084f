//! Float chunks: times as differences of differences, values as exclusive ors.

use narthex_model::{Error, TimestampMs};

use super::bits::{Bits, XorValue};
use super::bytes::{Bytes, Damage};

/// Widths of a difference of differences after prefixes of 0 to 4 one-bits.
const WIDTHS: [u32; 5] = [0, 14, 17, 20, 64];

/// Appends the samples of a chunk of [`super::Encoding::Xor`], in the order they are stored, which a good writer keeps
/// strictly increasing in time. Every bit of a value is kept.
///
/// # Errors
/// `Corrupt` if the chunk ends early; samples before that may have been appended.
pub fn decode_floats(
    data: &[u8],
    timestamps: &mut Vec<TimestampMs>,
    values: &mut Vec<f64>,
) -> Result<(), Error> {
    Ok(decode(data, timestamps, values)?)
}

fn decode(
    data: &[u8],
    timestamps: &mut Vec<TimestampMs>,
    values: &mut Vec<f64>,
) -> Result<(), Damage> {
    let (count, data) = sample_count(data)?;
    if count == 0 {
        return Ok(());
    }
    let mut bits = Bits::new(data);
    let mut t = bits.varint()?;
    let mut value = XorValue::new(bits.double()?);
    timestamps.push(t);
    values.push(value.value());
    let mut delta = 0_i64;
    for number in 1..count {
        let change = match number {
            1 => bits.uvarint()? as i64,
            _ => time_change(&mut bits)?,
        };
        delta = delta.wrapping_add(change);
        t = t.wrapping_add(delta);
        timestamps.push(t);
        values.push(value.next(&mut bits)?);
    }
    Ok(())
}

#[inline]
fn time_change(bits: &mut Bits<'_>) -> Result<i64, Damage> {
    let ones = bits.ones(4)?;
    bits.signed(WIDTHS.get(ones as usize).copied().unwrap_or(64))
}

/// How many samples a chunk says it has, and what follows.
pub(super) fn sample_count(data: &[u8]) -> Result<(u16, &[u8]), Damage> {
    match data.split_first_chunk::<2>() {
        Some((count, rest)) => Ok((u16::from_be_bytes(*count), rest)),
        None => Err(Bytes::new(data).damage("the chunk has no header")),
    }
}
