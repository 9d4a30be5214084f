//! What a report says in whole sentences, for readers who never saw the tool.

use crate::outcome::{Outcome, State, Unit};
use crate::report::order::severity;
use crate::report::parts::whole;
use crate::report::times::{Times, window_length};
use crate::report::{Report, SloReport, numbers};
use crate::spec::{Budgeting, Slo, Window};

/// How many promises there are and how they stand.
pub(crate) fn lead(report: &Report) -> String {
    let standing = |state| report.slos.iter().filter(|s| s.state() == state).count();
    let parts = [
        (State::Blown, "broken"),
        (State::AtRisk, "at risk"),
        (State::Meeting, "kept"),
        (State::Unknown, "unknown for want of data"),
    ];
    let parts = parts.map(|(state, word)| (standing(state), word));
    let said: Vec<String> = (parts.iter().filter(|(n, _)| *n > 0))
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    match report.slos.len() {
        0 => "No promise is measured.".to_owned(),
        1 => format!("One promise is measured: {}.", said.join(", ")),
        n => format!("{n} promises are measured: {}.", said.join(", ")),
    }
}

/// What is promised.
pub(crate) fn promise(slo: &Slo) -> String {
    let target = numbers::target(slo.objective.target);
    let over = list(&slo.windows.iter().map(over).collect::<Vec<_>>());
    match slo.objective.budgeting {
        Budgeting::Occurrences => format!("{target} of all events should be good, {over}."),
        Budgeting::Timeslices {
            slice_ms,
            good_from,
        } => format!(
            "{target} of all {} stretches should be good, {over}. A stretch is good if at least {} of its events are.",
            adjective(slice_ms),
            numbers::target(good_from),
        ),
        Budgeting::RatioTimeslices { slice_ms } => format!(
            "On average over all {} stretches, {target} of the events of each should be good, {over}.",
            adjective(slice_ms),
        ),
    }
}

/// `5-minute`
fn adjective(ms: i64) -> String {
    const MINUTE: i64 = 60_000;
    match ms % MINUTE {
        0 => format!("{}-minute", ms / MINUTE),
        _ => format!("{}-second", ms / 1000),
    }
}

fn over(window: &Window) -> String {
    match window {
        Window::Rolling(_) => format!("over the last {}", window_length(window)),
        Window::Calendar(_) => format!("in every {}", window_length(window)),
    }
}

fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How a window stands.
pub(crate) fn standing(outcome: &Outcome, times: Times<'_>) -> String {
    let window = times.window(outcome);
    let Some(attained) = outcome.attained else {
        return format!("Nothing was counted in {}.", article(&window));
    };
    let attained = numbers::attained(attained);
    let word = match outcome.state {
        State::Meeting => "Kept",
        State::AtRisk => "Kept so far, but at risk",
        State::Blown => "Broken",
        State::Unknown => "Too little was observed to tell",
    };
    format!(
        "{word}: {attained} was good in {}. {}",
        article(&window),
        budget(outcome)
    )
}

/// A rolling window needs an article, a period's name does not.
fn article(window: &str) -> String {
    match window.starts_with("last") {
        true => format!("the {window}"),
        false => window.to_owned(),
    }
}

/// What was allowed and what was spent.
fn budget(outcome: &Outcome) -> String {
    let budget = whole(outcome);
    let allowed = numbers::amount(budget.allowed, budget.unit);
    let spent = numbers::amount(budget.spent, budget.unit);
    let Some(left) = budget.remaining() else {
        return "Nothing could be bad yet.".to_owned();
    };
    let kind = match budget.unit {
        Unit::Events => "bad",
        Unit::Minutes => "of bad time",
    };
    let left = match left < 0.0 {
        true => format!("{} more than the whole budget", numbers::share(-left)),
        false => format!("{} of the budget is left", numbers::share(left)),
    };
    match budget.unit {
        Unit::Events => {
            format!("The budget allows {allowed} to be {kind}; {spent} were: {left}.")
        }
        Unit::Minutes => format!("The budget allows {allowed} {kind}; there were {spent}: {left}."),
    }
}

/// How much an SLO's missing bits matter, for the badge beside a number: `None` if all was observed.
pub(crate) fn coverage(outcome: &Outcome) -> Option<String> {
    (outcome.coverage < 0.9995).then(|| format!("{} observed", numbers::attained(outcome.coverage)))
}

/// How the first window stands, and which window is worse than that.
pub(crate) fn standing_of(slo: &SloReport, times: Times<'_>) -> String {
    let Some(main) = slo.main() else {
        return "Nothing was measured.".to_owned();
    };
    let worse: Vec<String> = (slo.totals())
        .filter(|o| severity(o.state) > severity(main.state))
        .map(|o| format!("{} is {}", times.window(o), o.state.as_str()))
        .collect();
    match worse.is_empty() {
        true => standing(main, times),
        false => format!("{} But {}.", standing(main, times), list(&worse)),
    }
}
