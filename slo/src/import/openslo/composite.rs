//! SLOs whose objectives have indicators of their own: an SLO for each, and one of them all.

use super::indicator;
use super::objective::Entry;
use super::slo::Shared;
use crate::load::Placed;
use crate::spec::{Budgeting, Indicator, Part, weighted_target};

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
    let targets = entries.iter();
    let targets: Vec<_> = targets.map(|e| (e.objective.target, e.weight)).collect();
    let first = entries.first()?.objective;
    let target = weighted_target(&targets)?;
    let alike = targets.iter().all(|(target, _)| *target == first.target);
    if !alike {
        shared.object.spec.node().note(format_args!(
            "the parts have different targets: the whole has their weighted mean, {target}"
        ));
    }
    let mut slo = shared.bare(None, target);
    slo.objective.budgeting = budgeting(entries, first.budgeting);
    if let Some(stretch_ms) = slo.objective.budgeting.stretch_ms() {
        slo.slice_ms = slo.slice_ms.min(stretch_ms);
    }
    slo.indicator = Indicator::Composite { parts };
    slo.policies = shared.policies();
    Some(slo)
}

/// The method of the whole: its slices are as long as the longest of its parts.
fn budgeting(entries: &[Entry<'_>], of_first: Budgeting) -> Budgeting {
    let lengths = entries.iter().map(|entry| entry.objective.budgeting);
    let longest = lengths.filter_map(Budgeting::stretch_ms).max();
    match (of_first, longest) {
        (Budgeting::Timeslices { .. }, Some(slice_ms)) => Budgeting::Timeslices {
            slice_ms,
            // A bad slice of any part is bad; which ones are each part says by its own target.
            good_from: 1.0,
        },
        (Budgeting::RatioTimeslices { .. }, Some(slice_ms)) => {
            Budgeting::RatioTimeslices { slice_ms }
        }
        (method, _) => method,
    }
}
