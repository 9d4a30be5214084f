//! Times and durations as the API and the command line take them.

use std::time::{SystemTime, UNIX_EPOCH};

use narthex_model::{TimestampMs, parse_duration};

/// The clock of the server, milliseconds since the epoch.
pub(crate) fn now_ms() -> TimestampMs {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(_) => 0,
    }
}

/// Reads RFC 3339, or Unix seconds with decimals.
///
/// # Errors
/// Anything else, in Prometheus' words.
pub(crate) fn parse_time(text: &str) -> Result<TimestampMs, String> {
    let bad = || format!("cannot parse {text:?} to a valid timestamp");
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds_to_ms(seconds).ok_or_else(bad);
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| bad())?;
    Ok(time.as_millisecond())
}

/// Reads a duration (`5m`), or seconds with decimals, as milliseconds.
///
/// # Errors
/// Anything else, in Prometheus' words.
pub(crate) fn parse_step(text: &str) -> Result<i64, String> {
    let bad = || format!("cannot parse {text:?} to a valid duration");
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds_to_ms(seconds).ok_or_else(bad);
    }
    parse_duration(text).map_err(|_| bad())
}

/// Milliseconds, rounded; `None` for NaN and what lies outside `i64`.
fn seconds_to_ms(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1000.0).round();
    // The bound is the first float outside; the comparison is false for NaN.
    (ms.abs() < i64::MAX as f64).then_some(ms as i64)
}

/// `ms` as RFC 3339 in UTC; the plain number for years that RFC 3339 cannot say.
pub(crate) fn format_time(ms: TimestampMs) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_string(),
        Err(_) => ms.to_string(),
    }
}

/// What Prometheus shows of a time that has not come.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// As [`format_time`], if there is a time.
pub(crate) fn time_or_never(ms: Option<TimestampMs>) -> String {
    ms.map_or_else(|| NEVER.to_owned(), format_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_times() {
        assert_eq!(parse_time("1435781430.781"), Ok(1_435_781_430_781));
        assert_eq!(
            parse_time("2015-07-01T20:10:30.781Z"),
            Ok(1_435_781_430_781)
        );
        assert_eq!(
            parse_time("2015-07-01T22:10:30.781+02:00"),
            Ok(1_435_781_430_781)
        );
        for bad in ["", "foo", "NaN", "Inf", "1e300", "2015-13-01T00:00:00Z"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
        assert_eq!(format_time(1_435_781_430_781), "2015-07-01T20:10:30.781Z");
    }

    #[test]
    fn forms_of_durations() {
        assert_eq!(parse_step("0.5"), Ok(500));
        assert_eq!(parse_step("1h30m"), Ok(5_400_000));
        assert_eq!(parse_step("-1"), Ok(-1_000));
        assert_eq!(
            parse_step("x"),
            Err("cannot parse \"x\" to a valid duration".to_owned())
        );
    }
}
