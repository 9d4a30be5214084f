//! Windows as people write them.

use std::fmt;

use narthex_model::format_duration;

use super::{Calendar, CalendarUnit, Rolling, Window};

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(Rolling { ms }) => f.write_str(&days(*ms)),
            Self::Calendar(Calendar { unit, .. }) => f.write_str(match unit {
                CalendarUnit::Day => "calendar-day",
                CalendarUnit::Week => "calendar-week",
                CalendarUnit::Month => "calendar-month",
                CalendarUnit::Quarter => "calendar-quarter",
                CalendarUnit::Year => "calendar-year",
            }),
        }
    }
}

/// Whole days as days: nobody says `4w2d` for 30 days.
fn days(ms: i64) -> String {
    const DAY: i64 = 86_400_000;
    if ms >= DAY && ms % DAY == 0 {
        return format!("{}d", ms / DAY);
    }
    format_duration(ms)
}
