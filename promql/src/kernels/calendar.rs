//! Parts of a date, UTC, from seconds since the epoch, of which only whole ones count.
//!
//! Days become dates by counting years from 1 March, so that a leap day is a year's last
//! (H. Hinnant, "chrono-compatible low-level date algorithms").

/// A proleptic Gregorian date.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

const DAY_SECONDS: i64 = 86_400;

/// What Prometheus takes NaN, infinities and seconds beyond 63 bits for: 2^63 seconds, as days and seconds of the day.
const BEYOND: (i64, i64) = (106_751_991_167_300, 55_808);

/// Days since the epoch, and seconds of the day.
fn day_and_second(seconds: f64) -> (i64, i64) {
    if seconds.is_nan() || seconds.abs() >= 2_f64.powi(63) {
        return BEYOND;
    }
    let whole = seconds as i64;
    (whole.div_euclid(DAY_SECONDS), whole.rem_euclid(DAY_SECONDS))
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
    of(&date_of_day(day_and_second(seconds).0)) as f64
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
    (day_and_second(seconds).0 + 4).rem_euclid(7) as f64
}

pub(crate) fn hour(seconds: f64) -> f64 {
    (day_and_second(seconds).1 / 3_600) as f64
}

pub(crate) fn minute(seconds: f64) -> f64 {
    (day_and_second(seconds).1 / 60 % 60) as f64
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
        // Only whole seconds count, and what is no time is the end of all.
        assert_eq!([hour(-0.5), day_of_year(-0.5)], [0.0, 1.0]);
        for beyond in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300] {
            assert_eq!([year(beyond), month(beyond)], [292_277_026_596.0, 12.0]);
            assert_eq!([day_of_month(beyond), day_of_year(beyond)], [4.0, 339.0]);
            assert_eq!(
                [hour(beyond), minute(beyond), day_of_week(beyond)],
                [15.0, 30.0, 0.0]
            );
        }
    }
}
