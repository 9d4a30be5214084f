//! Stretches of time that cost budget.

use narthex_model::TimeRange;

use super::{Meter, View};
use crate::outcome::Incident;

/// What is an incident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IncidentRule {
    /// It costs at least this fraction of the window's budget.
    pub min_cost: f64,
    /// It is not over before it was good for longer than this, in milliseconds.
    pub join_ms: i64,
}

impl Default for IncidentRule {
    fn default() -> Self {
        Self {
            min_cost: 0.01,
            join_ms: 5 * 60_000,
        }
    }
}

/// The incidents in `span`, in order: runs of slices, or stretches, in which more was bad than the target allows, that cost enough of the
/// budget of `span`. Slices in which nothing was counted neither end nor prolong them.
pub fn incidents(meter: &Meter, span: TimeRange, rule: IncidentRule) -> Vec<Incident> {
    let of_span = meter.errors(span, View::Adjusted).1 * (1.0 - meter.objective().target);
    costing(meter, span, rule, of_span)
}

/// The same, where the budget is `allowed` events or stretches, whatever was counted in `span`.
pub(crate) fn costing(
    meter: &Meter,
    span: TimeRange,
    rule: IncidentRule,
    allowed: f64,
) -> Vec<Incident> {
    let step = meter
        .stretch_ms()
        .unwrap_or(meter.slice_ms())
        .max(meter.slice_ms());
    let mut found = Vec::new();
    let mut run: Option<Run> = None;
    let mut start = span.intersection(&meter.known()).start.div_euclid(step) * step;
    while start < span.end.min(meter.known().end) {
        let slice = TimeRange::new(start, start + step);
        start = slice.end;
        let Some(burn) = meter.burn_rate(slice, View::Adjusted) else {
            continue;
        };
        if burn > 1.0 {
            let open = run.get_or_insert(Run {
                span: slice,
                peak: burn,
            });
            open.span.end = slice.end;
            open.peak = open.peak.max(burn);
        } else if let Some(over) = run.take_if(|run| slice.end - run.span.end > rule.join_ms) {
            found.push(over.incident(meter, allowed, false));
        }
    }
    found.extend(run.map(|run| run.incident(meter, allowed, true)));
    found.retain(|incident| incident.cost >= rule.min_cost);
    found
}

struct Run {
    span: TimeRange,
    peak: f64,
}

impl Run {
    fn incident(&self, meter: &Meter, allowed: f64, ongoing: bool) -> Incident {
        let (bad, all) = meter.errors(self.span, View::Adjusted);
        Incident {
            span: self.span,
            bad: meter.budget_of(bad, all).spent,
            cost: if allowed > 0.0 { bad / allowed } else { 0.0 },
            peak_burn: self.peak,
            ongoing,
        }
    }
}
