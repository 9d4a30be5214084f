//! When the budget was spent fast, and what that cost.

use maud::{Markup, html};

use crate::outcome::{Incident, Unit};
use crate::report::html::Part;
use crate::report::numbers;

/// Smaller ones than so many are added up.
const ROWS_MAX: usize = 20;

/// The costliest first, each with its number in order of time.
pub(crate) fn numbered(incidents: &[Incident]) -> Vec<(usize, &Incident)> {
    let mut by_time: Vec<&Incident> = incidents.iter().collect();
    by_time.sort_by_key(|incident| incident.span.start);
    let mut numbered: Vec<_> = by_time.into_iter().zip(1..).map(|(i, n)| (n, i)).collect();
    numbered.sort_by(|(_, a), (_, b)| b.cost.total_cmp(&a.cost));
    numbered
}

/// The table of incidents.
pub(super) fn incidents(part: &Part<'_>) -> Markup {
    let numbered = numbered(&part.slo.incidents);
    let window = part.slo.main().map(|o| part.times.window(o));
    let unit = part.slo.main().map_or(Unit::Events, |o| o.budget.unit);
    let rest = numbered.get(ROWS_MAX..).unwrap_or_default();
    html! {
        @if !numbered.is_empty() {
            h3 { "Incidents" }
            div.scroll {
                table {
                    caption { "The costliest first. Cost is the share of the whole error budget"
                        @if let Some(window) = window { " (" (window) ")" } "." }
                    thead { tr {
                        th scope="col" .number { "No." }
                        th scope="col" { "Began" }
                        th scope="col" .number { "Lasted" }
                        th scope="col" .number { "Cost" }
                        th scope="col" .number { @if unit == Unit::Minutes { "Bad time" } @else { "Bad events" } }
                        th scope="col" .number { "Peak burn rate" }
                    } }
                    tbody { @for (number, incident) in numbered.iter().take(ROWS_MAX) { (row(*number, incident, unit, part)) } }
                }
            }
            @if !rest.is_empty() {
                p.more { (rest.len()) " smaller ones cost " (numbers::share(rest.iter().map(|(_, i)| i.cost).sum())) " together." }
            }
        }
    }
}

fn row(number: usize, incident: &Incident, unit: Unit, part: &Part<'_>) -> Markup {
    let length = incident.span.end.saturating_sub(incident.span.start) as f64;
    html! {
        tr {
            th scope="row" .number { (number) }
            td { (part.times.moment(incident.span.start)) }
            td.number { (numbers::duration(length)) @if incident.ongoing { span.under { "goes on" } } }
            td.number { strong { (numbers::share(incident.cost)) } }
            td.number { (numbers::amount_alone(incident.bad, unit)) }
            td.number { (numbers::factor(incident.peak_burn)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::TimeRange;

    use super::*;

    #[test]
    fn numbers_follow_time_and_order_follows_cost() {
        let incident = |start, cost| Incident {
            span: TimeRange::new(start, start + 1),
            bad: 1.0,
            cost,
            peak_burn: 1.0,
            ongoing: false,
        };
        let incidents = [incident(30, 0.1), incident(10, 0.2), incident(20, 0.3)];
        let numbers: Vec<usize> = numbered(&incidents).iter().map(|(n, _)| *n).collect();
        assert_eq!(numbers, [2, 1, 3]);
    }
}
