//! What must hold of all SLOs together: each id once, and composites of SLOs that are there.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::Error;
use narthex_settings::nearest;

use super::Placed;

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
    }
    errors
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
