//! Which group spent the budget.

use maud::{Markup, html};

use crate::outcome::Outcome;
use crate::report::html::Part;
use crate::report::html::summary::{chip, left};
use crate::report::numbers;
use crate::report::parts::whole;
use crate::report::svg::bar::bar;

/// More are in the other formats.
const ROWS_MAX: usize = 20;

/// The groups of the first window, those that spent most first.
pub(super) fn groups(part: &Part<'_>) -> Markup {
    let Some(all) = part.slo.main() else {
        return html! {};
    };
    let groups = part.slo.groups(&all.window);
    let more = groups.len().saturating_sub(ROWS_MAX);
    html! {
        @if !groups.is_empty() {
            h3 { "By " (part.slo.grouped_by.join(", ")) }
            div.scroll {
                table {
                    caption { "Who spent the budget (" (part.times.window(all)) "): those with the most bad events first. Each group's own budget is beside it." }
                    thead { tr {
                        th scope="col" { "Group" }
                        th scope="col" .number { "Share of bad" }
                        th scope="col" .number { "Bad events" }
                        th scope="col" .number { "All events" }
                        th scope="col" .number { "Good" }
                        th scope="col" { "Own budget" }
                        th scope="col" { "State" }
                    } }
                    tbody { @for group in groups.iter().take(ROWS_MAX) { (row(group, all)) } }
                }
            }
            @if more > 0 {
                p.more { (more) " more groups are in the report's CSV, JSON and Parquet." }
            }
        }
    }
}

fn row(group: &Outcome, all: &Outcome) -> Markup {
    let share = (all.counts.bad > 0.0).then(|| group.counts.bad / all.counts.bad);
    html! {
        tr {
            th scope="row" { code { (group.group.to_string()) } }
            td.number { strong { (numbers::share_or_none(share)) } }
            td.number { (numbers::count(group.counts.bad)) }
            td.number { (numbers::count(group.counts.total)) }
            td.number { (group.attained.map_or_else(|| numbers::NONE.to_owned(), numbers::attained)) }
            td { (bar(whole(group).remaining(), group.state)) " " (left(whole(group).remaining())) }
            td { (chip(group.state)) }
        }
    }
}
