//! Values that several keys have: fractions, zones, dates, names.

use jiff::civil::DateTime;
use narthex_settings::{Keys, Node};

use crate::spec::{Selector, from_percent};
use crate::time::{self, Rule};

/// The zone where none is said.
pub(super) const UTC: &str = "UTC";

/// A fraction, written as `75%` or as 0 to 1.
pub(super) fn fraction(node: &Node<'_>) -> Option<f64> {
    let text = node
        .value()
        .as_str()
        .and_then(|text| text.strip_suffix('%'));
    let found = match text {
        Some(percent) => percent.trim().parse().ok().map(from_percent),
        None => node.value().as_f64(),
    };
    match found.filter(|fraction| (0.0..=1.0).contains(fraction)) {
        Some(fraction) => Some(fraction),
        None => node.expected("a fraction such as 75% or 0.75"),
    }
}

/// A length of time above 0 in seconds, written as `300ms` or as a number.
pub(super) fn seconds(node: &Node<'_>) -> Option<f64> {
    match node
        .value()
        .as_str()
        .and_then(|text| narthex_model::parse_duration(text).ok())
    {
        // Of whole milliseconds, so that 300 of them are 0.3 and nothing near it.
        Some(ms) if ms > 0 => format!("{ms}e-3").parse().ok(),
        _ => node.number(),
    }
}

/// The value of `zone`, if there is one.
pub(super) fn zone(keys: &Keys<'_>) -> Option<String> {
    zone_of(&keys.get("zone")?)
}

pub(super) fn zone_of(node: &Node<'_>) -> Option<String> {
    let name = node.text()?;
    match check_zone(&name) {
        Ok(()) => Some(name),
        Err(message) => node.problem(message),
    }
}

/// Whether a name is that of a zone.
///
/// # Errors
/// What is wrong with it.
pub fn check_zone(name: &str) -> Result<(), String> {
    let found = time::zone(name).map(|_| ());
    found.map_err(|_| {
        format!("there is no zone \"{name}\", expected a name such as Europe/Berlin or UTC")
    })
}

/// A date and time without zone, as `2026-03-29T02:00:00`; a blank for the T will do, and the time may be missing.
///
/// # Errors
/// What is wrong with it.
pub fn check_date(text: &str) -> Result<String, String> {
    let date = text.trim().replacen(' ', "T", 1);
    let has_zone = date.ends_with(['Z', 'z']);
    match date.parse::<DateTime>() {
        Ok(date) if !has_zone => Ok(date.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        _ => Err(format!(
            "\"{text}\" is no date and time, expected one without zone such as 2026-03-29T02:00:00"
        )),
    }
}

/// Whether a text is an RRULE.
///
/// # Errors
/// What is wrong with it.
pub fn check_rrule(text: &str) -> Result<(), String> {
    let read = Rule::parse(text).map(|_| ());
    read.map_err(|message| format!("{message}; expected a rule such as FREQ=WEEKLY;BYDAY=SU"))
}

/// A selector.
pub(super) fn selector(node: &Node<'_>) -> Option<Selector> {
    let text = node.text()?;
    match Selector::parse(&text) {
        Ok(selector) => Some(selector),
        Err(message) => node.problem(format_args!(
            "\"{text}\": {message}, expected a selector such as http_requests_total{{code=~\"5..\"}}"
        )),
    }
}

/// Whether a text may be an id: letters, digits, `-`, `_` and `.`, a letter or digit first, at most 200. Folders are named so.
pub(crate) fn is_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    begins && text.len() <= 200 && text.chars().all(allowed)
}

/// What is wrong with an id.
pub(crate) fn id_problem(text: &str) -> String {
    format!(
        "\"{text}\" is no id, expected letters, digits, -, _ and ., beginning with a letter or digit"
    )
}

/// Names of labels.
pub(super) fn label_names(nodes: &[Node<'_>]) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for node in nodes {
        let name = node.text()?;
        if name.is_empty() || name == narthex_model::METRIC_NAME {
            return node.expected("the name of a label");
        }
        if names.contains(&name) {
            return node.problem(format_args!("\"{name}\" stands twice"));
        }
        names.push(name);
    }
    Some(names)
}
