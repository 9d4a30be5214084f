//! Periods of the calendar, as clocks and calendars of a zone show them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use narthex_model::{Error, Result, TimeRange, TimestampMs};

use super::{timestamp, zone};
use crate::spec::{Calendar, CalendarUnit, Weekday, Window};

/// The periods of a calendar window: days of 23 to 25 hours, months, quarters and years of any first month.
#[derive(Debug, Clone)]
pub struct Periods {
    zone: TimeZone,
    unit: CalendarUnit,
    week_start: Weekday,
    first_month: i8,
}

impl Periods {
    /// Those of `calendar`.
    ///
    /// # Errors
    /// If its zone is not known.
    pub fn new(calendar: &Calendar) -> Result<Self> {
        Ok(Self {
            zone: zone(&calendar.zone)?,
            unit: calendar.unit,
            week_start: calendar.week_start,
            first_month: calendar.first_month,
        })
    }

    /// The period that `t` lies in.
    ///
    /// # Errors
    /// If it lies beyond all calendars.
    pub fn at(&self, t: TimestampMs) -> Result<TimeRange> {
        let date = timestamp(t)?.to_zoned(self.zone.clone()).date();
        let first = self.first_date(date)?;
        let next = first.checked_add(self.length()).map_err(beyond)?;
        Ok(TimeRange::new(self.midnight(first)?, self.midnight(next)?))
    }

    /// The last `n` periods that are over before that of `t` begins, in order.
    ///
    /// # Errors
    /// If they lie beyond all calendars.
    pub fn before(&self, t: TimestampMs, n: usize) -> Result<Vec<TimeRange>> {
        let mut periods = Vec::new();
        let mut start = self.at(t)?.start;
        for _ in 0..n {
            let period = self.at(start - 1)?;
            start = period.start;
            periods.push(period);
        }
        periods.reverse();
        Ok(periods)
    }

    /// The first day of the period of a date.
    fn first_date(&self, date: Date) -> Result<Date> {
        let back = match self.unit {
            CalendarUnit::Day => return Ok(date),
            CalendarUnit::Week => {
                let day = date.weekday().to_monday_zero_offset();
                (day - self.week_start as i8).rem_euclid(7).days()
            }
            CalendarUnit::Month => return Ok(date.first_of_month()),
            CalendarUnit::Quarter => self.months_since_first(date, 3).months(),
            CalendarUnit::Year => self.months_since_first(date, 12).months(),
        };
        let is_week = self.unit == CalendarUnit::Week;
        let from = if is_week { date } else { date.first_of_month() };
        from.checked_sub(back).map_err(beyond)
    }

    fn months_since_first(&self, date: Date, of: i8) -> i8 {
        (date.month() - self.first_month).rem_euclid(of)
    }

    fn length(&self) -> Span {
        match self.unit {
            CalendarUnit::Day => 1.day(),
            CalendarUnit::Week => 1.week(),
            CalendarUnit::Month => 1.month(),
            CalendarUnit::Quarter => 3.months(),
            CalendarUnit::Year => 1.year(),
        }
    }

    /// When a day begins: at midnight, or at the first instant after it where clocks skip it.
    fn midnight(&self, date: Date) -> Result<TimestampMs> {
        let midnight = date.to_zoned(self.zone.clone()).map_err(beyond)?;
        Ok(midnight.timestamp().as_millisecond())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn beyond(e: jiff::Error) -> Error {
    Error::invalid(format!("a time beyond all calendars: {e}"))
}

/// The time of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpan {
    /// Up to when it was looked at.
    pub span: TimeRange,
    /// When it ends: later than `span` for a calendar period that is not over.
    pub ends_at: TimestampMs,
}

impl WindowSpan {
    /// All of its time.
    pub fn whole(&self) -> TimeRange {
        TimeRange::new(self.span.start, self.ends_at)
    }

    /// Whether a part of it is still to come.
    pub fn is_open(&self) -> bool {
        self.span.end < self.ends_at
    }
}

/// The time of a window that is looked at at `t`.
///
/// # Errors
/// If its zone is not known.
pub fn window_at(window: &Window, t: TimestampMs) -> Result<WindowSpan> {
    match window {
        Window::Rolling(rolling) => Ok(WindowSpan {
            span: TimeRange::new(t.saturating_sub(rolling.ms), t),
            ends_at: t,
        }),
        Window::Calendar(calendar) => {
            // At midnight, the day is over rather than not begun.
            let period = Periods::new(calendar)?.at(t - 1)?;
            Ok(WindowSpan {
                span: TimeRange::new(period.start, t.min(period.end)),
                ends_at: period.end,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(unit: CalendarUnit, zone: &str) -> Calendar {
        Calendar {
            unit,
            zone: zone.to_owned(),
            week_start: Weekday::Monday,
            first_month: 1,
        }
    }

    /// Start and end of a period as written in UTC, and its length in hours.
    fn at(calendar: &Calendar, t: &str) -> (String, String, i64) {
        let t: jiff::Timestamp = t.parse().expect("a time");
        let periods = Periods::new(calendar).expect("known");
        let period = periods.at(t.as_millisecond()).expect("a period");
        let text = |t| timestamp(t).expect("a time").to_string();
        let hours = (period.end - period.start) / 3_600_000;
        (text(period.start), text(period.end), hours)
    }

    fn hours(calendar: &Calendar, t: &str) -> i64 {
        at(calendar, t).2
    }

    #[test]
    fn days_and_weeks_when_clocks_change() {
        let day = calendar(CalendarUnit::Day, "Europe/Berlin");
        assert_eq!(
            at(&day, "2026-03-29T12:00:00Z"),
            (
                "2026-03-28T23:00:00Z".into(),
                "2026-03-29T22:00:00Z".into(),
                23
            )
        );
        assert_eq!(hours(&day, "2026-10-25T12:00:00Z"), 25);
        let mut week = calendar(CalendarUnit::Week, "Europe/Berlin");
        assert_eq!(
            at(&week, "2026-03-29T21:59:59Z"),
            (
                "2026-03-22T23:00:00Z".into(),
                "2026-03-29T22:00:00Z".into(),
                167
            )
        );
        week.week_start = Weekday::Sunday;
        assert_eq!(at(&week, "2026-03-29T21:59:59Z").0, "2026-03-28T23:00:00Z");
        // Clocks skip midnight: the day begins at one.
        let beirut = calendar(CalendarUnit::Day, "Asia/Beirut");
        assert_eq!(at(&beirut, "2026-03-29T12:00:00Z").2, 23);
    }

    #[test]
    fn leap_days_quarters_and_fiscal_years() {
        let month = calendar(CalendarUnit::Month, "UTC");
        assert_eq!(hours(&month, "2028-02-29T23:59:59Z"), 29 * 24);
        assert_eq!(hours(&month, "2026-02-01T00:00:00Z"), 28 * 24);
        let year = calendar(CalendarUnit::Year, "UTC");
        assert_eq!(hours(&year, "2028-07-01T00:00:00Z"), 366 * 24);
        let mut quarter = calendar(CalendarUnit::Quarter, "America/New_York");
        assert_eq!(
            at(&quarter, "2026-04-01T03:59:59Z"),
            (
                "2026-01-01T05:00:00Z".into(),
                "2026-04-01T04:00:00Z".into(),
                90 * 24 - 1
            )
        );
        quarter.first_month = 2;
        assert_eq!(
            at(&quarter, "2026-01-15T12:00:00Z").0,
            "2025-11-01T04:00:00Z"
        );
        let fiscal = Calendar {
            first_month: 4,
            ..calendar(CalendarUnit::Year, "Asia/Kolkata")
        };
        assert_eq!(
            at(&fiscal, "2026-03-31T18:29:59Z"),
            (
                "2025-03-31T18:30:00Z".into(),
                "2026-03-31T18:30:00Z".into(),
                365 * 24
            )
        );
    }

    #[test]
    fn periods_before_touch() {
        let month = Periods::new(&calendar(CalendarUnit::Month, "Europe/Berlin")).expect("known");
        let t: jiff::Timestamp = "2026-05-20T00:00:00Z".parse().expect("a time");
        let months = month.before(t.as_millisecond(), 14).expect("periods");
        assert_eq!(months.len(), 14);
        assert!(months.windows(2).all(|w| w[0].end == w[1].start));
        assert_eq!(
            months[13].end,
            month.at(t.as_millisecond()).expect("a period").start
        );
        assert!(month.at(i64::MAX).is_err());
    }

    #[test]
    fn an_open_period_ends_later() {
        let window = Window::Calendar(calendar(CalendarUnit::Day, "UTC"));
        let day = 86_400_000;
        let at = |t| window_at(&window, t).expect("known");
        assert_eq!(
            (at(day + 5).span, at(day + 5).ends_at),
            (TimeRange::new(day, day + 5), 2 * day)
        );
        assert_eq!(at(day).whole(), TimeRange::new(0, day));
        assert!(!at(day).is_open() && at(day + 5).is_open());
        let nowhere = Window::Calendar(calendar(CalendarUnit::Day, "Atlantis"));
        assert!(window_at(&nowhere, 0).is_err());
    }
}
