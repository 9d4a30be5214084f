//! Durations as Prometheus writes them: `1h30m`, units `y w d h m s ms` in that order, each once.

use std::fmt;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError(String);

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a valid duration string: \"{}\"", self.0)
    }
}

impl std::error::Error for DurationError {}

/// Unit names with their length in milliseconds, longest first. A year is 365 days.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads `1h30m` and the like as milliseconds; `0` needs no unit.
///
/// # Errors
/// Anything else: signs, fractions, blanks, units out of order or twice, more than `i64::MAX` milliseconds.
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    if text == "0" {
        return Ok(0);
    }
    parse_units(text).ok_or_else(|| DurationError(text.to_owned()))
}

fn parse_units(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut next_unit = 0;
    let mut total = 0_i64;
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let tail = rest.get(digits..)?;
        let letters = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let unit = tail.get(..letters)?;
        let at = UNITS.iter().position(|(name, _)| *name == unit)?;
        if at < next_unit {
            return None;
        }
        next_unit = at + 1;
        total = total.checked_add(number.checked_mul(UNITS.get(at)?.1)?)?;
        rest = tail.get(letters..)?;
    }
    Some(total)
}

/// Writes milliseconds the way Prometheus prints durations: `90m` is `1h30m`; years and weeks are used only when
/// nothing remains; 0 is `0s`; a negative one has a leading `-`.
pub fn format_duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    let mut rest = ms.unsigned_abs();
    if ms < 0 {
        out.push('-');
    }
    for (name, unit) in UNITS {
        let unit = unit.unsigned_abs();
        if matches!(name, "y" | "w") && !rest.is_multiple_of(unit) {
            continue;
        }
        let count = rest / unit;
        if count > 0 {
            out.push_str(&format!("{count}{name}"));
            rest -= count * unit;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad() {
        let good = [
            ("0", 0),
            ("1ms", 1),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("1y2w3d", 33_004_800_000),
        ];
        for (text, ms) in good {
            assert_eq!(parse_duration(text), Ok(ms), "{text}");
        }
        for text in [
            "",
            "1",
            "-1s",
            "1.5h",
            "1m1h",
            "1s1s",
            "1 s",
            "s",
            "99999999999999y",
            "1h-",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn printed_forms() {
        let cases = [
            (0, "0s"),
            (300_000, "5m"),
            (5_400_000, "1h30m"),
            (604_800_000, "1w"),
            (691_200_000, "8d"),
            (90_000_000, "1d1h"),
            (-1_500, "-1s500ms"),
        ];
        for (ms, text) in cases {
            assert_eq!(format_duration(ms), text);
        }
    }
}
