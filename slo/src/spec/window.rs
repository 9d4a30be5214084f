//! Over which time something is promised, and when not.

use crate::time::DAY_MS;

/// A stretch of time over which a promise is kept or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// The last while.
    Rolling(Rolling),
    /// A week, month, quarter or year.
    Calendar(Calendar),
}

/// Ten years: nothing that specs say may be longer. What was stored for longer than that has hardly been.
pub const LONGEST_MS: i64 = 10 * 366 * DAY_MS;

impl Window {
    /// How long it is, in milliseconds; of a calendar period, how long it is as a rule: policies are scaled by it.
    pub fn nominal_ms(&self) -> i64 {
        match self {
            Self::Rolling(rolling) => rolling.ms,
            Self::Calendar(calendar) => match calendar.unit {
                CalendarUnit::Day => DAY_MS,
                CalendarUnit::Week => 7 * DAY_MS,
                CalendarUnit::Month => 30 * DAY_MS,
                CalendarUnit::Quarter => 91 * DAY_MS,
                CalendarUnit::Year => 365 * DAY_MS,
            },
        }
    }
}

/// The last while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rolling {
    /// How long, in milliseconds.
    pub ms: i64,
}

/// A period of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its length.
    pub unit: CalendarUnit,
    /// The IANA name of the zone whose midnights it begins at.
    pub zone: String,
    /// The day that weeks begin with.
    pub week_start: Weekday,
    /// The month, 1 to 12, that years and quarters begin with.
    pub first_month: i8,
}

/// The length of a calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarUnit {
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// Twelve months.
    Year,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weekday {
    /// The usual one.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// In some countries.
    Sunday,
}

/// Time in which nothing is promised, such as maintenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// For people.
    pub name: String,
    /// When it first begins: `2026-03-29T02:00:00`, in the zone.
    pub start: String,
    /// The IANA name of the zone.
    pub zone: String,
    /// How long it takes, in milliseconds.
    pub duration_ms: i64,
    /// How it comes again, as iCalendar's RRULE: `FREQ=WEEKLY;BYDAY=SU`.
    pub rrule: Option<String>,
}
