//! `/api/v1/slos/{id}` and its parts.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use narthex_model::{Error, ErrorKind};
use narthex_slo::native;
use narthex_slo::report::json;
use serde_json::{Map, Value, json};

use super::super::answer::{self, Notes, answer_value, success};
use super::super::params::Params;
use super::super::rules::alerts_of_group;
use super::super::{ApiError, ApiResult};
use super::ask;
use super::kept::{conditions, kept};
use super::tag::{is_known, tag, tagged, unchanged};
use crate::App;
use crate::serve::blocking;
use crate::slos::{Books, Known};

/// The parts, and what of the whole each tells.
const PARTS: [(&str, &[&str]); 9] = [
    (
        "status",
        &[
            "slo",
            "state",
            "at",
            "standing",
            "windows",
            "conditions",
            "filled",
            "error",
            "counted_until",
        ],
    ),
    ("history", &["slo", "history"]),
    ("burndown", &["slo", "at", "burn_downs"]),
    ("burnrate", &["slo", "at", "burn_rates"]),
    // These change with each evaluation of the rules, and are told apart.
    ("alerts", &["slo", "conditions", "alerts"]),
    ("windows", &["slo", "at", "windows"]),
    ("groups", &["slo", "at", "groups"]),
    ("spenders", &["slo", "at", "grouped_by", "spenders"]),
    ("incidents", &["slo", "at", "incidents"]),
];

/// All of it, and its spec.
pub(crate) async fn whole(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    params: Params,
) -> ApiResult {
    answer(&app, &id, "", &headers, &params).await
}

/// One part of it.
pub(crate) async fn part(
    State(app): State<Arc<App>>,
    Path((id, part)): Path<(String, String)>,
    headers: HeaderMap,
    params: Params,
) -> ApiResult {
    answer(&app, &id, &part, &headers, &params).await
}

async fn answer(
    app: &App,
    id: &str,
    part: &str,
    headers: &HeaderMap,
    params: &Params,
) -> ApiResult {
    let fields = fields(part)?;
    let slos = &app.store()?.slos;
    let books = slos.books();
    if books.find(id).is_none() {
        return Err(slos.unknown(id).into());
    }
    if part == "alerts" {
        return Ok(answer_value(&alerts(app, id, &books)?));
    }
    let request = format!("{part} {params:?}");
    let specs = books.find(id).map(|known| &known.placed.slo);
    let tag = tag(specs, Some(books.made_at), &request);
    if is_known(headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let report = slos.report(ask(params, vec![id.to_owned()])?).await?;
    let id = id.to_owned();
    let body = blocking(move || {
        let mut told = told(json::value(&report), books.find(&id));
        told.retain(|name, _| fields.is_empty() || fields.contains(&&**name));
        Ok(success(&Notes::default(), |out| {
            out.extend_from_slice(Value::Object(told).to_string().as_bytes());
        }))
    });
    Ok(tagged(answer::json(body.await?), &tag))
}

/// What of an SLO a part tells; of all of it, everything.
fn fields(part: &str) -> ApiResult<&'static [&'static str]> {
    let found = PARTS.iter().find(|(name, _)| *name == part);
    if part.is_empty() {
        return Ok(&[]);
    }
    let found = found.ok_or_else(|| {
        let names: Vec<_> = PARTS.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let message = format!("an SLO has no {part:?}: expected {names}");
        Error::new(ErrorKind::NotFound, message)
    })?;
    Ok(found.1)
}

/// All that is told, of what a report has.
fn told(mut report: Value, known: Option<&Known>) -> Map<String, Value> {
    let rows = report["reports"].take();
    let rows = rows.as_array().cloned().unwrap_or_default();
    let (groups, windows): (Vec<Value>, Vec<Value>) =
        rows.into_iter().partition(|row| row["group"] != "");
    let Value::Object(mut slo) = report["slos"][0].take() else {
        return Map::new();
    };
    slo.extend(known.into_iter().flat_map(kept));
    let spec = known.map(|known| native::write(std::slice::from_ref(&known.placed.slo)));
    let more = [
        ("at", report["at"].take()),
        ("windows", windows.into()),
        ("groups", groups.into()),
        ("spec", spec.into()),
    ];
    slo.extend(more.map(|(name, value)| (name.to_owned(), value)));
    slo
}

/// The alerts of its policies, and what their conditions say.
fn alerts(app: &App, id: &str, books: &Books) -> Result<Value, ApiError> {
    let groups = app.store()?.ruling.groups();
    let name = format!("slo {id}");
    let group = groups.iter().filter(|group| group.name == name);
    let alerts: Vec<_> = group.flat_map(|group| alerts_of_group(group)).collect();
    let conditions = books.find(id).map(conditions);
    Ok(json!({ "slo": id, "conditions": conditions, "alerts": alerts }))
}
