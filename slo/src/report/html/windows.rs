//! Tables of numbers: window by window, method by method, and how fast the budget burns.

use maud::{Markup, html};

use crate::outcome::{Counting, Outcome, Unit};
use crate::report::html::Part;
use crate::report::html::summary::{chip, left};
use crate::report::parts::whole;
use crate::report::svg::bar::bar;
use crate::report::times::Times;
use crate::report::{BurnRate, numbers};

/// All windows, raw beside adjusted.
pub(super) fn windows(part: &Part<'_>) -> Markup {
    let adjusted = !part.slo.slo.exclusions.is_empty();
    html! {
        @if part.slo.main().is_some() {
            h3 { "Window by window" }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "Window" }
                        th scope="col" .number { "Good" }
                        @if adjusted { th scope="col" .number { "If nothing were excluded" } }
                        th scope="col" .number { @if by_time(part) { "Bad time" } @else { "Bad events" } }
                        th scope="col" .number { "Allowed" }
                        th scope="col" { "Budget" }
                        th scope="col" .number { "Observed" }
                        th scope="col" { "State" }
                    } }
                    tbody { @for outcome in part.slo.totals() { (row(outcome, part.times, adjusted)) } }
                }
            }
        }
    }
}

fn by_time(part: &Part<'_>) -> bool {
    (part.slo.main()).is_some_and(|outcome| outcome.budget.unit == Unit::Minutes)
}

fn row(outcome: &Outcome, times: Times<'_>, adjusted: bool) -> Markup {
    let budget = whole(outcome);
    html! {
        tr {
            th scope="row" { (times.window(outcome)) span.under { (times.day(outcome.span.start)) " – " (times.day(outcome.span.end)) } }
            td.number { (attained(outcome.attained)) (bounds(outcome)) }
            @if adjusted { td.number { (attained(outcome.raw_attained)) } }
            td.number { (numbers::amount_alone(budget.spent, budget.unit)) }
            td.number { (numbers::amount_alone(budget.allowed, budget.unit)) }
            td { (bar(budget.remaining(), outcome.state)) " " (left(budget.remaining()))
                @if outcome.projected.is_some() {
                    span.under { "for the time so far: " (left(outcome.budget.remaining())) }
                }
            }
            td.number { (numbers::attained(outcome.coverage)) }
            td { (chip(outcome.state)) }
        }
    }
}

fn attained(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| numbers::NONE.to_owned(), numbers::attained)
}

fn bounds(outcome: &Outcome) -> Markup {
    html! {
        @if let Some((low, high)) = outcome.bounds {
            span.under { (numbers::attained(low)) " – " (numbers::attained(high)) }
        }
    }
}

/// What exclusions changed, where that was asked for.
pub(super) fn without_exclusions(part: &Part<'_>) -> Markup {
    let slo = part.slo;
    html! {
        @if !slo.without_exclusions.is_empty() {
            h3 { "What exclusions changed" }
            div.scroll {
                table {
                    caption { "Each window as it is judged, and as it would be if nothing were excluded." }
                    thead { tr {
                        th scope="col" { "Window" }
                        th scope="col" { "Exclusions" }
                        th scope="col" .number { "Good" }
                        th scope="col" .number { @if by_time(part) { "Bad time" } @else { "Bad events" } }
                        th scope="col" { "Budget" }
                        th scope="col" { "State" }
                    } }
                    tbody {
                        @for (with, without) in slo.totals().zip(&slo.without_exclusions) {
                            (excluding("on", with, part.times))
                            (excluding("off", without, part.times))
                        }
                    }
                }
            }
        }
    }
}

fn excluding(exclusions: &str, outcome: &Outcome, times: Times<'_>) -> Markup {
    let budget = whole(outcome);
    html! {
        tr {
            th scope="row" { (times.window(outcome)) }
            td { (exclusions) }
            td.number { (attained(outcome.attained)) }
            td.number { (numbers::amount_alone(budget.spent, budget.unit)) }
            td { (bar(budget.remaining(), outcome.state)) " " (left(budget.remaining())) }
            td { (chip(outcome.state)) }
        }
    }
}

/// The same by other methods, for those who got another number elsewhere.
pub(super) fn compared(part: &Part<'_>) -> Markup {
    let slo = part.slo;
    html! {
        @if !slo.compared.is_empty() {
            h3 { "By other methods" }
            div.scroll {
                table {
                    caption { "The same data counted otherwise. The promise is judged by " (slo.counting().name()) " alone."
                        @if slo.compared.iter().any(|other| other.counting == Counting::MeanOfRatios) {
                            " mean-of-5m-ratios is what rules of Prometheus say that average recorded ratios of five minutes, as Sloth's do."
                        }
                    }
                    thead { tr {
                        th scope="col" { "Method" }
                        th scope="col" { "Window" }
                        th scope="col" .number { "Good" }
                        th scope="col" { "Budget" }
                    } }
                    tbody {
                        @for outcome in slo.totals() { (by_method(slo.counting().name(), outcome, part.times)) }
                        @for other in &slo.compared { (by_method(other.counting.name(), &other.outcome, part.times)) }
                    }
                }
            }
        }
    }
}

fn by_method(method: &str, outcome: &Outcome, times: Times<'_>) -> Markup {
    html! {
        tr {
            th scope="row" { (method) }
            td { (times.window(outcome)) }
            td.number { (attained(outcome.attained)) }
            td { (bar(whole(outcome).remaining(), outcome.state)) " " (left(whole(outcome).remaining())) }
        }
    }
}

/// Pairs of windows, as alerts look at them.
pub(super) fn burn_rates(part: &Part<'_>) -> Markup {
    html! {
        @if !part.slo.burn_rates.is_empty() {
            h3 { "How fast the budget burns now" }
            div.scroll {
                table {
                    caption { "Somebody is told when the long window burns too fast and the short one says that it still does." }
                    thead { tr {
                        th scope="col" { "Now" }
                        th scope="col" .number { "Long window" }
                        th scope="col" .number { "Short window" }
                        th scope="col" .number { "Too fast above" }
                        th scope="col" { "Leads to" }
                    } }
                    tbody { @for pair in &part.slo.burn_rates { (pair_row(pair)) } }
                }
            }
        }
    }
}

fn pair_row(pair: &BurnRate) -> Markup {
    let rate = |rate: Option<f64>, ms: i64| {
        let rate = rate.map_or_else(|| numbers::NONE.to_owned(), numbers::factor);
        format!("{rate} over {}", numbers::duration(ms as f64))
    };
    html! {
        tr {
            th scope="row" { (pair.word()) }
            td.number { (rate(pair.long, pair.long_ms)) }
            td.number { (rate(pair.short, pair.short_ms)) }
            td.number { (numbers::factor(pair.threshold)) }
            td { (pair.severity) }
        }
    }
}
