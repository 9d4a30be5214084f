//! `/api/v1/targets`: what is scraped, and how it went.

use std::sync::Arc;

use axum::extract::State;

use super::ApiResult;
use super::answer::answer_value;
use super::params::Params;
use crate::App;

/// The handler. A `state` that is not known means any, as in Prometheus.
pub(crate) async fn targets(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let state = params.get("state").unwrap_or("any").to_ascii_lowercase();
    let targets = app.store()?.scraping.targets();
    Ok(answer_value(&targets.to_json(
        state != "dropped",
        state != "active",
        params.get("scrapePool"),
    )))
}
