//! SLOs whose objectives have indicators of their own: an SLO for each, and one of them all.

use super::indicator;
use super::objective::Entry;
use super::slo::Shared;
use crate::load::Placed;
use crate::spec::{Budgeting, Indicator, Part};

/// Reads it; `has_sli`: the SLO has an indicator as well.
pub(super) fn read(
    shared: &Shared<'_, '_>,
    entries: &[Entry<'_>],
    has_sli: bool,
) -> Option<Vec<Placed>> {
    let node = shared.object.spec.node();
    if has_sli {
        return node.problem("has an indicator, and so has an objective, expected one of them");
    }
    let mut placed = Vec::new();
    let mut parts = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let Some(sli) = indicator::find(&entry.keys, shared.objects)? else {
            let message = "has no indicator as others have, expected indicator or indicatorRef";
            return entry.keys.node().problem(message);
        };
        let mut slo = shared.slo(entry, &sli, Some(at))?;
        // Alerts are about the whole.
        slo.policies.clear();
        parts.push(Part {
            slo: slo.id.clone(),
            weight: entry.weight,
        });
        placed.push(Placed {
            slo,
            place: entry.keys.node().place(),
        });
    }
    let whole = whole(shared, entries, parts)?;
    placed.push(Placed {
        slo: whole,
        place: node.place(),
    });
    Some(placed)
}

/// The SLO of all parts. OpenSLO gives it no target of its own.
fn whole(
    shared: &Shared<'_, '_>,
    entries: &[Entry<'_>],
    parts: Vec<Part>,
) -> Option<crate::spec::Slo> {
    let weights: f64 = entries.iter().map(|entry| entry.weight).sum();
    let targets = entries
        .iter()
        .map(|entry| entry.weight * entry.objective.target);
    let first = entries.first()?.objective;
    let alike = entries
        .iter()
        .all(|entry| entry.objective.target == first.target);
    let target = if alike {
        first.target
    } else {
        targets.sum::<f64>() / weights
    };
    if !alike {
        shared.object.spec.node().note(format_args!(
            "the parts have different targets: the whole has their weighted mean, {target}"
        ));
    }
    let mut slo = shared.bare(None, target);
    slo.objective.budgeting = first.budgeting;
    if let Budgeting::Timeslices { good_from, .. } = &mut slo.objective.budgeting {
        // A bad slice of any part is bad.
        *good_from = 1.0;
    }
    slo.slice_ms = match first.budgeting {
        Budgeting::Occurrences => slo.slice_ms,
        Budgeting::Timeslices { slice_ms, .. } | Budgeting::RatioTimeslices { slice_ms } => {
            slo.slice_ms.min(slice_ms)
        }
    };
    slo.indicator = Indicator::Composite { parts };
    slo.policies = shared.policies();
    Some(slo)
}
