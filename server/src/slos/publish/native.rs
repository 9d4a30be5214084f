//! Series under our own names.

use narthex_model::Labels;
use narthex_slo::budget::{Meter, View};
use narthex_slo::outcome::{Outcome, State};

use super::{LabelMap, Series, WINDOWS, with_group};
use crate::slos::Known;

/// Everything about one SLO.
pub(super) fn push(known: &Known, series: &mut Series) {
    let slo = &known.placed.slo;
    let own: LabelMap = [("slo", &slo.id), ("service", &slo.service)]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into();
    let mut info = own.clone();
    for (name, value) in &slo.labels {
        info.entry(name.clone()).or_insert_with(|| value.clone());
    }
    series.push("narthex_slo_info", &info, &[("name", &slo.name)], 1.0);
    series.push("narthex_slo_objective", &own, &[], slo.objective.target);
    push_burn_rates(known, &own, &Labels::empty(), known.book.all(), series);
    for (group, meter) in known.book.groups() {
        push_burn_rates(known, &own, group, meter, series);
    }
    for window in &slo.windows {
        // A zone that is not known was refused with the spec.
        let outcomes = known.book.outcomes(window, known.at).unwrap_or_default();
        for outcome in outcomes {
            push_outcome(&outcome, &own, series);
        }
    }
    push_conditions(known, &own, series);
}

fn push_burn_rates(
    known: &Known,
    own: &LabelMap,
    group: &Labels,
    meter: &Meter,
    series: &mut Series,
) {
    let labels = with_group(own, group);
    for (window, ms) in WINDOWS {
        if let Some(rate) = meter.burn_rate(meter.last(known.at, ms), View::Adjusted) {
            series.push(
                "narthex_slo_burn_rate",
                &labels,
                &[("window", window)],
                rate,
            );
        }
    }
}

fn push_outcome(outcome: &Outcome, own: &LabelMap, series: &mut Series) {
    let labels = with_group(own, &outcome.group);
    let window = outcome.window.to_string();
    let whole = outcome.projected.unwrap_or(outcome.budget);
    let numbers = [
        ("narthex_slo_attained", outcome.attained),
        ("narthex_slo_budget_remaining", whole.remaining()),
        ("narthex_slo_budget_allowed", Some(whole.allowed)),
        ("narthex_slo_budget_spent", Some(whole.spent)),
        ("narthex_slo_coverage", Some(outcome.coverage)),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            series.push(name, &labels, &[("window", &window)], value);
        }
    }
    for state in State::ALL {
        let more = [("window", &*window), ("state", state.as_str())];
        let value = f64::from(u8::from(outcome.state == state));
        series.push("narthex_slo_state", &labels, &more, value);
    }
}

fn push_conditions(known: &Known, own: &LabelMap, series: &mut Series) {
    for condition in &known.conditions {
        let Some(policy) = known.placed.slo.policies.get(condition.policy) else {
            continue;
        };
        let labels = with_group(own, &condition.group);
        let more = [("policy", &*policy.name)];
        let holds = f64::from(u8::from(condition.holds));
        series.push("narthex_slo_condition", &labels, &more, holds);
        series.push(
            "narthex_slo_condition_value",
            &labels,
            &more,
            condition.value,
        );
    }
}
