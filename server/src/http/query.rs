//! `/api/v1/query`: a PromQL expression at one instant.

use std::sync::Arc;

use axum::extract::State;
use narthex_sql::Times;

use super::ApiResult;
use super::asked::Asked;
use super::params::Params;
use crate::App;
use crate::times::now_ms;

/// The handler.
pub(crate) async fn query(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let time = params.time("time")?.unwrap_or_else(now_ms);
    let asked = Asked::from_params(&params)?;
    asked.answer(&app, Times::Instant(time)).await
}
