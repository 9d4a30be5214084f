//! `/api/v1/slo/report`: what came of promises, in every form.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use narthex_slo::report::Format;

use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::{ask, ids};
use crate::App;
use crate::serve::blocking;

/// Nothing is loaded from elsewhere, and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The report that the parameters ask for: `format`, `slo` (several times), `at`, `title`, and what [`super::shown`] reads.
pub(crate) async fn report(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let name = params.get("format").unwrap_or("html");
    let format: Format = name.parse().map_err(|e| ApiError::parameter("format", e))?;
    let asked = ask(&params, ids(&params))?;
    let report = app.store()?.slos.report(asked).await?;
    let body = blocking(move || format.write(&report)).await?;
    let headers = [
        (header::CONTENT_TYPE, format.media_type()),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    Ok((headers, body).into_response())
}
