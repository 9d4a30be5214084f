//! Composites: an objective for each part, with its indicator.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::{indicator, objective};
use crate::lost::Losses;
use crate::spec::{Budgeting, Part, Slo, weighted_target};
use crate::yaml::number;

/// The objectives of a composite, one of each part that can be written.
pub(super) fn objectives(
    slo: &Slo,
    by_id: &BTreeMap<&str, &Slo>,
    losses: &mut Losses<'_>,
) -> Vec<Value> {
    let (mut written, mut targets) = (Vec::new(), Vec::new());
    for part in slo.parts() {
        let of = by_id.get(part.slo.as_str()).copied();
        if let Some((of, value)) = one(slo, part, of, losses) {
            targets.push((of.objective.target, part.weight));
            written.push(value);
        }
    }
    let target = weighted_target(&targets);
    if target.is_some_and(|target| target != slo.objective.target) {
        losses.say(
            "objective.target",
            "OpenSLO gives composites none: the weighted mean of the parts' targets is read",
        );
    }
    written
}

fn one<'s>(
    whole: &Slo,
    part: &Part,
    of: Option<&'s Slo>,
    losses: &mut Losses<'_>,
) -> Option<(&'s Slo, Value)> {
    let Some(of) = of else {
        losses.say(
            "indicator.composite",
            format_args!("{} is not among the SLOs: left out", part.slo),
        );
        return None;
    };
    let Some(indicator) = indicator::indicator(of, losses) else {
        losses.say(
            "indicator.composite",
            format_args!("{} is a composite itself: left out", part.slo),
        );
        return None;
    };
    let Value::Mapping(mut objective) = objective(of, method(whole, of, losses)) else {
        return None;
    };
    objective.insert("displayName".into(), part.slo.as_str().into());
    objective.insert("indicator".into(), indicator);
    objective.insert("compositeWeight".into(), number(part.weight));
    Some((of, Value::Mapping(objective)))
}

/// The method of the whole for a part, for all of an SLO have the same in OpenSLO.
fn method(whole: &Slo, part: &Slo, losses: &mut Losses<'_>) -> Budgeting {
    let (of_whole, of_part) = (whole.objective.budgeting, part.objective.budgeting);
    let mut say = |what: &str| {
        losses.say("indicator.composite", format_args!("{}: {what}", part.id));
    };
    let is_as_long = of_part
        .stretch_ms()
        .is_none_or(|ms| Some(ms) == of_whole.stretch_ms());
    match (of_whole, of_part) {
        (Budgeting::Occurrences, Budgeting::Occurrences) => {}
        (Budgeting::Occurrences, _) => say("its events count, not stretches of time"),
        (Budgeting::Timeslices { .. }, Budgeting::Timeslices { .. }) if is_as_long => {
            return of_part;
        }
        (Budgeting::RatioTimeslices { .. }, Budgeting::Timeslices { .. }) => {
            say("what was good of a slice counts, not whether it is a good one");
        }
        _ if !is_as_long => say("judged by the slices of the whole, not by shorter ones"),
        _ => {}
    }
    of_whole
}
