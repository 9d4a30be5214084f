//! Numbers as Prometheus' API writes them, the common ones without the general float printer.

use std::io::Write;

use narthex_model::{TimestampMs, format_float};

/// Decimal mantissas below this have at most 15 digits; two of them never round to the same float, so the first that
/// divides back exactly is the shortest text.
const EXACT_MANTISSA_MAX: f64 = 1e15;

/// Writes `value` exactly as [`narthex_model::format_float`] does.
pub(crate) fn push_float(value: f64, out: &mut Vec<u8>) {
    if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() {
            b"-0"
        } else {
            b"0"
        });
        return;
    }
    // From here on 1e-4 is a safe lower bound: format_float switches to exponents only below 1e-6.
    if value.abs() >= 1e-4 && push_short_decimal(value, out) {
        return;
    }
    out.extend_from_slice(format_float(value).as_bytes());
}

/// Writes `value` if it has at most four decimals and 15 digits; says whether it did.
fn push_short_decimal(value: f64, out: &mut Vec<u8>) -> bool {
    for (decimals, scale) in [(0, 1.0), (1, 10.0), (2, 100.0), (3, 1e3), (4, 1e4)] {
        let mantissa = (value * scale).round();
        // NaN is not finite, and neither are infinities.
        if !mantissa.is_finite() || mantissa.abs() >= EXACT_MANTISSA_MAX {
            return false;
        }
        if mantissa / scale == value {
            if value < 0.0 {
                out.push(b'-');
            }
            push_decimal(mantissa.abs() as u64, decimals, out);
            return true;
        }
    }
    false
}

/// Writes `mantissa / 10^decimals` with exactly that many decimals.
fn push_decimal(mantissa: u64, decimals: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 24];
    let mut at = digits.len();
    let mut rest = mantissa;
    let mut written = 0;
    while rest > 0 || written <= decimals {
        if written == decimals && decimals > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a timestamp as seconds: no decimals, or three.
pub(crate) fn push_timestamp(ms: TimestampMs, out: &mut Vec<u8>) {
    if ms < 0 {
        out.push(b'-');
    }
    let magnitude = ms.unsigned_abs();
    if magnitude >= 10_u64.pow(18) {
        // Too long for the small buffer of digits; writing into a Vec cannot fail.
        let _ = write!(out, "{}.{:03}", magnitude / 1000, magnitude % 1000);
    } else if magnitude.is_multiple_of(1000) {
        push_decimal(magnitude / 1000, 0, out);
    } else {
        push_decimal(magnitude, 3, out);
    }
}
