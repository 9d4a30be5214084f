//! PromQL: from the text to the logical plan.

use narthex_engine::Snapshot;
use narthex_model::{Error, Result, TimestampMs};
use narthex_promql::ast::{Expr, ValueType};
use narthex_promql::{EvalParams, QueryPlan, parse, plan, value_type};

use crate::run::Explain;
use crate::source::SnapshotSource;
use crate::{DatabaseOptions, Grid};

/// The step of subqueries that name none: Prometheus' default evaluation interval.
const SUBQUERY_STEP_MS: i64 = 60_000;

/// At which instants an expression is evaluated.
#[derive(Debug, Clone, Copy)]
pub enum Times {
    /// At this one; a range vector or a text is a valid answer.
    Instant(TimestampMs),
    /// At each of these.
    Range(Grid),
}

impl Times {
    /// The same, if they can be evaluated.
    pub(crate) fn checked(self) -> Result<Self> {
        match self {
            Self::Instant(_) => Ok(self),
            Self::Range(grid) => grid.checked().map(Self::Range),
        }
    }

    /// Whether there is but one by what the caller asked.
    pub(crate) fn is_instant(self) -> bool {
        matches!(self, Self::Instant(_))
    }

    /// The first instant.
    pub(crate) fn start(self) -> TimestampMs {
        match self {
            Self::Instant(time) => time,
            Self::Range(grid) => grid.start,
        }
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
    /// In place of what `options` say.
    pub(crate) lookback_ms: Option<i64>,
    pub(crate) options: &'a DatabaseOptions,
    pub(crate) explain: Option<Explain>,
    pub(crate) stats: bool,
}

/// A planned query.
pub(crate) struct Planned {
    pub(crate) expr: Expr,
    pub(crate) plan: QueryPlan,
    pub(crate) value_type: ValueType,
    /// It reads at most so many samples.
    pub(crate) samples: u64,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its rows are read as a table.
    Table,
    /// The whole answer is decoded.
    Answer,
    /// The same, and again for other times.
    Answers,
}

/// Parses and plans; reads the index, but no sample.
///
/// # Errors
/// `Invalid` for a query that does not parse or has the wrong type for a range query, and whatever the planner says.
pub(crate) fn prepare(
    snapshot: &Snapshot,
    request: &Request<'_>,
    purpose: Purpose,
) -> Result<Planned> {
    let expr = parse(request.query, &request.options.language)?;
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
    let source = SnapshotSource::new(snapshot.clone(), request.options.series_max);
    let plan = plan(&expr, request.query, &source, &request.params(purpose))?;
    Ok(Planned {
        expr,
        plan,
        value_type,
        samples: source.samples(),
    })
}

impl Request<'_> {
    fn params(&self, purpose: Purpose) -> EvalParams {
        let options = self.options;
        EvalParams {
            grid: self.times.grid(),
            end: self.times.end(),
            instant: self.times.is_instant(),
            lookback_ms: self.lookback_ms.unwrap_or(options.lookback_ms),
            subquery_step_ms: SUBQUERY_STEP_MS,
            samples_max: options.samples_max,
            delayed_names: options.delayed_names,
            start_timestamps: options.start_timestamps,
            decoded: purpose != Purpose::Table,
            outlined: self.explain.is_some(),
            movable: purpose == Purpose::Answers,
            counted: self.stats,
        }
    }
}
