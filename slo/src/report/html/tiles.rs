//! The numbers that are looked at first, of the first window.

use maud::{Markup, html};

use crate::outcome::{Outcome, State, Unit};
use crate::report::html::Part;
use crate::report::html::summary::left;
use crate::report::numbers;
use crate::report::parts::{burn_word, whole};
use crate::report::svg::bar::bar;

/// Attained, left, speed, time to the end, coverage.
pub(super) fn tiles(part: &Part<'_>) -> Markup {
    let Some(outcome) = part.slo.main() else {
        return html! {};
    };
    html! {
        dl.tiles aria-label=(part.times.window(outcome)) {
            (tile("Was good", &attained(outcome), &attained_more(part, outcome), None))
            (tile("Error budget", &left(whole(outcome).remaining()), &budget(part, outcome), Some(bar(whole(outcome).remaining(), outcome.state))))
            (tile("Burn rate, last hour", &speed(outcome), &speed_more(part, outcome), None))
            (tile("Budget lasts", &countdown(outcome), &pace(outcome), None))
            (tile("Observed", &numbers::attained(outcome.coverage), &coverage(part, outcome), None))
        }
    }
}

fn tile(name: &str, value: &str, more: &str, picture: Option<Markup>) -> Markup {
    html! {
        div.tile {
            dt { (name) }
            dd.value { (value) }
            @if let Some(picture) = picture { dd.picture { (picture) } }
            dd.more { (more) }
        }
    }
}

fn attained(outcome: &Outcome) -> String {
    match (outcome.attained, outcome.bounds) {
        (None, _) => numbers::NONE.to_owned(),
        (Some(attained), _) => numbers::attained(attained),
    }
}

fn attained_more(part: &Part<'_>, outcome: &Outcome) -> String {
    let target = numbers::target(part.slo.slo.objective.target);
    let window = part.times.window(outcome);
    let bounds = outcome.bounds.map(|(low, high)| {
        let (low, high) = (numbers::attained(low), numbers::attained(high));
        format!("; surely {low} to {high}")
    });
    format!("{window}; target {target}{}", bounds.unwrap_or_default())
}

/// In the budget's unit, and as time without any service.
fn budget(part: &Part<'_>, outcome: &Outcome) -> String {
    let budget = whole(outcome);
    let spent = numbers::amount(budget.spent, budget.unit);
    let allowed = numbers::amount(budget.allowed, budget.unit);
    let spent = format!("{spent} spent of {allowed}");
    let Some(remaining) = budget.remaining().filter(|_| budget.unit == Unit::Events) else {
        return spent;
    };
    let length = outcome.ends_at.saturating_sub(outcome.span.start) as f64;
    let outage = remaining * (1.0 - part.slo.slo.objective.target) * length;
    match remaining < 0.0 {
        true => format!(
            "{spent}; overspent like {} of full outage",
            numbers::duration(-outage)
        ),
        false => format!(
            "{spent}; the rest is like {} of full outage",
            numbers::duration(outage)
        ),
    }
}

fn speed(outcome: &Outcome) -> String {
    outcome
        .burn_rate
        .map_or_else(|| numbers::NONE.to_owned(), numbers::factor)
}

/// The word of the pair of windows that says the worst, or of the last hour.
fn speed_more(part: &Part<'_>, outcome: &Outcome) -> String {
    let said = |word: &str| part.slo.burn_rates.iter().any(|b| b.word() == word);
    let words = ["critical", "increasing", "recovering"];
    let word = words.into_iter().find(|word| said(word));
    let word = word.unwrap_or_else(|| burn_word(outcome));
    format!("{word}; at 1× the budget lasts the whole window")
}

/// How long what is left will last.
fn countdown(outcome: &Outcome) -> String {
    match outcome.exhausted_in_ms {
        _ if whole(outcome).remaining().is_some_and(|left| left < 0.0) => "is gone".to_owned(),
        Some(ms) => numbers::duration(ms as f64),
        None if outcome.state == State::Unknown => numbers::NONE.to_owned(),
        None => "to the end".to_owned(),
    }
}

/// How long a whole budget would last.
fn pace(outcome: &Outcome) -> String {
    let length = outcome.ends_at.saturating_sub(outcome.span.start) as f64;
    match outcome.burn_rate {
        Some(rate) if rate > 0.0 => format!(
            "at the last hour's pace; a whole budget would last {}",
            numbers::duration(length / rate)
        ),
        Some(_) => "nothing bad happened in the last hour".to_owned(),
        None => "the pace is unknown".to_owned(),
    }
}

fn coverage(part: &Part<'_>, outcome: &Outcome) -> String {
    let length = outcome.span.end.saturating_sub(outcome.span.start) as f64;
    let lost = (1.0 - outcome.coverage) * length;
    let floor = numbers::target(part.slo.slo.missing.coverage_floor);
    match lost >= 1000.0 {
        true => format!("{} was not; unknown below {floor}", numbers::duration(lost)),
        false => "of the time".to_owned(),
    }
}
