//! Parts of a date, UTC, from seconds since the epoch. NaN in, NaN out.
//!
//! Days become dates by counting years from 1 March, so that a leap day is a year's last
//! (H. Hinnant, "chrono-compatible low-level date algorithms").

/// A proleptic Gregorian date.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

const DAY_SECONDS: f64 = 86_400.0;

/// Beyond this many seconds a float cannot tell days apart reliably; parts of such dates are NaN.
const SECONDS_MAX: f64 = 1e15;

fn date(seconds: f64) -> Option<Date> {
    (seconds.abs() < SECONDS_MAX).then(|| date_of_day((seconds / DAY_SECONDS).floor() as i64))
}

fn date_of_day(day: i64) -> Date {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date {
        year,
        month,
        day: day_of_year - (153 * march_month + 2) / 5 + 1,
    }
}

/// An instant, in milliseconds, to the second: `2024-02-29T23:59:59Z`.
pub(crate) fn rfc3339(ms: i64) -> String {
    let seconds = ms.div_euclid(1_000);
    let Date { year, month, day } = date_of_day(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn part(seconds: f64, of: impl Fn(&Date) -> i64) -> f64 {
    date(seconds).map_or(f64::NAN, |d| of(&d) as f64)
}

pub(crate) fn year(seconds: f64) -> f64 {
    part(seconds, |d| d.year)
}

pub(crate) fn month(seconds: f64) -> f64 {
    part(seconds, |d| d.month)
}

pub(crate) fn day_of_month(seconds: f64) -> f64 {
    part(seconds, |d| d.day)
}

pub(crate) fn day_of_year(seconds: f64) -> f64 {
    part(seconds, |d| {
        (1..d.month).map(|m| month_days(d.year, m)).sum::<i64>() + d.day
    })
}

pub(crate) fn days_in_month(seconds: f64) -> f64 {
    part(seconds, |d| month_days(d.year, d.month))
}

/// 0 is Sunday.
pub(crate) fn day_of_week(seconds: f64) -> f64 {
    part_of_day(seconds, DAY_SECONDS * 7.0, DAY_SECONDS, 4.0 * DAY_SECONDS)
}

pub(crate) fn hour(seconds: f64) -> f64 {
    part_of_day(seconds, DAY_SECONDS, 3_600.0, 0.0)
}

pub(crate) fn minute(seconds: f64) -> f64 {
    part_of_day(seconds, 3_600.0, 60.0, 0.0)
}

fn part_of_day(seconds: f64, cycle: f64, unit: f64, shift: f64) -> f64 {
    if seconds.abs() < SECONDS_MAX {
        ((seconds.floor() + shift).rem_euclid(cycle) / unit).floor()
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        // 2024-02-29T23:59:59Z, a Thursday.
        let t = 1_709_251_199.0;
        assert_eq!(
            [year(t), month(t), day_of_month(t), day_of_year(t)],
            [2024.0, 2.0, 29.0, 60.0]
        );
        assert_eq!(
            [days_in_month(t), day_of_week(t), hour(t), minute(t)],
            [29.0, 4.0, 23.0, 59.0]
        );
        // 1969-12-31T23:00:00Z, a Wednesday.
        let t = -3_600.0;
        assert_eq!(
            [year(t), month(t), day_of_month(t), day_of_week(t), hour(t)],
            [1969.0, 12.0, 31.0, 3.0, 23.0]
        );
        assert_eq!(rfc3339(1_709_251_199_999), "2024-02-29T23:59:59Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
        assert!(year(f64::NAN).is_nan() && hour(f64::INFINITY).is_nan());
    }
}
