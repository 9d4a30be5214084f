//! Which time a window is, and which of it does not count.

mod calendar;
mod exclusions;
mod rrule;

pub use calendar::{Periods, WindowSpan, window_at};
pub use exclusions::{excluded, occurrences};
pub use rrule::Rule;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use narthex_model::{Error, Result, TimestampMs};

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
