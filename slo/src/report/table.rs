//! A report as a table for the terminal: a line per window, the worst SLO first.

use comfy_table::{CellAlignment, Table, presets};

use crate::outcome::{Outcome, State};
use crate::report::parts::burn_word;
use crate::report::parts::whole;
use crate::report::times::Times;
use crate::report::{Report, SloReport, numbers, sentences};

const HEADER: [&str; 9] = [
    "", "SLO", "target", "window", "good", "left", "spent", "burn", "observed",
];

/// Writes a report.
pub fn write(report: &Report) -> String {
    let times = Times(&report.zone);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(HEADER);
    for slo in report.worst_first() {
        for (i, outcome) in slo.totals().enumerate() {
            table.add_row(row(slo, outcome, i == 0, times));
        }
        if slo.main().is_none() {
            table.add_row([state(State::Unknown), &plain(&slo.slo.id)]);
        }
    }
    for column in [2, 4, 5, 6, 7, 8] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    let at = times.moment(report.at);
    format!("{}\nAs of {at}.\n\n{lines}", sentences::lead(report))
}

fn row(slo: &SloReport, outcome: &Outcome, first: bool, times: Times<'_>) -> [String; 9] {
    let budget = whole(outcome);
    let burn = match outcome.burn_rate {
        Some(rate) => numbers::factor(rate),
        None => burn_word(outcome).to_owned(),
    };
    // An SLO's name and target stand once.
    let once = |text: String| if first { text } else { String::new() };
    [
        state(outcome.state).to_owned(),
        once(plain(&slo.slo.id)),
        once(numbers::target(slo.slo.objective.target)),
        times.window(outcome),
        outcome
            .attained
            .map_or_else(|| numbers::NONE.to_owned(), numbers::attained),
        numbers::share_or_none(budget.remaining()),
        numbers::amount(budget.spent, budget.unit),
        burn,
        numbers::attained(outcome.coverage),
    ]
}

fn state(state: State) -> &'static str {
    match state {
        State::Meeting => "✓ meeting",
        State::AtRisk => "! at risk",
        State::Blown => "✗ blown",
        State::Unknown => "? unknown",
    }
}

/// A text that does nothing to a terminal.
fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
