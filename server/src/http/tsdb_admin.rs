//! `/api/v1/admin/tsdb/…`: what changes or copies the store, for those who started the server with it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use narthex_engine::{CopiedHead, DeleteReceipt, Engine};
use serde_json::json;

use super::answer::answer_value;
use super::matchers::selectors;
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::serve::blocking;

/// Deletes series in a range of time. With `dry_run=true` nothing is deleted; with that or `receipt=true` the answer says
/// what was, or would be, removed.
pub(crate) async fn delete_series(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let engine = engine(&app)?;
    let selectors = selectors(&params)?;
    if selectors.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let range = params.range()?;
    if params.flag("dry_run") {
        let counted = blocking(move || engine.preview_delete(&selectors, range)).await?;
        return Ok(receipt(&counted));
    }
    let texts: Vec<_> = params.all("match[]").collect();
    let deleted = blocking(move || engine.delete(&selectors, range)).await?;
    let DeleteReceipt {
        series, samples, ..
    } = deleted;
    tracing::info!(selectors = ?texts, start = range.start, end = range.end, series, samples, "deleted");
    if params.flag("receipt") {
        return Ok(receipt(&deleted));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Takes deleted samples out of the blocks now.
pub(crate) async fn clean_tombstones(State(app): State<Arc<App>>) -> ApiResult {
    let engine = engine(&app)?;
    blocking(move || engine.compact()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Copies the store; answers the name of the copy.
pub(crate) async fn snapshot(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let engine = engine(&app)?;
    let head = match params.get("skip_head") {
        Some("true" | "1") => CopiedHead::LeftOut,
        None | Some("false" | "0") => CopiedHead::Included,
        Some(text) => {
            let message = format!("unable to parse boolean \"skip_head\" argument: {text:?}");
            return Err(ApiError::bad_data(message));
        }
    };
    let name = blocking(move || engine.copy(head)).await?;
    Ok(answer_value(&json!({ "name": name })))
}

/// The store, if it may be administered.
fn engine(app: &App) -> ApiResult<Arc<Engine>> {
    if !app.settings.flags.enable_admin_api {
        return Err(ApiError::unavailable("admin APIs disabled"));
    }
    Ok(app.store()?.engine.clone())
}

fn receipt(receipt: &DeleteReceipt) -> Response {
    answer_value(&json!({
        "series": receipt.series,
        "samples": receipt.samples,
        "minTime": receipt.time.map(|t| t.0),
        "maxTime": receipt.time.map(|t| t.1),
        "blocks": receipt.blocks,
    }))
}
