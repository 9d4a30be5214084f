//! What must hold of SLOs whatever format they were written in, and of all together: each id once, composites of SLOs that are there,
//! and nothing that is longer than anybody means.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::{Error, format_duration};
use narthex_settings::nearest;

use super::Placed;
use crate::spec::{LONGEST_MS, Policy, Trigger};

/// Everything that is wrong.
pub(super) fn problems(slos: &[Placed]) -> Vec<Error> {
    let mut errors = Vec::new();
    let mut by_id = BTreeMap::new();
    for placed in slos {
        let id = placed.slo.id.as_str();
        if let Some(before) = by_id.insert(id, placed) {
            let message = format!(
                "{}: id: \"{id}\" stands at {} already, expected another one",
                placed.place, before.place
            );
            errors.push(Error::invalid(message));
        }
    }
    for placed in slos {
        errors.extend(composite(placed, &by_id).map(Error::invalid));
        errors.extend(lengths(placed).map(Error::invalid));
    }
    errors
}

/// The first length that sums of times would not bear.
fn lengths(placed: &Placed) -> Option<String> {
    let slo = &placed.slo;
    let windows = slo.windows.iter().map(|w| ("windows", w.nominal_ms()));
    let exclusions = slo.exclusions.iter().map(|e| ("exclusions", e.duration_ms));
    let policies = slo.policies.iter();
    let policies = policies.flat_map(|p| of_policy(p).into_iter().map(|ms| ("policies", ms)));
    let mut all = windows.chain(exclusions).chain(policies);
    let (field, ms) = all.find(|(_, ms)| *ms > LONGEST_MS)?;
    let (place, length) = (&placed.place, format_duration(ms));
    Some(format!(
        "{place}: {field}: {length} is longer than ten years, expected at most that"
    ))
}

fn of_policy(policy: &Policy) -> Vec<i64> {
    let mut all = vec![policy.for_ms, policy.keep_firing_ms];
    match &policy.trigger {
        Trigger::Burn { tiers, .. } => {
            all.extend(tiers.iter().flat_map(|tier| [tier.long_ms, tier.short_ms]));
        }
        Trigger::Drop { within_ms, .. } | Trigger::Coverage { within_ms, .. } => {
            all.push(*within_ms);
        }
        Trigger::ExhaustedWithin(ms) => all.push(*ms),
        Trigger::Spent(_) => {}
    }
    all
}

fn composite(placed: &Placed, by_id: &BTreeMap<&str, &Placed>) -> Option<String> {
    for part in parts(placed) {
        if !by_id.contains_key(part) {
            let meant = nearest(part, by_id.keys().copied());
            let meant = meant.map_or(String::new(), |id| format!(", did you mean \"{id}\"?"));
            let place = &placed.place;
            return Some(format!(
                "{place}: composite: there is no SLO \"{part}\"{meant}"
            ));
        }
    }
    let id = placed.slo.id.as_str();
    let mut seen = BTreeSet::new();
    let mut next = parts(placed);
    while let Some(part) = next.pop() {
        if part == id {
            let place = &placed.place;
            return Some(format!("{place}: composite: \"{id}\" is a part of itself"));
        }
        if seen.insert(part) {
            next.extend(
                by_id
                    .get(part)
                    .map(|placed| parts(placed))
                    .unwrap_or_default(),
            );
        }
    }
    None
}

fn parts(placed: &Placed) -> Vec<&str> {
    let parts = placed.slo.parts().iter();
    parts.map(|part| part.slo.as_str()).collect()
}
