//! iCalendar's rules of recurrence, as far as maintenance needs them.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

mod expand;
mod parse;

/// A rule such as `FREQ=MONTHLY;BYDAY=2SU`: FREQ (DAILY to YEARLY), INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH and WKST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    frequency: Frequency,
    interval: i32,
    count: Option<u32>,
    until: Option<Until>,
    /// Weekdays, each with which of its period it is: 2 the second, -1 the last, 0 all.
    days: Vec<(i8, Weekday)>,
    /// Days of the month; negative ones from its end.
    month_days: Vec<i8>,
    months: Vec<i8>,
    week_start: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// After what there are no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Local(DateTime),
    Instant(Timestamp),
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong with it, or not supported.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::parse(text)
    }

    /// When it recurs from `start`, before `end`, in order. Of what came to its end before `from` some or all may be left out.
    pub(super) fn expand(
        &self,
        start: DateTime,
        zone: &TimeZone,
        from: Date,
        end: Date,
    ) -> Vec<DateTime> {
        expand::expand(self, start, zone, from, end)
    }
}

/// Whether `at` is not after `until`.
fn is_before(until: Until, at: DateTime, zone: &TimeZone) -> bool {
    match until {
        Until::Local(until) => at <= until,
        Until::Instant(until) => {
            let instant = zone.to_ambiguous_timestamp(at).compatible();
            instant.is_ok_and(|instant| instant <= until)
        }
    }
}
