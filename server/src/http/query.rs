//! `/api/v1/query`: a PromQL expression at one instant.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use narthex_model::{Error, ErrorKind};
use narthex_promql::{QueryOutput, QueryValue};
use narthex_sql::QueryOptions;

use super::answer::{Notes, json, success};
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::json::push_value;
use crate::times::now_ms;

/// What both kinds of query take besides times.
pub(crate) struct Asked {
    /// The expression.
    pub(crate) expression: String,
    /// Most series wanted.
    pub(crate) limit: usize,
    /// The caller's own bound.
    pub(crate) time_max: Option<Duration>,
    /// For the planner.
    pub(crate) options: QueryOptions,
}

impl Asked {
    /// Reads `query`, `limit`, `timeout`, `lookback_delta`.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub(crate) fn from_params(params: &Params) -> ApiResult<Self> {
        let timeout = params.duration("timeout")?;
        if timeout.is_some_and(|t| t <= 0) {
            return Err(ApiError::parameter("timeout", "a timeout must be positive"));
        }
        let lookback_ms = params.duration("lookback_delta")?.filter(|l| *l > 0);
        Ok(Self {
            expression: params.get("query").unwrap_or("").to_owned(),
            limit: params.limit()?,
            time_max: timeout.map(|ms| Duration::from_millis(ms.unsigned_abs())),
            options: QueryOptions {
                lookback_ms,
                timeout_ms: None,
            },
        })
    }
}

/// The handler.
pub(crate) async fn query(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let time = params.time("time")?.unwrap_or_else(now_ms);
    let asked = Asked::from_params(&params)?;
    let database = app.store()?.database.clone();
    let body = app.queries.run(asked.time_max, async move {
        let output = database
            .query_instant(&asked.expression, time, asked.options)
            .await;
        Ok(encode(output.map_err(query_error)?, asked.limit))
    });
    Ok(json(body.await?))
}

/// An expression that does not parse is a bad parameter; one that cannot be evaluated is not.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn query_error(error: Error) -> ApiError {
    let says = |words| error.message().contains(words);
    let unfit = says("parse error") || says("invalid expression type");
    if error.kind() == ErrorKind::Invalid && unfit {
        ApiError::parameter("query", error)
    } else {
        ApiError::execution(&error)
    }
}

/// The whole body of an answer, cut to `limit` series.
pub(crate) fn encode(output: QueryOutput, limit: usize) -> Vec<u8> {
    let QueryOutput {
        mut value,
        warnings,
        infos,
    } = output;
    let mut notes = Notes { warnings, infos };
    if truncate(&mut value, limit) {
        notes
            .warnings
            .push("results truncated due to limit".to_owned());
    }
    success(&notes, |out| push_value(&value, out))
}

fn truncate(value: &mut QueryValue, limit: usize) -> bool {
    let len = match value {
        QueryValue::Vector(samples) => samples.len(),
        QueryValue::Matrix(series) => series.len(),
        QueryValue::Scalar { .. } | QueryValue::String { .. } => 0,
    };
    match value {
        QueryValue::Vector(samples) => samples.truncate(limit),
        QueryValue::Matrix(series) => series.truncate(limit),
        QueryValue::Scalar { .. } | QueryValue::String { .. } => {}
    }
    len > limit
}
