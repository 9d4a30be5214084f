//! Which time a window is, and which of it does not count.

mod calendar;
mod exclusions;
mod rrule;

pub use calendar::{Periods, WindowSpan, window_at};
pub use exclusions::excluded;
pub use rrule::Rule;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use narthex_model::{Error, Result, TimestampMs};

/// A minute, in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// An hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A day, but for those when clocks change.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// The zone of an IANA name, from the database that is built in.
///
/// # Errors
/// If there is none.
pub fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        Error::invalid(format!(
            "unknown time zone {name:?}: want an IANA name such as Europe/Berlin"
        ))
    })
}

fn timestamp(t: TimestampMs) -> Result<Timestamp> {
    Timestamp::from_millisecond(t)
        .map_err(|_| Error::invalid(format!("the time {t} is beyond all calendars")))
}
