//! `/api/v1/slos`: all SLOs as they stand, the worst first.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use narthex_model::Matcher;
use narthex_slo::report::{SloReport, json};
use serde_json::{Value, json};

use super::super::answer::answer_value;
use super::super::matchers::selectors;
use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::tag::{is_known, tag, tagged, unchanged};
use crate::App;
use crate::slos::{Known, standing};
use crate::times::format_time;

const STATES: [&str; 4] = ["meeting", "at risk", "blown", "unknown"];

/// Those that the parameters choose: `match[]`, `service`, `state`, `limit`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    params: Params,
) -> ApiResult {
    let wanted = Wanted::read(&params)?;
    let limit = params.limit()?;
    let books = app.store()?.slos.books();
    let specs = books.all.iter().map(|known| &known.placed.slo);
    let tag = tag(specs, Some(books.made_at), &format!("{params:?}"));
    if is_known(&headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let report = standing(&books, |known| wanted.wants(known))?;
    let shown = json::value(&report);
    let rows = shown["reports"].as_array().map_or(&[][..], Vec::as_slice);
    let slos: Vec<_> = report
        .worst_first()
        .into_iter()
        .filter(|slo| {
            wanted
                .state
                .is_none_or(|state| slo.state().as_str() == state)
        })
        .take(limit)
        .filter_map(|slo| Some(entry(slo, books.find(&slo.slo.id)?, rows)))
        .collect();
    let answer = json!({
        "slos": slos,
        "summary": shown["summary"],
        "made_at": format_time(books.made_at),
    });
    Ok(tagged(answer_value(&answer), &tag))
}

/// Which are wanted.
struct Wanted<'a> {
    selectors: Vec<Vec<Matcher>>,
    service: Option<&'a str>,
    state: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(params: &'a Params) -> ApiResult<Self> {
        let state = params.get("state").map(|state| match state {
            "at-risk" | "at_risk" => "at risk",
            other => other,
        });
        if state.is_some_and(|state| !STATES.contains(&state)) {
            let expected = "expected meeting, at-risk, blown or unknown";
            return Err(ApiError::parameter("state", expected));
        }
        Ok(Self {
            selectors: selectors(params)?,
            service: params.get("service"),
            state,
        })
    }

    fn wants(&self, known: &Known) -> bool {
        let slo = &known.placed.slo;
        let value = |name: &str| match name {
            "slo" => slo.id.as_str(),
            "service" => &slo.service,
            "name" => &slo.name,
            _ => slo.labels.get(name).map_or("", String::as_str),
        };
        let matches = |matchers: &Vec<Matcher>| matchers.iter().all(|m| m.accepts(value(m.name())));
        self.service.is_none_or(|service| slo.service == service)
            && (self.selectors.is_empty() || self.selectors.iter().any(matches))
    }
}

fn entry(report: &SloReport, known: &Known, rows: &[Value]) -> Value {
    let slo = &report.slo;
    let windows: Vec<_> = rows.iter().filter(|row| row["slo"] == *slo.id).collect();
    json!({
        "slo": slo.id,
        "service": slo.service,
        "slo_name": slo.name,
        "description": slo.description,
        "labels": slo.labels,
        "group_by": slo.group_by,
        "target": slo.objective.target,
        "state": report.state().as_str(),
        "place": known.placed.place,
        "generation": known.generation,
        "counted_until": format_time(known.at),
        "filled": known.progress,
        "error": known.error,
        "conditions": conditions(known),
        "windows": windows,
    })
}

/// The conditions of policies as they are.
pub(super) fn conditions(known: &Known) -> Vec<Value> {
    let shown = known.conditions.iter().filter_map(|condition| {
        let policy = known.placed.slo.policies.get(condition.policy)?;
        Some(json!({
            "policy": policy.name,
            "alert": policy.alert,
            "severity": policy.severity,
            "consequence": policy.consequence,
            "group_labels": crate::json::by_name(&condition.group),
            "holds": condition.holds,
            "measured": condition.verdict != narthex_slo::burn::Verdict::Unmeasured,
            "value": condition.value.is_finite().then_some(condition.value),
        }))
    });
    shown.collect()
}
