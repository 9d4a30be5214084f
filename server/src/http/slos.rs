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

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use narthex_slo::spec::Window;

use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::slos::{Ask, window};

/// Calendar periods that are looked back, unless asked otherwise.
const PERIODS: usize = 12;

/// The routes below `/api/v1`.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/slos", get(list::list))
        .route("/slos/{id}", get(one::whole))
        .route("/slos/{id}/{part}", get(one::part))
        .route("/slo/report", get(report::report))
        .route("/slo/backtest", get(backtest::backtest))
        .route("/slo/rules", get(rules::rules))
}

/// What the parameters ask of these SLOs: `window`, `at`, `tz`, `periods`.
fn ask(params: &Params, ids: Vec<String>) -> ApiResult<Ask> {
    let zone = params.get("tz").unwrap_or("UTC").to_owned();
    narthex_slo::time::zone(&zone).map_err(|e| ApiError::parameter("tz", e))?;
    let periods = match params.get("periods") {
        None => PERIODS,
        Some(_) => params.count("periods")?.min(1000),
    };
    Ok(Ask {
        ids,
        windows: windows(params, &zone)?,
        at: params.time("at")?,
        zone,
        periods,
        title: params
            .get("title")
            .unwrap_or("Service level report")
            .to_owned(),
    })
}

/// `window=30d,calendar-month`, or several times `window=…`.
fn windows(params: &Params, zone: &str) -> ApiResult<Vec<Window>> {
    let texts = params.all("window").flat_map(|text| text.split(','));
    texts
        .filter(|text| !text.is_empty())
        .map(|text| window(text, zone).map_err(|e| ApiError::parameter("window", e)))
        .collect()
}
