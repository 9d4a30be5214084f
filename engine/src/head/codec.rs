//! Samples as bytes: a control byte each, then what the sample differs by from the one before.
//!
//! ```text
//! control  low 3 bits: bytes of the time, 0 to 4; high 5 bits: how the value is written
//! time     zigzag of how much the step from the sample before differs from the step before that
//! value    0 to 8   so many bytes: zigzag of the difference of decimal mantissas, or XOR of the doubles' bits
//!          RAW      8 bytes: the bits of a value that does not fit; the next one differs from the one before
//!          STALE    nothing: the stale marker
//!          DECIMAL  1 byte scale, 7 bytes zigzag of the mantissa: mantissas have this scale from here on
//!          XOR      8 bytes: the bits; values are XORed from here on
//! ```
//!
//! Numbers are little endian. A run begins as if a sample of time 0, step 0 and mantissa 0 at scale 0 came before it. Every
//! value comes back with the very same bits: a mantissa is used only where dividing it gives them.

use narthex_model::STALE_NAN_BITS;

use crate::block::decimal::{SCALE_MAX, mantissa_at, power, raised_scale};
use crate::varint::{unzigzag, zigzag};

/// Readable bytes that must follow the last sample of a run, so that samples are read in whole words.
pub(super) const PADDING_BYTES: usize = 16;

const RAW: u8 = 9;
const STALE: u8 = 10;
const DECIMAL: u8 = 11;
const XOR: u8 = 12;

/// In place of a scale: values are XORed.
const SCALE_XOR: u8 = u8::MAX;

/// Where a run of samples stands: what the next one is written as a difference from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor {
    /// A mantissa, or the bits of a double. Bytes, because there are many cursors and none should be padded.
    value: [u8; 8],
    offset_ms: u32,
    step_ms: u32,
    /// Samples of the run.
    count: u16,
    scale: u8,
    /// Values of the run that were no decimals.
    misses: u8,
}

/// Bytes of a sample at most, as they are written.
pub(super) const ENCODED_BYTES_MAX: usize = 16;

/// A sample as bytes: the first `len` of them count.
pub(super) struct Encoded {
    pub(super) bytes: [u8; ENCODED_BYTES_MAX],
    pub(super) len: usize,
}

impl Cursor {
    /// Samples of the run so far.
    pub(super) fn count(&self) -> u16 {
        self.count
    }

    /// Writes a sample. A run has at most 65,535.
    #[inline]
    pub(super) fn encode(&mut self, offset_ms: u32, value: f64) -> Encoded {
        let step_ms = offset_ms.wrapping_sub(self.offset_ms);
        let time = zigzag_32(step_ms.wrapping_sub(self.step_ms));
        (self.offset_ms, self.step_ms) = (offset_ms, step_ms);
        let time_bytes = 4 - time.leading_zeros() / 8;
        let (code, word) = self.encode_value(value);
        self.count += 1;
        let value_bytes = value_bytes(code);
        let control = u128::from(code << 3) | u128::from(time_bytes);
        let sample = control | u128::from(time) << 8 | u128::from(word) << (8 + 8 * time_bytes);
        Encoded {
            bytes: sample.to_le_bytes(),
            len: 1 + time_bytes as usize + value_bytes,
        }
    }

    #[inline]
    fn encode_value(&mut self, value: f64) -> (u8, u64) {
        if self.scale == SCALE_XOR {
            return self.encode_xor(value.to_bits());
        }
        match mantissa_at(value, self.scale) {
            Some(m) => {
                let word = zigzag(m.wrapping_sub(i64::from_ne_bytes(self.value)));
                self.value = m.to_ne_bytes();
                (bytes_of(word), word)
            }
            None => self.encode_miss(value),
        }
    }

    #[inline]
    fn encode_xor(&mut self, bits: u64) -> (u8, u64) {
        if bits == STALE_NAN_BITS {
            return (STALE, 0);
        }
        let word = bits ^ u64::from_ne_bytes(self.value);
        self.value = bits.to_ne_bytes();
        (bytes_of(word), word)
    }

    /// A value that is no decimal at the scale of the run.
    #[cold]
    fn encode_miss(&mut self, value: f64) -> (u8, u64) {
        let bits = value.to_bits();
        if bits == STALE_NAN_BITS {
            return (STALE, 0);
        }
        let raised = raised_scale(value, self.scale, SCALE_MAX)
            .and_then(|scale| Some((scale, mantissa_at(value, scale)?)));
        if let Some((scale, m)) = raised {
            (self.scale, self.value) = (scale, m.to_ne_bytes());
            return (DECIMAL, zigzag(m) << 8 | u64::from(scale));
        }
        self.misses = self.misses.saturating_add(1);
        if self.count > 0 && u16::from(self.misses) <= self.count / 8 + 1 {
            return (RAW, bits);
        }
        (self.scale, self.value) = (SCALE_XOR, bits.to_ne_bytes());
        (XOR, bits)
    }
}

/// Reads a run.
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    value: u64,
    offset_ms: u32,
    step_ms: u32,
    scale: u8,
    power: f64,
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of a run; [`PADDING_BYTES`] follow it in `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            value: 0,
            offset_ms: 0,
            step_ms: 0,
            scale: 0,
            power: 1.0,
        }
    }

    /// The next sample: its offset and value. There must be one.
    #[inline]
    pub(super) fn next(&mut self) -> (u32, f64) {
        let sample = self.bytes.get(self.at..self.at + PADDING_BYTES);
        let Some(sample) = sample.and_then(|s| s.first_chunk()) else {
            debug_assert!(false, "a run is followed by padding");
            return (self.offset_ms, 0.0);
        };
        let sample = u128::from_le_bytes(*sample);
        let (low, high) = (sample as u64, (sample >> 64) as u64);
        let control = low as u8;
        let (time_bits, code) = (u32::from(control & 7) * 8, control >> 3);
        let time = (low >> 8) as u32 & low_bits(time_bits) as u32;
        let word = low >> (8 + time_bits) | high << (56 - time_bits);
        self.at += LENGTHS
            .get(usize::from(control))
            .map_or(0, |n| usize::from(*n));
        self.step_ms = self.step_ms.wrapping_add(unzigzag_32(time));
        self.offset_ms = self.offset_ms.wrapping_add(self.step_ms);
        let value = if code <= 8 {
            self.difference(word & low_bits(u32::from(code) * 8))
        } else {
            self.special(code, word)
        };
        (self.offset_ms, value)
    }

    #[inline]
    fn difference(&mut self, word: u64) -> f64 {
        if self.scale == SCALE_XOR {
            self.value ^= word;
            f64::from_bits(self.value)
        } else {
            self.value = self.value.wrapping_add_signed(unzigzag(word));
            self.decimal()
        }
    }

    #[cold]
    fn special(&mut self, code: u8, word: u64) -> f64 {
        match code {
            DECIMAL => {
                (self.scale, self.value) = (word as u8, unzigzag(word >> 8).cast_unsigned());
                self.power = power(self.scale);
                self.decimal()
            }
            XOR => {
                (self.scale, self.value) = (SCALE_XOR, word);
                f64::from_bits(word)
            }
            RAW => f64::from_bits(word),
            _ => f64::from_bits(STALE_NAN_BITS),
        }
    }

    #[inline]
    fn decimal(&self) -> f64 {
        self.value.cast_signed() as f64 / self.power
    }
}

/// Whether `bytes` are just `count` samples that a [`Decoder`] can read.
pub(super) fn is_run(bytes: &[u8], count: u16) -> bool {
    let mut at = 0;
    for _ in 0..count {
        let Some(control) = bytes.get(at) else {
            return false;
        };
        if control & 7 > 4 || control >> 3 > XOR {
            return false;
        }
        at += LENGTHS
            .get(usize::from(*control))
            .map_or(0, |n| usize::from(*n));
    }
    at == bytes.len()
}

/// How many bytes a value takes that is written as `code` says.
const fn value_bytes(code: u8) -> usize {
    match code {
        0..=8 => code as usize,
        STALE => 0,
        _ => 8,
    }
}

#[inline]
fn bytes_of(word: u64) -> u8 {
    (8 - word.leading_zeros() / 8) as u8
}

/// By control byte, how many bytes a sample takes.
static LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut control = 0;
    while control < 256 {
        lengths[control] = (1 + (control & 7) + value_bytes(control as u8 >> 3)) as u8;
        control += 1;
    }
    lengths
};

/// Ones in the lowest `bits` bits, of which there are at most 64.
#[inline]
fn low_bits(bits: u32) -> u64 {
    u64::MAX.checked_shr(64 - bits).unwrap_or(0)
}

#[inline]
fn zigzag_32(difference: u32) -> u32 {
    let difference = difference.cast_signed();
    (difference << 1 ^ difference >> 31).cast_unsigned()
}

#[inline]
fn unzigzag_32(word: u32) -> u32 {
    word >> 1 ^ (word & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(f64::from_bits(STALE_NAN_BITS)),
            Just(-0.0),
            any::<u64>().prop_map(f64::from_bits),
            (-1000..1000_i32, 0..4_i32).prop_map(|(m, s)| f64::from(m) / 10_f64.powi(s)),
            (-(1_i64 << 54)..1 << 54).prop_map(|m| m as f64),
        ]
    }

    proptest! {
        #[test]
        fn every_bit_comes_back(
            samples in prop::collection::vec((any::<u32>(), value()), 0..200),
            steps in prop::collection::vec((0..20_000_u32, -500..500_i32), 0..200),
        ) {
            let mut offset = 0_u32;
            let regular = steps.into_iter().map(|(step, m)| {
                offset += step;
                (offset, f64::from(m) / 4.0)
            });
            let samples: Vec<_> = regular.chain(samples).collect();
            let (mut cursor, mut bytes) = (Cursor::default(), Vec::new());
            for (offset, value) in &samples {
                let encoded = cursor.encode(*offset, *value);
                prop_assert!(encoded.len <= 13);
                bytes.extend_from_slice(&encoded.bytes[..encoded.len]);
            }
            prop_assert_eq!(usize::from(cursor.count()), samples.len());
            bytes.resize(bytes.len() + PADDING_BYTES, 0);
            let mut decoder = Decoder::new(&bytes);
            for (offset, value) in samples {
                let (o, v) = decoder.next();
                prop_assert_eq!((o, v.to_bits()), (offset, value.to_bits()));
            }
            prop_assert_eq!(decoder.at + PADDING_BYTES, bytes.len());
        }
    }

    #[test]
    fn regular_samples_are_small() {
        let bytes_of = |value: fn(u32) -> f64| {
            let mut cursor = Cursor::default();
            let encode = |i: u32| cursor.encode(100 + i * 15_000, value(i)).len;
            (0..64).map(encode).sum::<usize>()
        };
        assert!(bytes_of(|_| 7.0) < 64 + 8, "a constant");
        assert!(
            bytes_of(|i| f64::from(i * 50) / 100.0) < 2 * 64 + 16,
            "a counter"
        );
        assert!(bytes_of(|i| 1.0 / f64::from(i + 3)) < 9 * 64 + 16, "noise");
    }
}
