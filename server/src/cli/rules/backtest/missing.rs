//! Alerts that read what recording rules of the same files record, if the store has none of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use narthex_engine::Engine;
use narthex_model::{METRIC_NAME, Matcher, Result, TimeRange, TimestampMs};
use narthex_rules::Reads;
use narthex_rules::file::{GroupSpec, RuleSpec};

use crate::times::format_time;

/// Says on standard error which recorded metrics are not there, and what to do.
///
/// # Errors
/// The store cannot be read.
pub(super) fn tell(
    groups: &[GroupSpec],
    engine: &Engine,
    files: &[PathBuf],
    start: TimestampMs,
    end: TimestampMs,
) -> Result<()> {
    let mut is_any = false;
    for (metric, alerts) in read_by_alerts(groups) {
        let matchers = [Matcher::equal(METRIC_NAME, metric)];
        let range = TimeRange::inclusive(start, end);
        if engine.snapshot().select(&matchers, range)?.is_empty() {
            is_any = true;
            eprintln!(
                "note: {} depends on {metric}, which these files record and the store does not have at that time",
                alerts.join(", ")
            );
        }
    }
    if is_any {
        let files: Vec<_> = files.iter().map(|f| f.display().to_string()).collect();
        eprintln!(
            "next: narthex rules backfill {} --storage.path … --start {} --end {}",
            files.join(" "),
            format_time(start),
            format_time(end)
        );
    }
    Ok(())
}

/// Recorded metrics that alerts need, by way of other recorded metrics, too, with the names of the alerts.
fn read_by_alerts(groups: &[GroupSpec]) -> BTreeMap<&str, Vec<&str>> {
    let rules = || groups.iter().flat_map(|group| &group.rules);
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for alert in rules().filter(|rule| rule.alert().is_some()) {
        let mut open: Vec<&RuleSpec> = vec![alert];
        while let Some(reader) = open.pop() {
            let recording = rules().filter(|rule| rule.alert().is_none());
            for rule in recording.filter(|rule| reader.reads(&rule.name) == Reads::Named) {
                let alerts = found.entry(&rule.name).or_default();
                if !alerts.contains(&alert.name.as_str()) {
                    alerts.push(&alert.name);
                    open.push(rule);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use narthex_rules::file::{LoadOptions, parse};

    use super::*;

    #[test]
    fn by_way_of_others_too() {
        let text = "groups: [{name: g, rules: [{record: a, expr: x}, {record: b, expr: a + b}, {record: c, expr: x}, \
                    {alert: A, expr: b > 1}, {alert: B, expr: a > 1}, {alert: C, expr: x > 1}]}]";
        let groups = parse(text, "f", &LoadOptions::default()).expect("valid");
        let found = read_by_alerts(&groups);
        let expected = BTreeMap::from([("a", vec!["A", "B"]), ("b", vec!["A"])]);
        assert_eq!(found, expected);
    }
}
