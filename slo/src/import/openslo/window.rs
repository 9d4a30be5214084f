//! The time window of an SLO.

use jiff::civil::DateTime;
use narthex_settings::{Keys, Node};

use super::duration::{Duration, length};
use crate::native::{check_date, check_zone};
use crate::spec::{Calendar, CalendarUnit, Rolling, Weekday, Window};
use crate::time::DAY_MS;

/// The value of `timeWindow`: a list of one.
pub(super) fn read(slo: &Keys<'_>) -> Option<Window> {
    let Some(node) = slo.get("timeWindow") else {
        slo.node()
            .note("timeWindow is missing: read as the last 30 days");
        return Some(Window::Rolling(Rolling { ms: 30 * DAY_MS }));
    };
    let list = node.list()?;
    let [one] = list.as_slice() else {
        return node.problem(format_args!("{} windows, expected exactly one", list.len()));
    };
    let keys = one.keys(&["duration", "isRolling", "calendar"])?;
    let is_rolling = match keys.get("isRolling") {
        Some(node) => node.truth()?,
        None => !keys.has("calendar"),
    };
    let duration = keys.need_as("duration", "a duration such as 4w or 1M")?;
    if !is_rolling {
        return calendar(&keys, &duration).map(Window::Calendar);
    }
    if let Some(node) = keys.get("calendar") {
        return node.problem("stands beside isRolling: true, expected one of them");
    }
    let ms = length(&duration)?;
    Some(Window::Rolling(Rolling { ms }))
}

fn calendar(keys: &Keys<'_>, duration: &Node<'_>) -> Option<Calendar> {
    let node = keys.need_as("calendar", "startTime and timeZone")?;
    let calendar = node.keys(&["startTime", "timeZone"])?;
    let start = calendar.need_as("startTime", "a date and time such as 2020-01-21 12:30:00");
    let start = start.and_then(|node| Some((date(&node)?, node)));
    let zone_node = calendar.need_as("timeZone", "a name such as Europe/Berlin")?;
    let zone = zone_node.text()?;
    if let Err(message) = check_zone(&zone) {
        return zone_node.problem(message);
    }
    let unit = unit(duration)?;
    let (start, node) = start?;
    let period = Calendar {
        unit,
        zone,
        week_start: week_start(unit, start),
        first_month: first_month(unit, start),
    };
    let whole_day = start.time() == jiff::civil::Time::midnight();
    let begins = match unit {
        CalendarUnit::Day | CalendarUnit::Week => whole_day,
        CalendarUnit::Month | CalendarUnit::Quarter | CalendarUnit::Year => {
            whole_day && start.day() == 1
        }
    };
    if !begins {
        node.note("periods begin at midnight, those of months at the first of a month");
    }
    Some(period)
}

fn date(node: &Node<'_>) -> Option<DateTime> {
    match check_date(&node.text()?) {
        Ok(text) => text.parse().ok(),
        Err(message) => node.problem(message),
    }
}

fn unit(node: &Node<'_>) -> Option<CalendarUnit> {
    let duration = Duration::read(node)?;
    match (duration.count, duration.unit) {
        (1, 'd') | (24, 'h') => Some(CalendarUnit::Day),
        (1, 'w') | (7, 'd') => Some(CalendarUnit::Week),
        (1, 'M') => Some(CalendarUnit::Month),
        (1, 'Q') | (3, 'M') => Some(CalendarUnit::Quarter),
        (1, 'Y') | (12, 'M') | (4, 'Q') => Some(CalendarUnit::Year),
        (1, 'm') => {
            // OpenSLO's own examples write it so.
            node.note("1m is a minute: read as 1M, a month");
            Some(CalendarUnit::Month)
        }
        _ => node.expected("a period of the calendar: 1d, 1w, 1M, 1Q or 1Y"),
    }
}

/// Weeks begin with the day of the first.
fn week_start(unit: CalendarUnit, start: DateTime) -> Weekday {
    use jiff::civil::Weekday as Day;
    if unit != CalendarUnit::Week {
        return Weekday::Monday;
    }
    match start.weekday() {
        Day::Monday => Weekday::Monday,
        Day::Tuesday => Weekday::Tuesday,
        Day::Wednesday => Weekday::Wednesday,
        Day::Thursday => Weekday::Thursday,
        Day::Friday => Weekday::Friday,
        Day::Saturday => Weekday::Saturday,
        Day::Sunday => Weekday::Sunday,
    }
}

/// Years begin with the month of the first; of quarters every third month is as good.
fn first_month(unit: CalendarUnit, start: DateTime) -> i8 {
    match unit {
        CalendarUnit::Year => start.month(),
        CalendarUnit::Quarter => (start.month() - 1) % 3 + 1,
        CalendarUnit::Day | CalendarUnit::Week | CalendarUnit::Month => 1,
    }
}
