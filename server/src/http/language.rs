//! `/api/v1/format_query` and `/api/v1/parse_query`: an expression laid out, and its syntax tree.

use std::sync::Arc;

use axum::extract::State;
use narthex_promql::ast::Expr;
use narthex_promql::pretty;
use serde_json::Value;

use super::answer::answer_value;
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::json::tree;

/// The expression over as many lines as it needs.
pub(crate) async fn format_query(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let text = pretty(&expression(&app, &params)?);
    Ok(answer_value(&Value::String(text)))
}

/// The syntax tree.
pub(crate) async fn parse_query(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    Ok(answer_value(&tree(&expression(&app, &params)?)))
}

fn expression(app: &App, params: &Params) -> ApiResult<Expr> {
    let query = params.get("query").unwrap_or("");
    let parsed = app.store()?.database.parse(query);
    parsed.map_err(|error| ApiError::parameter("query", error))
}
