//! The last calendar periods: a picture and its numbers.

use maud::{Markup, html};

use crate::outcome::Outcome;
use crate::report::html::Part;
use crate::report::html::summary::{chip, left};
use crate::report::numbers;
use crate::report::parts::whole;
use crate::report::svg::bar::bar;
use crate::report::svg::history::history;

/// Both, oldest first in the picture, latest first in the table.
pub(super) fn periods(part: &Part<'_>) -> Markup {
    let periods = &part.slo.history;
    html! {
        @if !periods.is_empty() {
            figure {
                figcaption {
                    h3 { "Period by period" }
                    p.legend { "How much of its error budget each period spent. Above 100 % the promise was broken." }
                }
                div.scroll { (history(periods, part.times, &part.id("history"))) }
            }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "Period" }
                        th scope="col" .number { "Good" }
                        th scope="col" .number { "Spent" }
                        th scope="col" .number { "Allowed" }
                        th scope="col" { "Budget" }
                        th scope="col" .number { "Observed" }
                        th scope="col" { "State" }
                    } }
                    tbody { @for period in periods.iter().rev() { (row(period, part)) } }
                }
            }
        }
    }
}

fn row(period: &Outcome, part: &Part<'_>) -> Markup {
    let budget = whole(period);
    html! {
        tr {
            th scope="row" { (part.times.window(period)) }
            td.number { (period.attained.map_or_else(|| numbers::NONE.to_owned(), numbers::attained)) }
            td.number { (numbers::amount(budget.spent, budget.unit)) }
            td.number { (numbers::amount(budget.allowed, budget.unit)) }
            td { (bar(budget.remaining(), period.state)) " " (left(budget.remaining())) }
            td.number { (numbers::attained(period.coverage)) }
            td { (chip(period.state)) }
        }
    }
}
