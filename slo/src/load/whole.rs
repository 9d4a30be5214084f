//! What must hold of SLOs whatever format they were written in, and of all together: each id once, composites of SLOs that are there,
//! and nothing that is longer than anybody means.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::{Error, format_duration};
use narthex_settings::nearest;

use super::Placed;
use crate::spec::{LONGEST_MS, Part, Policy, Trigger};

/// So many levels of composites of composites are more than anybody reads.
const DEPTH_MAX: usize = 8;

type ById<'p> = BTreeMap<&'p str, &'p Placed>;

/// Everything that is wrong.
pub(super) fn problems(slos: &[Placed]) -> Vec<Error> {
    let mut errors = Vec::new();
    let mut by_id = ById::new();
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
        if placed.slo.is_composite() {
            errors.extend(composite(placed, &by_id).map(Error::invalid));
        }
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

/// What is wrong with what a composite is made of.
fn composite(placed: &Placed, by_id: &ById<'_>) -> Option<String> {
    let place = &placed.place;
    let wrong = unknown_part(placed, by_id)
        .or_else(|| depth_problem(placed, by_id))
        .or_else(|| odd_part(placed, by_id))?;
    Some(format!("{place}: composite: {wrong}"))
}

fn unknown_part(placed: &Placed, by_id: &ById<'_>) -> Option<String> {
    let mut parts = placed.slo.parts().iter().map(|part| part.slo.as_str());
    let part = parts.find(|part| !by_id.contains_key(part))?;
    let meant = nearest(part, by_id.keys().copied());
    let meant = meant.map_or(String::new(), |id| format!(", did you mean \"{id}\"?"));
    Some(format!("there is no SLO \"{part}\"{meant}"))
}

/// Made of itself, or of too many others of others.
fn depth_problem(placed: &Placed, by_id: &ById<'_>) -> Option<String> {
    let id = placed.slo.id.as_str();
    let mut level = BTreeSet::from([id]);
    for _ in 0..=DEPTH_MAX {
        let parts = level.iter().filter_map(|id| by_id.get(id));
        let parts = parts.flat_map(|of| of.slo.parts());
        level = parts.map(|part| part.slo.as_str()).collect();
        if level.contains(id) {
            return Some(format!("\"{id}\" is a part of itself"));
        }
        if level.is_empty() {
            return None;
        }
    }
    Some(format!(
        "\"{id}\" is made of composites of composites, expected at most {DEPTH_MAX} levels of them"
    ))
}

/// A part whose slices do not make up the stretches of the whole.
fn odd_part(placed: &Placed, by_id: &ById<'_>) -> Option<String> {
    let stretch_ms = placed.slo.objective.budgeting.stretch_ms()?;
    let mut seen = BTreeSet::new();
    let mut next: Vec<&Part> = placed.slo.parts().iter().collect();
    while let Some(part) = next.pop() {
        let Some(part) = by_id.get(part.slo.as_str()).map(|placed| &placed.slo) else {
            continue;
        };
        let by_events = part.objective.budgeting.stretch_ms().is_none();
        if by_events && part.is_composite() {
            // Its slices are those of its own parts.
            let is_new = seen.insert(part.id.as_str());
            next.extend(part.parts().iter().filter(|_| is_new));
        } else if stretch_ms % part.judged_ms() != 0 {
            let (id, stretch) = (&part.id, format_duration(stretch_ms));
            let slice = format_duration(part.judged_ms());
            return Some(format!(
                "\"{id}\" is judged by slices of {slice}, which do not make up those of {stretch}, expected objective.slice to be a multiple of {slice}"
            ));
        }
    }
    None
}
