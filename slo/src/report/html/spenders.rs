//! Which values of labels spent the budget.

use maud::{Markup, html};

use crate::outcome::Spender;
use crate::report::html::Part;
use crate::report::numbers;
use crate::report::parts::SHOWN;

/// The values of each label, those that spent most first. With one label the groups say the same.
pub(super) fn spenders(part: &Part<'_>) -> Markup {
    let slo = part.slo;
    let Some(all) = slo.main().filter(|_| slo.grouped_by.len() > 1) else {
        return html! {};
    };
    html! {
        h3 { "Label by label" }
        div.scroll {
            table {
                caption {
                    "Which values of its labels the bad events had (" (part.times.window(all)) "), those with the most first; what was spent \
                     of the whole budget is divided as they are."
                }
                thead { tr {
                    th scope="col" { "Label" }
                    th scope="col" .number { "Share of bad" }
                    th scope="col" .number { "Share of all" }
                    th scope="col" .number { "Of the budget" }
                    th scope="col" .number { "Bad events" }
                    th scope="col" .number { "Good" }
                } }
                @for label in &slo.grouped_by {
                    tbody { @for spender in slo.spenders_by(label).take(SHOWN) { (row(part, spender)) } }
                }
            }
        }
        (more(part))
    }
}

fn row(part: &Part<'_>, spender: &Spender) -> Markup {
    let good = spender.attained();
    html! {
        tr {
            th scope="row" { code { (spender.to_string()) } }
            td.number { strong { (numbers::share(spender.bad_share)) } }
            td.number { (numbers::share(spender.total_share)) }
            td.number { (numbers::share_or_none(part.slo.cost(spender))) }
            td.number { (numbers::count(spender.bad)) }
            td.number { (good.map_or_else(|| numbers::NONE.to_owned(), numbers::attained)) }
        }
    }
}

fn more(part: &Part<'_>) -> Markup {
    let labels = part.slo.grouped_by.iter();
    let left_out = labels.map(|label| part.slo.spenders_by(label).skip(SHOWN).count());
    let left_out: usize = left_out.sum();
    html! {
        @if left_out > 0 { p.more { (left_out) " more values are in the report's JSON." } }
    }
}
