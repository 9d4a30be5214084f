//! A report as Markdown, for a ticket, a wiki or the comment of a pipeline: tables as GitHub draws them.

use std::fmt::Write as _;

use crate::outcome::{Outcome, State, Unit};
use crate::report::footnotes::footnotes;
use crate::report::html::numbered;
use crate::report::parts::{SHOWN, whole};
use crate::report::row::bad_share;
use crate::report::times::Times;
use crate::report::{Report, Row, SloReport, numbers, sentences};

/// More groups and incidents are in the other formats.
const ROWS_MAX: usize = 10;

/// Writes a report.
pub fn write(report: &Report) -> String {
    let times = Times(&report.zone);
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", escaped(&report.title));
    let _ = writeln!(out, "{}\n", sentences::lead(report));
    let _ = writeln!(
        out,
        "As of {}; times are in {}. Made {} by {}.\n",
        times.moment(report.at),
        escaped(&times.zone()),
        times.moment(report.made_at),
        escaped(&report.engine)
    );
    for note in &report.notes {
        let _ = writeln!(out, "{}\n", escaped(note));
    }
    summary(report, times, &mut out);
    for slo in report.worst_first() {
        section(slo, times, &mut out);
    }
    out
}

/// A table: a header and rows of texts that are Markdown already. Columns whose name begins with `#` are of numbers.
fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>, out: &mut String) {
    let names: Vec<&str> = header.iter().map(|h| h.trim_start_matches('#')).collect();
    let rules = header.iter().map(|h| match h.starts_with('#') {
        true => "--:",
        false => "---",
    });
    let _ = writeln!(out, "| {} |", names.join(" | "));
    let _ = writeln!(out, "|{}|", rules.collect::<Vec<_>>().join("|"));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

fn summary(report: &Report, times: Times<'_>, out: &mut String) {
    let header = [
        "State",
        "Promise",
        "#Target",
        "Window",
        "#Good",
        "#Budget left",
        "#Observed",
    ];
    let rows = report.worst_first().into_iter().flat_map(|slo| {
        slo.totals().map(move |outcome| {
            vec![
                state(outcome.state),
                escaped(&slo.title()),
                numbers::target(slo.slo.objective.target),
                times.window(outcome),
                attained(outcome.attained),
                numbers::share_or_none(whole(outcome).remaining()),
                numbers::attained(outcome.coverage),
            ]
        })
    });
    table(&header, rows, out);
}

fn section(slo: &SloReport, times: Times<'_>, out: &mut String) {
    let title = escaped(&slo.title());
    let _ = writeln!(out, "## {title}: {}\n", slo.state().as_str());
    if !slo.slo.description.is_empty() {
        let _ = writeln!(out, "{}\n", escaped(&slo.slo.description));
    }
    let promise = sentences::promise(&slo.slo);
    let standing = sentences::standing_of(slo, times);
    let _ = writeln!(out, "{promise} {standing}\n");
    incidents(slo, times, out);
    without_exclusions(slo, times, out);
    spenders(slo, out);
    groups(slo, out);
    history(slo, times, out);
    compared(slo, times, out);
    for note in footnotes(slo, times) {
        let _ = writeln!(out, "- {}", footnote(&note));
    }
    out.push('\n');
}

fn incidents(slo: &SloReport, times: Times<'_>, out: &mut String) {
    let numbered = numbered(&slo.incidents);
    if numbered.is_empty() {
        return;
    }
    let header = ["#No.", "Began", "#Lasted", "#Cost", "#Bad"];
    let unit = slo.main().map_or(Unit::Events, |o| o.budget.unit);
    let rows = numbered.iter().take(ROWS_MAX).map(|(number, incident)| {
        let length = incident.span.end.saturating_sub(incident.span.start);
        vec![
            number.to_string(),
            times.moment(incident.span.start),
            numbers::duration(length as f64),
            numbers::share(incident.cost),
            numbers::amount(incident.bad, unit),
        ]
    });
    out.push_str("Incidents, the costliest first:\n\n");
    table(&header, rows, out);
    omitted(numbered.len(), "incidents", out);
}

fn groups(slo: &SloReport, out: &mut String) {
    let groups = slo.main().map(|main| slo.groups(&main.window));
    let groups = groups.unwrap_or_default();
    if groups.is_empty() {
        return;
    }
    let header = [
        "State",
        "Group",
        "#Share of bad",
        "#Bad events",
        "#Good",
        "#Own budget left",
    ];
    let rows = groups.iter().take(ROWS_MAX).map(|group| {
        vec![
            state(group.state),
            code(&group.group.to_string()),
            numbers::share_or_none(bad_share(&Row::promised(slo, group))),
            numbers::count(group.counts.bad),
            attained(group.attained),
            numbers::share_or_none(whole(group).remaining()),
        ]
    });
    out.push_str("Groups, those with the most bad events first:\n\n");
    table(&header, rows, out);
    omitted(groups.len(), "groups", out);
}

/// With one label the groups say the same.
fn spenders(slo: &SloReport, out: &mut String) {
    if slo.grouped_by.len() < 2 || slo.spenders.is_empty() {
        return;
    }
    let header = [
        "Label",
        "#Share of bad",
        "#Share of all",
        "#Of the budget",
        "#Bad events",
        "#Good",
    ];
    let labels = slo.grouped_by.iter();
    let shown = labels.flat_map(|label| slo.spenders_by(label).take(SHOWN));
    let rows = shown.map(|spender| {
        vec![
            code(&spender.to_string()),
            numbers::share(spender.bad_share),
            numbers::share(spender.total_share),
            numbers::share_or_none(slo.cost(spender)),
            numbers::count(spender.bad),
            attained(spender.attained()),
        ]
    });
    out.push_str("Label by label, the values with the most bad events first:\n\n");
    table(&header, rows, out);
}

fn without_exclusions(slo: &SloReport, times: Times<'_>, out: &mut String) {
    if slo.without_exclusions.is_empty() {
        return;
    }
    let header = ["State", "Window", "Exclusions", "#Good", "#Budget left"];
    let both = slo.totals().zip(&slo.without_exclusions);
    let both = both.flat_map(|(with, without)| [("on", with), ("off", without)]);
    let rows = both.map(|(exclusions, outcome)| {
        vec![
            state(outcome.state),
            times.window(outcome),
            exclusions.to_owned(),
            attained(outcome.attained),
            numbers::share_or_none(whole(outcome).remaining()),
        ]
    });
    out.push_str("What exclusions changed:\n\n");
    table(&header, rows, out);
}

fn compared(slo: &SloReport, times: Times<'_>, out: &mut String) {
    if slo.compared.is_empty() {
        return;
    }
    let header = ["Method", "Window", "#Good", "#Budget left"];
    let promised = slo.totals().map(|outcome| (slo.counting(), outcome));
    let others = slo.compared.iter().map(|by| (by.counting, &by.outcome));
    let rows = promised.chain(others).map(|(counting, outcome)| {
        vec![
            counting.name().to_owned(),
            times.window(outcome),
            attained(outcome.attained),
            numbers::share_or_none(whole(outcome).remaining()),
        ]
    });
    let method = slo.counting().name();
    let _ = writeln!(
        out,
        "By other methods; the promise is judged by {method} alone:\n"
    );
    table(&header, rows, out);
}

fn omitted(all: usize, what: &str, out: &mut String) {
    if all > ROWS_MAX {
        let _ = writeln!(out, "And {} more {what}.\n", all - ROWS_MAX);
    }
}

fn history(slo: &SloReport, times: Times<'_>, out: &mut String) {
    if slo.history.is_empty() {
        return;
    }
    let header = ["State", "Period", "#Good", "#Budget left"];
    let rows = slo.history.iter().rev().map(|period: &Outcome| {
        let budget = whole(period);
        vec![
            state(period.state),
            times.window(period),
            attained(period.attained),
            numbers::share_or_none(budget.remaining()),
        ]
    });
    table(&header, rows, out);
}

fn attained(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| numbers::NONE.to_owned(), numbers::attained)
}

fn state(state: State) -> String {
    let sign = match state {
        State::Meeting => "✅",
        State::AtRisk => "⚠️",
        State::Blown => "❌",
        State::Unknown => "❔",
    };
    format!("{sign} {}", state.as_str())
}

/// Text that Markdown must take as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '>' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text as code within a table: fenced by more backticks than it has.
pub(crate) fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    match longest {
        0 => format!("{fence}{text}{fence}"),
        _ => format!("{fence} {text} {fence}"),
    }
}

/// A footnote: what stands in backticks stays code, all else is text.
fn footnote(note: &str) -> String {
    let parts = note.split('`').enumerate();
    let written = parts.map(|(i, part)| match i % 2 {
        0 => escaped(part),
        _ => format!("`{}`", part.replace(['\n', '\r'], " ")),
    });
    written.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_text() {
        assert_eq!(
            escaped("a|b\n# <img src=x> [x](y) `z`"),
            "a\\|b \\# &lt;img src=x\\> \\[x\\](y) \\`z\\`"
        );
        assert_eq!(code("{a=\"x`|``y\"}"), "``` {a=\"x`\\|``y\"} ```");
        assert_eq!(footnote("by `a_b` *x*"), "by `a_b` \\*x\\*");
    }
}
