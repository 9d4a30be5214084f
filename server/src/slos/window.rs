//! Windows as people write them.

use narthex_model::{Error, Result};
use narthex_slo::spec::{Calendar, CalendarUnit, LONGEST_MS, Rolling, Weekday, Window};

/// A window as people write it: `30d`, `calendar-month`.
///
/// # Errors
/// `Invalid` for anything else.
pub(crate) fn window(text: &str, zone: &str) -> Result<Window> {
    let unit = match text.strip_prefix("calendar-") {
        Some("day") => CalendarUnit::Day,
        Some("week") => CalendarUnit::Week,
        Some("month") => CalendarUnit::Month,
        Some("quarter") => CalendarUnit::Quarter,
        Some("year") => CalendarUnit::Year,
        _ => {
            let expected = format!(
                "{text:?} is no window: expected a duration of at most ten years such as 30d, or calendar-day, -week, -month, -quarter or -year"
            );
            let ms = narthex_model::parse_duration(text)
                .ok()
                .filter(|ms| (1..=LONGEST_MS).contains(ms));
            let ms = ms.ok_or_else(|| Error::invalid(expected))?;
            return Ok(Window::Rolling(Rolling { ms }));
        }
    };
    Ok(Window::Calendar(Calendar {
        unit,
        zone: zone.to_owned(),
        week_start: Weekday::Monday,
        first_month: 1,
    }))
}
