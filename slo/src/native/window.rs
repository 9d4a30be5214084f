//! Windows and exclusions, in our own format.

use narthex_model::parse_duration;
use narthex_settings::Node;

use super::fields::Fields;
use super::value::{check_date, check_rrule, zone};
use crate::spec::{Calendar, CalendarUnit, Exclusion, LONGEST_MS, Rolling, Weekday, Window};

/// The words of calendar periods.
pub(super) const UNITS: [(&str, CalendarUnit); 5] = [
    ("day", CalendarUnit::Day),
    ("week", CalendarUnit::Week),
    ("month", CalendarUnit::Month),
    ("quarter", CalendarUnit::Quarter),
    ("year", CalendarUnit::Year),
];

/// The days of the week.
pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

const EXPECTED: &str = "a duration such as 30d, or calendar-day, -week, -month, -quarter or -year";

/// `window: 30d` or `windows: [30d, calendar-month]`.
pub(super) fn windows(fields: &Fields<'_>, zone: &str) -> Option<Vec<Window>> {
    let own = fields.own();
    if let (Some(_), Some(node)) = (own.get("window"), own.get("windows")) {
        return node.problem("stands beside window, expected one of them");
    }
    let nearest = |key| own.get(key);
    let node = nearest("window")
        .or_else(|| nearest("windows"))
        .or_else(|| fields.get("window"))
        .or_else(|| fields.get("windows"));
    let Some(node) = node else {
        return own.need_as("window", EXPECTED).and(None);
    };
    let nodes = node.list_or_one();
    if nodes.is_empty() {
        return node.expected("at least one window");
    }
    let read: Vec<_> = nodes.iter().map(|node| window(node, zone)).collect();
    let windows: Vec<_> = read.into_iter().collect::<Option<_>>()?;
    for (at, window) in windows.iter().enumerate() {
        if windows.iter().take(at).any(|before| before == window) {
            return nodes
                .get(at)?
                .problem(format_args!("{window} stands twice"));
        }
    }
    Some(windows)
}

fn window(node: &Node<'_>, zone: &str) -> Option<Window> {
    if node.value().is_mapping() {
        return period(node, zone);
    }
    let text = node.text()?;
    if let Some(word) = text.strip_prefix("calendar-") {
        let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == word) else {
            return node.expected(EXPECTED);
        };
        return Some(Window::Calendar(calendar(*unit, zone)));
    }
    match parse_duration(&text) {
        Ok(ms) if ms > 0 && ms <= LONGEST_MS => Some(Window::Rolling(Rolling { ms })),
        Ok(_) => node.problem(format_args!(
            "\"{text}\", expected more than nothing and at most ten years"
        )),
        Err(_) => node.expected(EXPECTED),
    }
}

/// A calendar period that begins as usual.
pub(crate) fn calendar(unit: CalendarUnit, zone: &str) -> Calendar {
    Calendar {
        unit,
        zone: zone.to_owned(),
        week_start: Weekday::Monday,
        first_month: 1,
    }
}

fn period(node: &Node<'_>, outer: &str) -> Option<Window> {
    let keys = node.keys(&["calendar", "zone", "week_start", "first_month"])?;
    let unit = keys.need_as("calendar", "day, week, month, quarter or year");
    let unit = unit.and_then(|node| node.one_of(&UNITS));
    let zone = match keys.has("zone") {
        true => zone(&keys),
        false => Some(outer.to_owned()),
    };
    let mut period = calendar(unit?, &zone?);
    if let Some(node) = keys.get("week_start") {
        if period.unit != CalendarUnit::Week {
            return node.problem("means nothing here, expected it with calendar: week");
        }
        period.week_start = node.one_of(&DAYS)?;
    }
    if let Some(node) = keys.get("first_month") {
        if !matches!(period.unit, CalendarUnit::Quarter | CalendarUnit::Year) {
            return node.problem("means nothing here, expected it with calendar: quarter or year");
        }
        let month = node
            .value()
            .as_i64()
            .filter(|month| (1..=12).contains(month));
        let Some(month) = month.and_then(|month| i8::try_from(month).ok()) else {
            return node.expected("the number of a month, 1 to 12");
        };
        period.first_month = month;
    }
    Some(Window::Calendar(period))
}

/// A list of exclusions.
pub(super) fn exclusions(nodes: &[Node<'_>], zone: &str) -> Option<Vec<Exclusion>> {
    let read: Vec<_> = nodes.iter().map(|node| exclusion(node, zone)).collect();
    read.into_iter().collect()
}

fn exclusion(node: &Node<'_>, outer: &str) -> Option<Exclusion> {
    let keys = node.keys(&["name", "start", "zone", "duration", "rrule"])?;
    let start = keys.need_as("start", "a date and time such as 2026-03-29T02:00:00");
    let start = start.and_then(|node| match check_date(&node.text()?) {
        Ok(date) => Some(date),
        Err(message) => node.problem(message),
    });
    let duration = keys.need_as("duration", "a duration such as 2h");
    let duration = duration.and_then(|node| node.duration());
    let zone = match keys.has("zone") {
        true => zone(&keys),
        false => Some(outer.to_owned()),
    };
    let rrule = match keys.get("rrule") {
        Some(node) => Some(rrule(&node)?),
        None => None,
    };
    Some(Exclusion {
        name: keys.text_or_empty("name"),
        start: start?,
        zone: zone?,
        duration_ms: duration?,
        rrule,
    })
}

fn rrule(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let rule = text.strip_prefix("RRULE:").unwrap_or(&text);
    match check_rrule(rule) {
        Ok(()) => Some(rule.to_owned()),
        Err(message) => node.problem(message),
    }
}
