//! `/api/v1/slos` and `/api/v1/slo/…`: what was promised, and what came of it.
//!
//! Numbers have the names that they have in reports (docs/slo/report.schema.json), since they are made of the same.

mod backtest;
mod kept;
mod list;
mod one;
mod report;
mod rules;
mod tag;
mod validate;
mod what_if;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use narthex_slo::report::{Asked, Exclusions};

use super::params::Params;
use super::{ApiError, ApiResult, read};
use crate::App;
use crate::slos::{Ask, window};

/// Calendar periods that are looked back, unless asked otherwise.
const PERIODS: usize = 12;

/// Nobody compares more windows, targets or policies at once.
const LIST_MAX: usize = 100;

/// The routes below `/api/v1`.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/slos", get(list::list))
        .route("/slos/{id}", get(one::whole))
        .route("/slos/{id}/{part}", get(one::part))
        .route("/slo/report", read(report::report))
        .route("/slo/backtest", read(backtest::backtest))
        .route("/slo/what-if", read(what_if::what_if))
        .route("/slo/rules", read(rules::rules))
        .route("/slo/validate", read(validate::validate))
}

/// The SLOs that `slo` is about; none: all.
fn ids(params: &Params) -> Vec<String> {
    list(params, "slo").map(str::to_owned).collect()
}

/// What the parameters ask of these SLOs.
fn ask(params: &Params, ids: Vec<String>) -> ApiResult<Ask> {
    Ok(Ask {
        ids,
        at: params.time("at")?,
        shown: shown(params)?,
        title: params
            .get("title")
            .unwrap_or("Service level report")
            .to_owned(),
    })
}

/// `window`, `group_by`, `exclusions`, `compare_methods`, `tz`, `periods`.
fn shown(params: &Params) -> ApiResult<Asked> {
    let zone = params.get("tz").unwrap_or("UTC");
    narthex_slo::time::zone(zone).map_err(|e| ApiError::parameter("tz", e))?;
    let periods = match params.get("periods") {
        None => PERIODS,
        Some("0") => 0,
        Some(_) => params.count("periods")?.min(1000),
    };
    let exclusions = params
        .get("exclusions")
        .map_or(Ok(Exclusions::On), str::parse);
    let window = |text| window(text, zone).map_err(|e| ApiError::parameter("window", e));
    let labels = params.get("group_by").is_some();
    let labels = labels.then(|| list(params, "group_by").map(str::to_owned).collect());
    Ok(Asked {
        windows: few(params, "window")?
            .map(window)
            .collect::<ApiResult<_>>()?,
        group_by: labels,
        exclusions: exclusions.map_err(|e| ApiError::parameter("exclusions", e))?,
        compare_methods: params.flag("compare_methods"),
        ..Asked::plain(zone, periods)
    })
}

/// What of [`shown`] has a meaning where only the whole of SLOs is looked at: windows, zones and exclusions.
fn of_wholes(params: &Params) -> ApiResult<Asked> {
    let shown = shown(params)?;
    let without = |name| Err(ApiError::parameter(name, "it has no meaning here"));
    match &shown {
        shown if shown.group_by.is_some() => without("group_by"),
        shown if shown.compare_methods => without("compare_methods"),
        shown if shown.exclusions == Exclusions::Both => without("exclusions"),
        _ => Ok(shown),
    }
}

/// `name=a,b`, or several times `name=…`.
fn list<'a>(params: &'a Params, name: &'a str) -> impl Iterator<Item = &'a str> {
    let texts = params.all(name).flat_map(|text| text.split(','));
    texts.filter(|text| !text.is_empty())
}

/// As [`list`], of what each takes its time.
fn few<'a>(params: &'a Params, name: &'a str) -> ApiResult<impl Iterator<Item = &'a str>> {
    if list(params, name).nth(LIST_MAX).is_some() {
        let expected = format!("expected at most {LIST_MAX}");
        return Err(ApiError::parameter(name, expected));
    }
    Ok(list(params, name))
}
