//! Numbers and timestamps as Prometheus' formats spell them.

use narthex_model::TimestampMs;

/// The NaN that stands for every NaN in a text, so that no text can forge a stale marker.
const NORMAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// A number: decimals with or without exponent, `Inf` and `Infinity` with or without sign and `NaN`, in any letter
/// case. Neither hexadecimal, nor with underscores, nor too large for a float.
#[inline]
pub(crate) fn parse_float(word: &str) -> Option<f64> {
    let bytes = word.as_bytes();
    let unsigned = match bytes.split_first()? {
        (b'+' | b'-', rest) => rest,
        _ => bytes,
    };
    match unsigned.first()? {
        b'0'..=b'9' | b'.' => fast_float2::parse(bytes)
            .ok()
            .filter(|v: &f64| v.is_finite()),
        _ => parse_special(bytes, unsigned),
    }
}

#[cold]
fn parse_special(bytes: &[u8], unsigned: &[u8]) -> Option<f64> {
    if bytes.eq_ignore_ascii_case(b"nan") {
        return Some(f64::from_bits(NORMAL_NAN_BITS));
    }
    let infinite =
        unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity");
    let sign = if bytes.first() == Some(&b'-') {
        -1.0
    } else {
        1.0
    };
    infinite.then_some(sign * f64::INFINITY)
}

/// A timestamp in whole milliseconds.
#[inline]
pub(crate) fn parse_millis(word: &str) -> Option<TimestampMs> {
    word.parse().ok()
}

/// A timestamp in seconds with fraction, rounded to the nearest millisecond.
#[inline]
pub(crate) fn parse_seconds(word: &str) -> Option<TimestampMs> {
    parse_plain_seconds(word.as_bytes()).or_else(|| {
        let millis = parse_float(word)? * 1000.0;
        // Beyond this, a float has no milliseconds and an integer soon no room.
        (millis.abs() < 9e18).then(|| millis.round() as TimestampMs)
    })
}

/// The usual spelling, `1700000000` or `1700000000.123`, read without a float.
fn parse_plain_seconds(word: &[u8]) -> Option<TimestampMs> {
    let mut parts = word.splitn(2, |&b| b == b'.');
    let (whole, fraction) = (parts.next()?, parts.next().unwrap_or(b""));
    if !(1..=15).contains(&whole.len()) || fraction.len() > 3 {
        return None;
    }
    let fraction_unit = [1000, 100, 10, 1].get(fraction.len())?;
    Some(digits(whole)? * 1000 + digits(fraction)? * fraction_unit)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, b| {
        b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats() {
        let good = [
            ("1", 1.0),
            ("+1.5e3", 1500.0),
            ("-.5", -0.5),
            ("5.", 5.0),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
        ];
        for (word, value) in good {
            assert_eq!(parse_float(word), Some(value), "{word}");
        }
        for word in [
            "", "+", "-", ".", "0x1p3", "1_000", "1e", "e5", "+NaN", "1s", "in", "--1", "1e400",
            "+-1",
        ] {
            assert_eq!(parse_float(word), None, "{word}");
        }
        assert_eq!(parse_float("nAn").map(f64::to_bits), Some(NORMAL_NAN_BITS));
    }

    #[test]
    fn timestamps() {
        assert_eq!(parse_millis("-12"), Some(-12));
        assert_eq!(parse_millis("1.5"), None);
        let good = [
            ("1700000000", 1_700_000_000_000),
            ("1520879607.789", 1_520_879_607_789),
            ("1.5", 1500),
            ("1.", 1000),
            ("-1.5", -1500),
            ("1.7e9", 1_700_000_000_000),
            ("1.0009", 1001),
        ];
        for (word, want) in good {
            assert_eq!(parse_seconds(word), Some(want), "{word}");
        }
        for word in ["NaN", "+Inf", "1e30", "x", "", "1.2.3"] {
            assert_eq!(parse_seconds(word), None, "{word}");
        }
    }
}
