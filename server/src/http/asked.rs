//! What `query` and `query_range` take besides times, and how both are answered.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use narthex_model::{Error, ErrorKind, Result};
use narthex_promql::QueryValue;
use narthex_sql::{Answer, Explain, QueryOptions, Times};

use super::answer::{Notes, json, success};
use super::held::{hold, reserve};
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::json::{StatsDetail, push_stats, push_value};

/// A query without its times.
pub(crate) struct Asked {
    /// The expression.
    expression: String,
    /// Most series wanted.
    limit: usize,
    /// The caller's own bound.
    time_max: Option<Duration>,
    /// For the planner.
    options: QueryOptions,
    /// Whether the answer tells what the query took.
    stats: Option<StatsDetail>,
}

impl Asked {
    /// Reads `query`, `limit`, `timeout`, `lookback_delta`, `stats`, `explain`.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub(crate) fn from_params(params: &Params) -> ApiResult<Self> {
        let timeout = params.duration("timeout")?;
        if timeout.is_some_and(|t| t <= 0) {
            return Err(ApiError::parameter("timeout", "a timeout must be positive"));
        }
        let lookback_ms = params.duration("lookback_delta")?.filter(|l| *l > 0);
        let stats = params.get("stats").map(|detail| match detail {
            "all" => StatsDetail::PerStep,
            _ => StatsDetail::Totals,
        });
        Ok(Self {
            expression: params.get("query").unwrap_or("").to_owned(),
            limit: params.limit()?,
            time_max: timeout.map(|ms| Duration::from_millis(ms.unsigned_abs())),
            options: QueryOptions {
                lookback_ms,
                timeout_ms: None,
                explain: explain(params)?,
                stats: stats.is_some(),
            },
            stats,
        })
    }

    /// Answers the query at `times`.
    ///
    /// # Errors
    /// It cannot be evaluated, or not in time.
    pub(crate) async fn answer(self, app: &App, times: Times) -> ApiResult {
        let database = app.store()?.database.clone();
        let came = Instant::now();
        let is_quick = database.is_quick(&self.expression, times, self.options);
        let work = async move {
            let queued = came.elapsed();
            let answer = database.query(&self.expression, times, self.options).await;
            let answer = answer.map_err(query_error)?;
            let shown = Shown {
                limit: self.limit,
                stats: self.stats,
                queued,
            };
            encode(answer, shown).map_err(|e| ApiError::execution(&e))
        };
        let (queries, work) = (&app.queries, Box::pin(work));
        let body = match is_quick {
            true => queries.run_here(self.time_max, work).await?,
            false => queries.run(self.time_max, work).await?,
        };
        Ok(json(body))
    }
}

fn explain(params: &Params) -> ApiResult<Option<Explain>> {
    match params.get("explain") {
        None | Some("false" | "0") => Ok(None),
        Some("true" | "1") => Ok(Some(Explain::Plan)),
        Some("analyze") => Ok(Some(Explain::Analyze)),
        Some(other) => {
            let reason = format!("{other:?} is neither true nor analyze");
            Err(ApiError::parameter("explain", reason))
        }
    }
}

/// An expression that does not parse is a bad parameter; one that cannot be evaluated is not.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn query_error(error: Error) -> ApiError {
    let says = |words| error.message().contains(words);
    let unfit = says("parse error") || says("invalid expression type");
    if error.kind() == ErrorKind::Invalid && unfit {
        ApiError::parameter("query", error)
    } else {
        ApiError::execution(&error)
    }
}

/// What of an answer is shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    /// At most this many series.
    pub(crate) limit: usize,
    /// How much of the statistics, if there are any.
    pub(crate) stats: Option<StatsDetail>,
    /// How long the query waited for its turn.
    pub(crate) queued: Duration,
}

impl Default for Shown {
    /// All that there is.
    fn default() -> Self {
        Self {
            limit: usize::MAX,
            stats: Some(StatsDetail::PerStep),
            queued: Duration::ZERO,
        }
    }
}

/// The whole body of an answer.
///
/// # Errors
/// `Limit` if there is not the memory for it.
pub(crate) fn encode(answer: Answer, shown: Shown) -> Result<Bytes> {
    let mut output = answer.output;
    let mut notes = Notes {
        warnings: output.warnings,
        infos: output.infos,
    };
    if truncate(&mut output.value, shown.limit) {
        notes
            .warnings
            .push("results truncated due to limit".to_owned());
    }
    reserve(&output.memory, &output.value)?;
    let body = success(&notes, |out| {
        out.push(b'{');
        push_value(&output.value, out);
        if let (Some(stats), Some(detail)) = (&answer.stats, shown.stats) {
            out.extend_from_slice(b",\"stats\":");
            push_stats(stats, detail, shown.queued, out);
        }
        if let Some(explanation) = &answer.explanation {
            out.extend_from_slice(b",\"explain\":");
            let tree = serde_json::to_vec(explanation);
            out.extend(tree.unwrap_or_else(|_| b"null".to_vec()));
        }
        out.push(b'}');
    });
    drop(output.value);
    hold(body, output.memory)
}

fn truncate(value: &mut QueryValue, limit: usize) -> bool {
    fn cut<T>(items: &mut Vec<T>, limit: usize) -> bool {
        let is_longer = items.len() > limit;
        items.truncate(limit);
        is_longer
    }
    match value {
        QueryValue::Vector(samples) => cut(samples, limit),
        QueryValue::Matrix(series) => cut(series, limit),
        QueryValue::Scalar { .. } | QueryValue::String { .. } => false,
    }
}
