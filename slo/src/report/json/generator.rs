//! The fields of slo-generator's reports (`sre.google.com/v2`), with its meanings: a window is in seconds, and budgets are minutes of it.

use serde_json::{Map, Value, json};

use crate::outcome::{Outcome, State};
use crate::report::parts::whole;
use crate::report::{Report, Row, SloReport, numbers};
use crate::spec::Trigger;

/// The burn rate over a whole window above which its budget is overspent.
const THRESHOLD: f64 = 1.0;

/// All of them.
pub(super) fn fields(row: &Row<'_>, report: &Report) -> Map<String, Value> {
    let (slo, outcome) = (&row.slo.slo, row.outcome);
    let target = slo.objective.target;
    let allowed = 1.0 - target;
    let minutes = row.seconds() / 60.0;
    let errors = outcome.attained.map(|attained| 1.0 - attained);
    let burn_rate = errors.map(|errors| (errors / allowed * 10.0).round() / 10.0);
    super::fields(json!({
        "name": slo.id,
        "description": slo.description,
        "goal": target,
        "backend": "narthex",
        "metadata": metadata(row.slo),
        "exporters": [],
        "error_budget_policy": "default",
        "error_budget_policy_step_name": outcome.window.to_string(),
        "offset": 0,
        "window": row.seconds().round() as i64,
        "timestamp": report.at.div_euclid(1000),
        "timestamp_human": crate::report::times::rfc3339(report.at),
        "sli_measurement": outcome.attained,
        "gap": outcome.attained.map(|attained| attained - target),
        "events_count": outcome.counts.total.round() as i64,
        "good_events_count": outcome.counts.good.round() as i64,
        "bad_events_count": outcome.counts.bad.round() as i64,
        "error_budget_target": allowed,
        "error_budget_measurement": errors,
        "error_budget_burn_rate": burn_rate,
        "error_budget_burn_rate_threshold": THRESHOLD,
        "error_budget_consumed_ratio": errors.map(|errors| errors / allowed),
        "error_budget_minutes": minutes * allowed,
        "error_budget_remaining_minutes": errors.map(|errors| minutes * (allowed - errors)),
        "error_minutes": errors.map(|errors| minutes * errors),
        "alert": burn_rate.is_some_and(|rate| rate > THRESHOLD),
        "consequence_message": consequence(row),
        "valid": outcome.state != State::Unknown,
        "errors": errors_of(row.slo, outcome),
    }))
}

/// Labels, and the two that its dashboards filter by.
fn metadata(slo: &SloReport) -> Value {
    let mut labels: Map<String, Value> = (slo.slo.labels.iter())
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    labels.insert("service_name".to_owned(), slo.slo.service.as_str().into());
    labels.insert("slo_name".to_owned(), slo.slo.name.as_str().into());
    json!({ "name": slo.slo.id, "labels": labels })
}

/// What follows from the strictest share of the budget that is spent; empty if nothing does.
fn consequence(row: &Row<'_>) -> String {
    let Some(remaining) = whole(row.outcome).remaining() else {
        return String::new();
    };
    let reached = row
        .slo
        .slo
        .policies
        .iter()
        .filter_map(|policy| match policy.trigger {
            Trigger::Spent(share) if 1.0 - remaining > share => Some((share, &policy.consequence)),
            _ => None,
        });
    let strictest = reached.max_by(|a, b| a.0.total_cmp(&b.0));
    strictest.map(|(_, said)| said.clone()).unwrap_or_default()
}

/// Why a measurement is not valid.
fn errors_of(slo: &SloReport, outcome: &Outcome) -> Vec<String> {
    match outcome.state {
        State::Unknown => vec![format!(
            "{} of the time was observed, at least {} is wanted",
            numbers::attained(outcome.coverage),
            numbers::target(slo.slo.missing.coverage_floor)
        )],
        _ => Vec::new(),
    }
}
