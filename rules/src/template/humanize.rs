//! Numbers as people read them: with metric prefixes, as durations, percentages, times.

use super::number::general;
use super::time::{NOT_FINITE, Time};

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

fn four_digits(value: f64) -> String {
    general(value, Some(4))
}

/// With a metric prefix.
pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return four_digits(value);
    }
    if value.abs() >= 1.0 {
        return large(value, 1000.0, &LARGE);
    }
    let (value, prefix) = small(value);
    four_digits(value) + prefix
}

/// With a binary prefix.
pub(super) fn humanize_1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return four_digits(value);
    }
    large(value, 1024.0, &LARGE_BINARY)
}

fn large(mut value: f64, base: f64, prefixes: &[&'static str]) -> String {
    let mut prefix = "";
    for next in prefixes {
        if value.abs() < base {
            break;
        }
        prefix = next;
        value /= base;
    }
    four_digits(value) + prefix
}

fn small(mut value: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for next in SMALL {
        if value.abs() >= 1.0 {
            break;
        }
        prefix = next;
        value *= 1000.0;
    }
    (value, prefix)
}

/// Seconds as `1d 2h 3m 4s`, or with a metric prefix below a second.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return four_digits(seconds);
    }
    if seconds == 0.0 {
        return four_digits(seconds) + "s";
    }
    if seconds.abs() < 1.0 {
        let (value, prefix) = small(seconds);
        return format!("{}{prefix}s", four_digits(value));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = seconds.abs() as i64;
    let (s, m, h, d) = (
        whole % 60,
        whole / 60 % 60,
        whole / 3600 % 24,
        whole / 86_400,
    );
    if d != 0 {
        return format!("{sign}{d}d {h}h {m}m {s}s");
    }
    if h != 0 {
        return format!("{sign}{h}h {m}m {s}s");
    }
    if m != 0 {
        return format!("{sign}{m}m {s}s");
    }
    format!("{sign}{}s", four_digits(seconds.abs()))
}

/// A ratio as a percentage.
pub(super) fn percentage(ratio: f64) -> String {
    four_digits(ratio * 100.0) + "%"
}

/// Seconds since the epoch as a time.
///
/// # Errors
/// It is too far away.
pub(super) fn timestamp(seconds: f64) -> Result<String, String> {
    match Time::from_seconds(seconds) {
        Ok(time) => Ok(time.to_string()),
        Err(message) if message == NOT_FINITE => Ok(four_digits(seconds)),
        Err(message) => Err(message),
    }
}
