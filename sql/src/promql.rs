//! PromQL: parse, plan, execute, decode.

use datafusion::physical_plan::collect;
use narthex_engine::Snapshot;
use narthex_model::{Error, Result, TimestampMs};
use narthex_promql::ast::ValueType;
use narthex_promql::{EvalParams, ParseOptions, QueryOutput, QueryPlan, parse, plan, value_type};

use crate::Grid;
use crate::error::from_datafusion;
use crate::session::Sessions;
use crate::source::SnapshotSource;

/// The step of subqueries that name none: Prometheus' default evaluation interval.
const SUBQUERY_STEP_MS: i64 = 60_000;

/// At which instants an expression is evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Times {
    /// At this one; a range vector or a text is a valid answer.
    Instant(TimestampMs),
    /// At each of these, in a grid that was checked.
    Range(Grid),
}

impl Times {
    fn is_instant(self) -> bool {
        matches!(self, Self::Instant(_))
    }

    fn end(self) -> TimestampMs {
        match self {
            Self::Instant(time) => time,
            Self::Range(grid) => grid.end,
        }
    }

    /// The instants as the planner counts them.
    fn grid(self) -> narthex_promql::Grid {
        match self {
            Self::Instant(time) => narthex_promql::Grid::instant(time),
            Self::Range(Grid { start, end, step }) => {
                narthex_promql::Grid::between(start, end, step)
            }
        }
    }
}

/// A query with all that decides its plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) query: &'a str,
    pub(crate) times: Times,
    pub(crate) lookback_ms: i64,
    pub(crate) samples_max: u64,
    pub(crate) language: ParseOptions,
    pub(crate) delayed_names: bool,
    pub(crate) start_timestamps: bool,
}

/// A planned query.
pub(crate) struct Planned {
    pub(crate) plan: QueryPlan,
    pub(crate) value_type: ValueType,
    /// It reads at most so many samples.
    pub(crate) samples: u64,
}

/// Parses and plans; reads the index, but no sample. `decoded`: the whole answer is decoded, not read as a table.
///
/// # Errors
/// `Invalid` for a query that does not parse or has the wrong type for a range query, and whatever the planner says.
pub(crate) fn prepare(
    snapshot: &Snapshot,
    request: &Request<'_>,
    decoded: bool,
) -> Result<Planned> {
    let expr = parse(request.query, &request.language)?;
    let value_type = value_type(&expr);
    if !request.times.is_instant()
        && matches!(value_type, ValueType::RangeVector | ValueType::String)
    {
        let found = value_type.as_str();
        let message = format!(
            "invalid expression type \"{found}\" for range query, must be Scalar or instant Vector"
        );
        return Err(Error::invalid(message));
    }
    let params = EvalParams {
        grid: request.times.grid(),
        end: request.times.end(),
        instant: request.times.is_instant(),
        lookback_ms: request.lookback_ms,
        subquery_step_ms: SUBQUERY_STEP_MS,
        samples_max: request.samples_max,
        delayed_names: request.delayed_names,
        start_timestamps: request.start_timestamps,
        decoded,
    };
    let source = SnapshotSource::new(snapshot.clone());
    let plan = plan(&expr, request.query, &params, &source)?;
    Ok(Planned {
        plan,
        value_type,
        samples: source.samples(),
    })
}

/// Answers a query.
pub(crate) async fn evaluate(
    sessions: &Sessions,
    snapshot: &Snapshot,
    request: &Request<'_>,
) -> Result<QueryOutput> {
    let Planned { plan, samples, .. } = prepare(snapshot, request, true)?;
    let batches = match plan.logical() {
        Some(logical) => {
            let state = sessions.promql(plan.grid().steps, samples);
            let physical = state
                .create_physical_plan(logical)
                .await
                .map_err(from_datafusion)?;
            let batches = collect(physical, state.task_ctx()).await;
            let refused = |e| plan.refusal().unwrap_or_else(|| from_datafusion(e));
            batches.map_err(refused)?
        }
        None => Vec::new(),
    };
    let mut output = plan.decode(&batches)?;
    output.warnings.extend(snapshot.warnings());
    Ok(output)
}
