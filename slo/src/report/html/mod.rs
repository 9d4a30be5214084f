//! A report as one HTML file: no script, nothing fetched, to be read on a screen, on paper or aloud.

mod figures;
mod glossary;
mod groups;
mod incidents;
mod periods;
mod section;
mod spenders;
mod summary;
mod tiles;
mod windows;

pub(crate) use incidents::numbered;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::times::Times;
use crate::report::{Report, SloReport, sentences, svg};

/// Colours, letters, and what changes on paper.
const STYLE: &str = include_str!("style.css");

/// Writes a report.
pub fn write(report: &Report) -> String {
    let times = Times(&report.zone);
    let slos = report.worst_first();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(report.engine);
                title { (report.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (svg::patterns())
                header { (opening(report, times)) }
                main {
                    (summary::summary(&slos, times))
                    @for (i, slo) in slos.iter().enumerate() {
                        (section::section(&Part { slo, times, number: i + 1 }))
                    }
                    (glossary::glossary())
                }
                footer { (closing(report, times)) }
            }
        }
    };
    page.into_string()
}

/// What the sections of an SLO are made of.
struct Part<'a> {
    slo: &'a SloReport,
    times: Times<'a>,
    /// Its place in the report, from 1.
    number: usize,
}

impl Part<'_> {
    /// The name of one of its elements within the page.
    fn id(&self, name: &str) -> String {
        format!("slo-{}-{name}", self.number)
    }
}

fn opening(report: &Report, times: Times<'_>) -> Markup {
    html! {
        h1 { (report.title) }
        p.lead { (sentences::lead(report)) }
        p.meta {
            "As of " strong { (times.moment(report.at)) } ". All times are in " strong { (times.zone()) } "."
            @if let Some(data) = report.data { " Data from " (times.span(data)) "." }
        }
        @for note in &report.notes { p.meta { (note) } }
    }
}

fn closing(report: &Report, times: Times<'_>) -> Markup {
    html! {
        p { "Made " (times.moment(report.made_at)) " by " (report.engine) "." }
    }
}
