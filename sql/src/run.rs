//! A PromQL query from its text to its answer, with what a caller wants to know besides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::execution::SessionState;
use datafusion::physical_plan::{ExecutionPlan, collect};
use narthex_engine::Snapshot;
use narthex_model::{Error, Result};
use narthex_promql::{QueryOutput, QueryPlan, QueryValue, pretty};

use crate::error::from_datafusion;
use crate::explain::{self, Explanation};
use crate::promql::{Planned, Request, prepare};
use crate::session::{Sessions, watched};
use crate::stats::QueryStats;

/// Whether a query is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explain {
    /// It is planned and not run.
    Plan,
    /// It is run, and the plan says what it did.
    Analyze,
}

/// The answer to a query.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The value and what is said about it; empty if the query was not run.
    pub output: QueryOutput,
    /// If it was asked for.
    pub explanation: Option<Explanation>,
    /// If they were asked for and the query was run.
    pub stats: Option<QueryStats>,
}

/// What a run of a query gave and took.
pub(crate) struct Run {
    pub(crate) output: QueryOutput,
    pub(crate) timings: Timings,
    /// Most bytes that were reserved at one time; 0 if nobody asked.
    pub(crate) memory_peak_bytes: u64,
}

/// Where the time went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timings {
    /// From the text to the plan.
    pub(crate) planning: Duration,
    /// While the plan ran.
    pub(crate) running: Duration,
    /// From its rows to the answer.
    pub(crate) decoding: Duration,
}

/// A plan that is ready to run.
struct Ready {
    state: SessionState,
    plan: Arc<dyn ExecutionPlan>,
}

/// Answers a query.
pub(crate) async fn answer(
    sessions: &Sessions,
    snapshot: &Snapshot,
    request: &Request<'_>,
) -> Result<Answer> {
    let started = Instant::now();
    let planned = prepare(snapshot, request, true)?;
    let ready = ready(sessions, &planned).await?;
    let physical = ready.as_ref().map(|ready| &ready.plan);
    if request.explain == Some(Explain::Plan) {
        let mut answer = Answer {
            explanation: Some(explanation(&planned, physical, None)?),
            ..Answer::default()
        };
        if !request.times.is_instant() {
            answer.output.value = QueryValue::Matrix(Vec::new());
        }
        return Ok(answer);
    }
    let run = run(&planned.plan, ready.as_ref(), request, started).await?;
    let analyzed = request.explain.is_some();
    let explanation = analyzed.then(|| explanation(&planned, physical, Some(&run)));
    let explanation = explanation.transpose()?;
    let stats = request.stats.then(|| QueryStats::of(&planned.plan, &run));
    let mut output = run.output;
    output.warnings.extend(snapshot.warnings());
    Ok(Answer {
        output,
        explanation,
        stats,
    })
}

async fn ready(sessions: &Sessions, planned: &Planned) -> Result<Option<Ready>> {
    let Some(logical) = planned.plan.logical() else {
        return Ok(None);
    };
    let state = sessions.promql(planned.plan.grid().steps, planned.samples);
    let plan = state.create_physical_plan(logical).await;
    let plan = plan.map_err(from_datafusion)?;
    Ok(Some(Ready { state, plan }))
}

async fn run(
    plan: &QueryPlan,
    ready: Option<&Ready>,
    request: &Request<'_>,
    started: Instant,
) -> Result<Run> {
    let planned = Instant::now();
    let (mut batches, mut memory_peak_bytes) = (Vec::new(), 0);
    if let Some(Ready {
        state,
        plan: physical,
    }) = ready
    {
        let refused = |e| plan.refusal().unwrap_or_else(|| from_datafusion(e));
        if request.explain.is_some() || request.stats {
            let (context, pool) = watched(state);
            batches = collect(physical.clone(), context).await.map_err(refused)?;
            memory_peak_bytes = pool.peak_bytes();
        } else {
            let collected = collect(physical.clone(), state.task_ctx()).await;
            batches = collected.map_err(refused)?;
        }
    }
    let ran = Instant::now();
    let output = plan.decode(&batches)?;
    Ok(Run {
        output,
        timings: Timings {
            planning: planned - started,
            running: ran - planned,
            decoding: ran.elapsed(),
        },
        memory_peak_bytes,
    })
}

fn explanation(
    planned: &Planned,
    physical: Option<&Arc<dyn ExecutionPlan>>,
    run: Option<&Run>,
) -> Result<Explanation> {
    let plan = &planned.plan;
    let outline = plan.outline();
    let outline = outline.ok_or_else(|| Error::internal("a query is explained without outline"))?;
    let expression = pretty(&planned.expr);
    explain::explain(expression, plan.grid(), outline, physical, run)
}

impl Run {
    /// How many series and points the answer has.
    pub(crate) fn result_size(&self) -> (u64, u64) {
        match &self.output.value {
            QueryValue::Scalar { .. } | QueryValue::String { .. } => (1, 1),
            QueryValue::Vector(samples) => (samples.len() as u64, samples.len() as u64),
            QueryValue::Matrix(series) => {
                let points = series
                    .iter()
                    .map(|s| s.timestamps.len() + s.histograms.len());
                (series.len() as u64, points.sum::<usize>() as u64)
            }
        }
    }
}
