//! `/metrics`: the server's own numbers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::ApiResult;
use crate::{App, metrics};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// OpenMetrics text, which readers of the older text format understand as well.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> ApiResult<Response> {
    let text =
        metrics::exposition(&app).map_err(|e| narthex_model::Error::internal(e.to_string()))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}
