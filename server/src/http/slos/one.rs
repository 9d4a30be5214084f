//! `/api/v1/slos/{id}` and its parts.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use narthex_slo::native;
use narthex_slo::report::json;
use serde_json::{Value, json};

use super::super::answer::answer_value;
use super::super::params::Params;
use super::super::rules::alerts_of_group;
use super::super::{ApiError, ApiResult};
use super::ask;
use super::list::conditions;
use super::tag::{is_known, tag, tagged, unchanged};
use crate::App;
use crate::slos::Books;
use crate::times::format_time;

const PARTS: &str = "status, history, burndown, burnrate, alerts, windows, groups, incidents";

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
    let slos = &app.store()?.slos;
    let books = slos.books();
    let request = format!("{part} {params:?}");
    let tag = books
        .find(id)
        .map(|known| tag([&known.placed.slo], Some(books.made_at), &request));
    if let Some(tag) = tag.as_deref().filter(|tag| is_known(headers, tag)) {
        return Ok(unchanged(tag));
    }
    let asked = slos.ask(ask(params, vec![id.to_owned()])?).await?;
    let shown = json::value(&asked.report);
    let told = match part {
        "alerts" => alerts(app, id, &books)?,
        _ => told(id, part, shown, &books)?,
    };
    let told = answer_value(&told);
    Ok(match tag {
        Some(tag) => tagged(told, &tag),
        None => told,
    })
}

/// What is told, of what a report would have.
fn told(id: &str, part: &str, mut report: Value, books: &Books) -> ApiResult<Value> {
    let rows = report["reports"].take();
    let rows = rows.as_array().cloned().unwrap_or_default();
    let (groups, windows): (Vec<Value>, Vec<Value>) =
        rows.into_iter().partition(|row| row["group"] != "");
    let mut slo = report["slos"][0].take();
    let known = books.find(id);
    slo["at"] = report["at"].take();
    slo["conditions"] = known.map(conditions).into();
    slo["filled"] = known.map(|known| known.progress).into();
    slo["error"] = known.and_then(|known| known.error.clone()).into();
    slo["counted_until"] = known.map(|known| format_time(known.at)).into();
    slo["windows"] = windows.into();
    let only = |slo: &mut Value, names: &[&str]| -> Value {
        let pairs = names
            .iter()
            .map(|name| ((*name).to_owned(), slo[name].take()));
        Value::Object(pairs.collect())
    };
    Ok(match part {
        "" => {
            slo["groups"] = groups.into();
            slo["place"] = known.map(|known| known.placed.place.clone()).into();
            slo["spec"] = known
                .map(|known| native::write(std::slice::from_ref(&known.placed.slo)))
                .into();
            slo
        }
        "status" => {
            let names = [
                "slo",
                "state",
                "at",
                "standing",
                "windows",
                "conditions",
                "filled",
                "error",
                "counted_until",
            ];
            only(&mut slo, &names)
        }
        "history" => only(&mut slo, &["slo", "history"]),
        "burndown" => only(&mut slo, &["slo", "at", "burn_downs"]),
        "burnrate" => only(&mut slo, &["slo", "at", "burn_rates"]),
        "windows" => only(&mut slo, &["slo", "at", "windows"]),
        "incidents" => only(&mut slo, &["slo", "at", "incidents"]),
        "groups" => json!({ "slo": id, "at": slo["at"], "groups": groups }),
        _ => {
            return Err(narthex_model::Error::new(
                narthex_model::ErrorKind::NotFound,
                format!("an SLO has no {part:?}: expected {PARTS}"),
            )
            .into());
        }
    })
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
