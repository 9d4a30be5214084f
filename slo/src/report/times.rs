//! Times and windows as people read them, in a zone.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use narthex_model::{TimeRange, TimestampMs};

use crate::outcome::Outcome;
use crate::report::numbers;
use crate::spec::{Calendar, CalendarUnit, Window};

/// Writes times in a zone.
#[derive(Debug, Clone, Copy)]
pub struct Times<'a>(pub &'a TimeZone);

impl Times<'_> {
    /// The name of the zone: `Europe/Berlin`.
    pub fn zone(self) -> String {
        match self.0.iana_name() {
            Some(name) => name.to_owned(),
            None => "local time".to_owned(),
        }
    }

    /// The time on the clocks of the zone; `None` beyond the years that calendars know.
    pub fn zoned(self, at: TimestampMs) -> Option<Zoned> {
        let instant = Timestamp::from_millisecond(at).ok()?;
        Some(instant.to_zoned(self.0.clone()))
    }

    fn written(self, at: TimestampMs, format: &str) -> String {
        match self.zoned(at) {
            Some(zoned) => zoned.strftime(format).to_string(),
            None => format!("{at} ms"),
        }
    }

    /// `23 Nov 2026, 04:05 CET`
    pub fn moment(self, at: TimestampMs) -> String {
        self.written(at, "%-d %b %Y, %H:%M %Z")
    }

    /// `23 Nov 2026`
    pub fn day(self, at: TimestampMs) -> String {
        self.written(at, "%-d %b %Y")
    }

    /// `23 Nov`
    pub fn short_day(self, at: TimestampMs) -> String {
        self.written(at, "%-d %b")
    }

    /// `24 Oct 2026, 04:05 CEST – 23 Nov 2026, 04:05 CET`
    pub fn span(self, span: TimeRange) -> String {
        format!("{} – {}", self.moment(span.start), self.moment(span.end))
    }

    /// Of a window with its time: `30 days`, `Nov 2026 so far`.
    pub fn window(self, outcome: &Outcome) -> String {
        match &outcome.window {
            Window::Rolling(rolling) => format!("last {}", long_duration(rolling.ms)),
            Window::Calendar(calendar) => {
                let open = outcome.ends_at > outcome.span.end;
                let name = self.period(calendar, outcome.span.start);
                format!("{name}{}", if open { " so far" } else { "" })
            }
        }
    }

    /// The calendar period that begins at `start`: `Nov 2026`, `Q4 2026`.
    pub fn period(self, calendar: &Calendar, start: TimestampMs) -> String {
        let fiscal = calendar.first_month != 1;
        match calendar.unit {
            CalendarUnit::Day => self.day(start),
            CalendarUnit::Week => format!("week of {}", self.day(start)),
            CalendarUnit::Month => self.written(start, "%b %Y"),
            CalendarUnit::Quarter if fiscal => self.written(start, "quarter from %b %Y"),
            CalendarUnit::Quarter => self.written(start, "Q%q %Y"),
            CalendarUnit::Year if fiscal => self.written(start, "year from %b %Y"),
            CalendarUnit::Year => self.written(start, "%Y"),
        }
    }
}

/// A window's length in a word: `30 days`, `month`.
pub fn window_length(window: &Window) -> String {
    match window {
        Window::Rolling(rolling) => long_duration(rolling.ms),
        Window::Calendar(calendar) => match calendar.unit {
            CalendarUnit::Day => "calendar day",
            CalendarUnit::Week => "calendar week",
            CalendarUnit::Month => "calendar month",
            CalendarUnit::Quarter => "calendar quarter",
            CalendarUnit::Year => "calendar year",
        }
        .to_owned(),
    }
}

/// Whole days and hours in full words, anything else in short.
fn long_duration(ms: i64) -> String {
    const HOUR: i64 = 3_600_000;
    let (number, unit) = match ms {
        _ if ms % (24 * HOUR) == 0 => (ms / (24 * HOUR), "day"),
        _ if ms % HOUR == 0 => (ms / HOUR, "hour"),
        _ => return numbers::duration(ms as f64),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// For machines: `2026-11-23T03:05:00Z`, with milliseconds where there are any.
pub fn rfc3339(at: TimestampMs) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |instant| instant.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Rolling, Weekday};

    #[test]
    fn times_say_which_of_two_equal_hours_they_are() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let times = Times(&zone);
        assert_eq!(times.moment(1_792_888_200_000), "25 Oct 2026, 02:30 CEST");
        assert_eq!(times.moment(1_792_891_800_000), "25 Oct 2026, 02:30 CET");
        assert_eq!(times.zone(), "Europe/Berlin");
        assert_eq!(rfc3339(1_792_888_200_000), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn what_no_calendar_knows_is_still_written() {
        assert_eq!(
            Times(&TimeZone::UTC).moment(i64::MAX),
            "9223372036854775807 ms"
        );
        assert_eq!(rfc3339(i64::MIN), "-9223372036854775808");
    }

    #[test]
    fn periods_have_the_names_people_use() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let october = 1_790_805_600_000;
        let named = |unit, first_month| {
            let calendar = Calendar {
                unit,
                zone: "Europe/Berlin".to_owned(),
                week_start: Weekday::Monday,
                first_month,
            };
            Times(&zone).period(&calendar, october)
        };
        assert_eq!(named(CalendarUnit::Month, 1), "Oct 2026");
        assert_eq!(named(CalendarUnit::Quarter, 1), "Q4 2026");
        assert_eq!(named(CalendarUnit::Quarter, 4), "quarter from Oct 2026");
        assert_eq!(named(CalendarUnit::Week, 1), "week of 1 Oct 2026");
        assert_eq!(named(CalendarUnit::Year, 1), "2026");
    }

    #[test]
    fn lengths_are_in_full_words() {
        let rolling = |ms| window_length(&Window::Rolling(Rolling { ms }));
        assert_eq!(rolling(30 * 86_400_000), "30 days");
        assert_eq!(rolling(86_400_000), "1 day");
        assert_eq!(rolling(6 * 3_600_000), "6 hours");
        assert_eq!(rolling(90_000), "1\u{a0}min\u{a0}30\u{a0}s");
    }
}
