//! All promises in one table, the worst first.

use maud::{Markup, html};

use crate::outcome::Outcome;
use crate::outcome::State;
use crate::report::parts::whole;
use crate::report::svg::bar::bar;
use crate::report::svg::icon::{class, icon};
use crate::report::times::{Times, window_length};
use crate::report::{SloReport, numbers, sentences};

/// Promises × windows.
pub(super) fn summary(slos: &[&SloReport], times: Times<'_>) -> Markup {
    let windows = windows(slos);
    html! {
        section aria-labelledby="summary" {
            h2 id="summary" { "All promises" }
            div.scroll {
                table.summary {
                    caption { "Worst first. Each cell says which share was good, and how much of the error budget of the whole window is left." }
                    thead {
                        tr {
                            th scope="col" { "State" }
                            th scope="col" { "Promise" }
                            th scope="col" .number { "Target" }
                            @for window in &windows { th scope="col" .window { (window) } }
                        }
                    }
                    tbody {
                        @for (i, slo) in slos.iter().enumerate() { (row(slo, i + 1, &windows, times)) }
                    }
                }
            }
        }
    }
}

/// All windows' names, in the order in which they come up.
fn windows(slos: &[&SloReport]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for outcome in slos.iter().flat_map(|slo| slo.totals()) {
        let name = window_length(&outcome.window);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn row(slo: &SloReport, number: usize, windows: &[String], times: Times<'_>) -> Markup {
    let of = |name: &String| {
        slo.totals()
            .find(|outcome| window_length(&outcome.window) == *name)
    };
    html! {
        tr {
            td { (chip(slo.state())) }
            th scope="row" { a href={ "#slo-" (number) } { (slo.title()) } }
            td.number { (numbers::target(slo.slo.objective.target)) }
            @for window in windows {
                @match of(window) {
                    Some(outcome) => (cell(outcome, times)),
                    None => td.window.muted { span.absent title="not promised over this window" { "–" } },
                }
            }
        }
    }
}

fn cell(outcome: &Outcome, times: Times<'_>) -> Markup {
    let remaining = whole(outcome).remaining();
    html! {
        td.window title=(times.span(outcome.span)) {
            span.attained {
                (outcome.attained.map_or_else(|| numbers::NONE.to_owned(), numbers::attained))
                @if outcome.state != State::Meeting { " " (icon(outcome.state)) span.hidden { (outcome.state.as_str()) } }
            }
            span.left { (bar(remaining, outcome.state)) " " (left(remaining)) }
            @if let Some(coverage) = sentences::coverage(outcome) { span.badge { (coverage) } }
        }
    }
}

/// What is left in words: `38 % left`, `12 % overspent`.
pub(super) fn left(remaining: Option<f64>) -> String {
    match remaining {
        None => numbers::NONE.to_owned(),
        Some(left) if left < 0.0 => format!("{} overspent", numbers::share(-left)),
        Some(left) => format!("{} left", numbers::share(left)),
    }
}

/// A state as a sign and a word.
pub(super) fn chip(state: State) -> Markup {
    html! { span class={ "chip " (class(state)) } { (icon(state)) " " (state.as_str()) } }
}
