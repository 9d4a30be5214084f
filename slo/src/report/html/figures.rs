//! Pictures with what is needed to read them.

use maud::{Markup, html};
use narthex_model::TimeRange;

use crate::report::html::Part;
use crate::report::svg::burn_down::{Picture, burn_down};
use crate::report::svg::heat_map::{self, Heat, cells};
use crate::report::times::window_length;
use crate::report::{Drawn, numbers};
use crate::time::excluded;

/// How the budget was spent, one picture per window.
pub(super) fn burn_downs(part: &Part<'_>) -> Markup {
    html! {
        @for (i, drawn) in part.slo.burn_downs.iter().enumerate() { (one(part, drawn, i)) }
    }
}

fn one(part: &Part<'_>, drawn: &Drawn, place: usize) -> Markup {
    let down = &drawn.down;
    let numbered = super::numbered(&part.slo.incidents);
    let outcome = part.slo.totals().find(|o| o.window == drawn.window);
    // A rule that cannot be read has been refused before; here it only leaves out bands.
    let excluded = excluded(&part.slo.slo.exclusions, down.span);
    let excluded: Vec<TimeRange> =
        excluded.map_or_else(|_| Vec::new(), |spans| spans.iter().collect());
    let picture = Picture {
        drawn,
        excluded: &excluded,
        incidents: &numbered,
        outcome,
        times: part.times,
        id: part.id(&format!("burn-down-{place}")),
    };
    html! {
        figure {
            figcaption {
                h3 { "How the error budget was spent: " (outcome.map_or_else(|| window_length(&drawn.window), |o| part.times.window(o))) }
                p.legend {
                    "100 % is the whole budget of the window, " (numbers::amount(down.allowed, down.unit)) ". "
                    span.key { svg.sample viewBox="0 0 24 10" width="24" height="10" aria-hidden="true" { line.pace x1="0" y1="5" x2="24" y2="5" {} } " even pace" } " "
                    @if !part.slo.incidents.is_empty() {
                        span.key { svg.sample viewBox="0 0 14 12" width="14" height="12" aria-hidden="true" { rect.incident width="14" height="12" {} } " incident, with its number" } " "
                    }
                    @if !drawn.unobserved().is_empty() {
                        span.key { svg.sample viewBox="0 0 14 12" width="14" height="12" aria-hidden="true" { rect.band.unobserved width="14" height="12" {} } " not observed" } " "
                    }
                    @if !excluded.is_empty() {
                        span.key { svg.sample viewBox="0 0 14 12" width="14" height="12" aria-hidden="true" { rect.band.excluded width="14" height="12" {} } " excluded" } " "
                    }
                    @if outcome.is_some_and(|o| o.projected.is_some()) {
                        span.key { svg.sample viewBox="0 0 24 10" width="24" height="10" aria-hidden="true" { line.projected x1="0" y1="5" x2="24" y2="5" {} } " at the same pace to the end" }
                    }
                }
            }
            div.scroll { (burn_down(&picture)) }
        }
    }
}

/// Hour by hour.
pub(super) fn heat_map(part: &Part<'_>) -> Markup {
    let Some(map) = part
        .slo
        .heat_map
        .as_ref()
        .filter(|map| !map.days.is_empty())
    else {
        return html! {};
    };
    html! {
        figure {
            figcaption {
                h3 { "When it was spent: hour by hour" }
                p.legend {
                    "Each cell is an hour, each column a day. How fast the budget burnt: "
                    @for heat in Heat::ALL {
                        span.key { svg.sample viewBox="0 0 14 12" width="14" height="12" aria-hidden="true" {
                            rect class=(heat.class()) width="14" height="12" {}
                            @if heat == Heat::Fastest { circle.heat-dot cx="7" cy="6" r="2" {} }
                        } " " (heat.meaning()) } " "
                    }
                    @if cells(map).any(|c| c.attained.is_none() && c.coverage < 0.5) {
                        span.key { svg.sample viewBox="0 0 14 12" width="14" height="12" aria-hidden="true" { rect fill="url(#unobserved)" width="14" height="12" {} } " not observed" } " "
                    }
                    @if cells(map).any(|c| c.attained.is_none() && c.coverage >= 0.5) {
                        span.key { svg.sample viewBox="0 0 14 12" width="14" height="12" aria-hidden="true" { rect.heat-quiet width="14" height="12" {} } " no events" }
                    }
                }
            }
            div.scroll { (heat_map::heat_map(map, part.slo.slo.objective.target, &part.id("heat-map"))) }
        }
    }
}
