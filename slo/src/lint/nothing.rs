//! Selectors that match nothing, and why.

use super::Findings;
use super::observed::{Matched, Observed, questions};
use crate::spec::{Indicator, Selector, Slo, Which};

/// So many values of a label are told.
const VALUES_MAX: usize = 5;

pub(super) fn lint(slo: &Slo, answers: &Observed, findings: &mut Findings<'_>) {
    for (selector, matched) in questions(slo).series.iter().zip(&answers.series) {
        if matched.series > 0 {
            continue;
        }
        let why = why(selector, matched);
        // A label that is nowhere is hardly what an error brings along.
        let has_label = !matches!(&matched.at_fault, Some((_, values)) if values.is_empty());
        if matched.of_metric > 0 && has_label && is_errors(slo, selector) {
            findings.say(
                "no-errors-yet",
                format_args!("{selector} matches nothing: {why}; fine if there was no error yet"),
            );
        } else {
            let message = format_args!("{selector} matches nothing: {why}");
            findings.say("matches-nothing", message);
        }
    }
}

/// Whether it is errors that are told apart by it.
fn is_errors(slo: &Slo, selector: &Selector) -> bool {
    match &slo.indicator {
        Indicator::Events { some, which, .. } => {
            *which == Which::Bad && some.0.iter().any(|s| s == selector)
        }
        _ => false,
    }
}

fn why(selector: &Selector, matched: &Matched) -> String {
    let Some(metric) = selector.metric() else {
        return "no series has had these labels; look at the name and the labels".to_owned();
    };
    let series = match matched.of_metric {
        0 => return format!("no series has the name {metric}; look at how it is written"),
        1 => format!("{metric} has one series"),
        n => format!("{metric} has {n} series"),
    };
    match &matched.at_fault {
        Some((label, values)) if values.is_empty() => {
            format!("{series}, without a label {label}")
        }
        Some((label, values)) => format!("{series}, {label} is {}", list(values)),
        None => format!("{series}, none with all of these labels"),
    }
}

/// `"a"`, `"b"` and three others.
fn list(values: &[String]) -> String {
    let told = values.iter().take(VALUES_MAX).map(|v| format!("{v:?}"));
    let told = told.collect::<Vec<_>>().join(", ");
    match values.len().saturating_sub(VALUES_MAX) {
        0 => told,
        1 => format!("{told} or one other"),
        more => format!("{told} or {more} others"),
    }
}
