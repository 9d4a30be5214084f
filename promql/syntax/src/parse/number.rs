//! Numbers and durations, from characters to values.

use crate::quote::Quoted;

/// What a text that begins with a digit or point is, and where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    Number(usize),
    Duration(usize),
    /// Neither; the end of the part that shows it.
    Bad(usize),
}

/// Finds the end of the number or duration at the start of `bytes`. That its value is good is another matter.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    let at = |i: usize| bytes.get(i).copied().unwrap_or(b' ');
    let end = match scan_number(bytes) {
        Ok(end) if !is_word(at(end)) => return Scan::Number(end),
        Ok(end) => end,
        Err(end) => return Scan::Bad(end),
    };
    let mut end = end;
    loop {
        if !matches!(at(end), b's' | b'm' | b'h' | b'd' | b'w' | b'y') {
            return Scan::Bad(end);
        }
        end += 1;
        end += usize::from(at(end) == b's');
        if !at(end).is_ascii_digit() {
            break;
        }
        end += bytes
            .get(end..)
            .unwrap_or_default()
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
    }
    if is_word(at(end)) {
        Scan::Bad(end + 1)
    } else {
        Scan::Duration(end)
    }
}

/// The end of the number, or of the part that shows that it is none.
fn scan_number(bytes: &[u8]) -> Result<usize, usize> {
    let at = |i: usize| bytes.get(i).copied().unwrap_or(b' ');
    let hex = at(0) == b'0' && matches!(at(1), b'x' | b'X');
    let is_digit = |b: u8| {
        if hex {
            b.is_ascii_hexdigit()
        } else {
            b.is_ascii_digit()
        }
    };
    let (mut end, mut point, mut exponent) = (if hex { 2 } else { 0 }, hex, hex);
    loop {
        match at(end) {
            b if is_digit(b) => end += 1,
            b'_' if is_digit(at(end + 1)) => end += 1,
            b'.' if !point => {
                point = true;
                end += 1;
                if matches!(at(end), b'_' | b'.') {
                    return Err(end + 1);
                }
            }
            b'e' | b'E' if !exponent => {
                (point, exponent) = (true, true);
                end += 1;
                end += usize::from(matches!(at(end), b'+' | b'-'));
                if !at(end).is_ascii_digit() {
                    return Err((end + usize::from(is_word(at(end)))).min(bytes.len()));
                }
            }
            b'_' | b'.' => return Err(end + 1),
            _ if hex && end == 2 => return Err(end),
            _ => return Ok(end),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The value of a number: decimal, `0x` hexadecimal, octal after a leading 0, `_` between digits, `Inf`, `NaN`.
///
/// # Errors
/// A message if it is too large.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let value = match plain.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok().map(|n| n as f64),
        None => octal(&plain)
            .or_else(|| plain.parse().ok())
            .filter(|n: &f64| n.is_finite() || plain.starts_with(['i', 'n'])),
    };
    value.ok_or_else(|| format!("error parsing number: {} is out of range", Quoted(text)))
}

fn octal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('0').filter(|d| !d.is_empty())?;
    i64::from_str_radix(digits, 8).ok().map(|n| n as f64)
}

/// The milliseconds of a duration such as `1h30m`, up to 292 years.
///
/// # Errors
/// A message if the units are not in order or it is too long.
pub(super) fn duration_ms(text: &str) -> Result<i64, String> {
    let ms = narthex_model::parse_duration(text).map_err(|e| e.to_string())?;
    if ms > DURATION_MS_MAX {
        return Err("duration out of range".to_owned());
    }
    Ok(ms)
}

/// The longest duration: what fits into 64 bits of nanoseconds, as in Prometheus.
pub(super) const DURATION_MS_MAX: i64 = i64::MAX / 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends() {
        use Scan::{Bad, Duration, Number};
        let cases = [
            ("12 ", Number(2)),
            ("1.5)", Number(3)),
            (".5", Number(2)),
            ("2.", Number(2)),
            ("1e-3", Number(4)),
            ("0x1F_a0", Number(7)),
            ("1_000", Number(5)),
            ("5m", Duration(2)),
            ("1h30m5ms]", Duration(8)),
            ("1.5m", Duration(4)),
            ("5mm", Bad(3)),
            ("5m2", Bad(3)),
            ("1__0", Bad(2)),
            ("1..2", Bad(3)),
            ("1_", Bad(2)),
            ("1e", Bad(2)),
            ("1x", Bad(1)),
            ("0x", Bad(2)),
            ("1.2.3", Bad(4)),
        ];
        for (text, expected) in cases {
            assert_eq!(scan(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn values() {
        let cases = [
            ("017", 15.0),
            ("08", 8.0),
            ("0.5", 0.5),
            ("0", 0.0),
            ("0x1f", 31.0),
            ("1_000.25e-2", 10.0025),
            ("INF", f64::INFINITY),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
        assert!(number("nan").is_ok_and(f64::is_nan));
        assert!(number("1e999").is_err() && number("0xffffffffffffffff").is_err());
        assert_eq!(duration_ms("1h30m"), Ok(5_400_000));
        assert!(duration_ms("1m1h").is_err() && duration_ms("300y").is_err());
    }
}
