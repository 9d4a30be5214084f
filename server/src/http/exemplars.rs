//! `/api/v1/query_exemplars`: exemplars are not stored yet, so the list is empty. Times are not looked at: Grafana's
//! probe sends milliseconds.

use axum::response::Response;

use super::ApiResult;
use super::answer::answer;
use super::error::ApiError;
use super::params::Params;

/// An empty list for any query.
pub(crate) async fn query_exemplars(params: Params) -> ApiResult {
    match params.get("query") {
        Some(_) => Ok(empty()),
        None => Err(ApiError::parameter("query", "no expression found in input")),
    }
}

fn empty() -> Response {
    answer(|out| out.extend_from_slice(b"[]"))
}
