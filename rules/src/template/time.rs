//! Points in time and spans as templates have them, printed as Go prints them. All times are UTC.

use std::fmt;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A point in time: milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) i64);

/// A length of time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) i64);

/// A time's parts.
pub(super) struct Parts {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) millisecond: i64,
    /// Sunday is 0.
    pub(super) weekday: i64,
    /// From 1.
    pub(super) day_of_year: i64,
}

impl Parts {
    pub(super) fn month_name(&self) -> &'static str {
        let at = usize::try_from(self.month - 1).unwrap_or(0);
        MONTHS.get(at).copied().unwrap_or_default()
    }

    pub(super) fn weekday_name(&self) -> &'static str {
        let at = usize::try_from(self.weekday).unwrap_or(0);
        DAYS.get(at).copied().unwrap_or_default()
    }
}

impl Time {
    /// The time at so many seconds since the epoch, in whole milliseconds.
    ///
    /// # Errors
    /// It is no number, or too far away.
    pub(super) fn from_seconds(seconds: f64) -> Result<Self, String> {
        if !seconds.is_finite() {
            return Err(NOT_FINITE.to_owned());
        }
        let nanoseconds = seconds * 1e9;
        if nanoseconds.abs() > i64::MAX as f64 {
            let shown = super::number::float(seconds);
            return Err(format!(
                "{shown} cannot be represented as a nanoseconds timestamp since it overflows int64"
            ));
        }
        Ok(Self((nanoseconds as i64) / 1_000_000))
    }

    pub(super) fn parts(self) -> Parts {
        let days = self.0.div_euclid(DAY_MS);
        let within = self.0.rem_euclid(DAY_MS);
        let (year, month, day) = civil(days);
        Parts {
            year,
            month,
            day,
            hour: within / 3_600_000,
            minute: within / 60_000 % 60,
            second: within / 1000 % 60,
            millisecond: within % 1000,
            weekday: (days + 4).rem_euclid(7),
            day_of_year: days - days_before(year) + 1,
        }
    }
}

/// What a number that is no time is answered with.
pub(super) const NOT_FINITE: &str = "value is NaN or Inf";

/// Year, month and day of the day that is so many days after 1970-01-01. Years begin in March here, so that the day of a
/// leap year comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days from 1970-01-01 to the first day of `year`.
fn days_before(year: i64) -> i64 {
    let y = year - 1;
    365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) - 719_162
}

/// `2006-01-02 15:04:05.999999999 -0700 MST`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p = self.parts();
        let (date, time) = ((p.year, p.month, p.day), (p.hour, p.minute, p.second));
        write!(f, "{:04}-{:02}-{:02} ", date.0, date.1, date.2)?;
        write!(f, "{:02}:{:02}:{:02}", time.0, time.1, time.2)?;
        if p.millisecond > 0 {
            let fraction = format!("{:03}", p.millisecond);
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        f.write_str(" +0000 UTC")
    }
}

/// `1h2m3.5s`, `1.5ms`, `0s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let total = self.0.unsigned_abs();
        let (unit, name) = match total {
            0..1_000 => return write!(f, "{total}ns"),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        if unit < 1_000_000_000 {
            return write!(f, "{}{name}", decimal(total, unit));
        }
        let (hours, minutes) = (total / 3_600_000_000_000, total / 60_000_000_000 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(total % 60_000_000_000, unit))
    }
}

/// `total / unit` without zeros at the end.
fn decimal(total: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", total % unit);
    let fraction = fraction.trim_end_matches('0');
    match fraction {
        "" => (total / unit).to_string(),
        fraction => format!("{}.{fraction}", total / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 +0000 UTC"),
            (1_435_065_584_128, "2015-06-23 13:19:44.128 +0000 UTC"),
            (951_782_400_500, "2000-02-29 00:00:00.5 +0000 UTC"),
            (-1, "1969-12-31 23:59:59.999 +0000 UTC"),
        ] {
            assert_eq!(Time(ms).to_string(), text);
        }
        let parts = Time(951_782_400_500).parts();
        assert_eq!((parts.day_of_year, parts.weekday_name()), (60, "Tuesday"));
        assert!(Time::from_seconds(1e300).is_err() && Time::from_seconds(f64::NAN).is_err());
    }

    #[test]
    fn spans() {
        for (ns, text) in [
            (0, "0s"),
            (1_500_000, "1.5ms"),
            (1_100, "1.1µs"),
            (3_723_500_000_000, "1h2m3.5s"),
            (-60_000_000_000, "-1m0s"),
            (7, "7ns"),
        ] {
            assert_eq!(Span(ns).to_string(), text);
        }
    }
}
