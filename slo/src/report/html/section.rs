//! All that is said of one promise.

use maud::{Markup, html};

use crate::report::footnotes::footnotes;
use crate::report::html::summary::chip;
use crate::report::html::{Part, figures, groups, incidents, periods, spenders, tiles, windows};
use crate::report::sentences;

/// The section of an SLO: from what everybody asks for to what experts want.
pub(super) fn section(part: &Part<'_>) -> Markup {
    let slo = &part.slo.slo;
    html! {
        section.slo id={ "slo-" (part.number) } aria-labelledby=(part.id("name")) {
            div.heading {
                h2 id=(part.id("name")) { (part.slo.title()) }
                (chip(part.slo.state()))
            }
            @if !slo.description.is_empty() { p { (slo.description) } }
            p.promise { strong { "Promise: " } (sentences::promise(slo)) " " (sentences::standing_of(part.slo, part.times)) }
            (labels(part))
            (tiles::tiles(part))
            (windows::windows(part))
            (windows::without_exclusions(part))
            (figures::burn_downs(part))
            (figures::heat_map(part))
            (incidents::incidents(part))
            (spenders::spenders(part))
            (groups::groups(part))
            (periods::periods(part))
            (windows::compared(part))
            (windows::burn_rates(part))
            div.notes {
                h3 { "How these numbers came about" }
                ul { @for note in &footnotes(part.slo, part.times) { li { (with_code(note.as_str())) } } }
            }
        }
    }
}

fn labels(part: &Part<'_>) -> Markup {
    html! {
        @if !part.slo.slo.labels.is_empty() {
            p.labels {
                @for (name, value) in &part.slo.slo.labels { span.label-pair { (name) ": " (value) } " " }
            }
        }
    }
}

/// A text in which code stands in backticks.
fn with_code(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
