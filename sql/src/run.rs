//! A PromQL query from its text to its answer, with what a caller wants to know besides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::{StreamExt, TryStreamExt};
use narthex_engine::Snapshot;
use narthex_model::{Error, Result};
use narthex_promql::{Held, QueryOutput, QueryValue, pretty};

use crate::error::from_datafusion;
use crate::explain::{self, Explanation};
use crate::promql::Request;
use crate::runnable::Runnable;
use crate::session::Sessions;
use crate::sized;
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
    /// Most bytes that were reserved at one time.
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

/// Operators, and the settings they run with.
pub(crate) struct Ready {
    pub(crate) plan: Arc<dyn ExecutionPlan>,
    pub(crate) config: SessionConfig,
}

/// Answers a query.
pub(crate) async fn answer(
    sessions: &Sessions,
    snapshot: &Snapshot,
    request: &Request<'_>,
) -> Result<Answer> {
    let started = Instant::now();
    let runnable = Runnable::of(sessions, snapshot, request).await?;
    if request.explain == Some(Explain::Plan) {
        let mut answer = Answer {
            explanation: Some(explanation(&runnable, None)?),
            ..Answer::default()
        };
        if !request.times.is_instant() {
            answer.output.value = QueryValue::Matrix(Vec::new());
        }
        return Ok(answer);
    }
    let run = run(sessions, &runnable, started).await?;
    let analyzed = request.explain.is_some();
    let explanation = analyzed.then(|| explanation(&runnable, Some(&run)));
    let explanation = explanation.transpose()?;
    let stats = request.stats.then(|| QueryStats::of(&runnable.plan, &run));
    runnable.keep(sessions, started.elapsed())?;
    let mut output = run.output;
    output.warnings.extend(snapshot.warnings());
    Ok(Answer {
        output,
        explanation,
        stats,
    })
}

async fn run(sessions: &Sessions, runnable: &Runnable, started: Instant) -> Result<Run> {
    let planned = Instant::now();
    let memory = sessions.memory();
    let pool: Arc<dyn MemoryPool> = memory.clone();
    let held = MemoryConsumer::new("the answer").register(&pool);
    let plan = &runnable.plan;
    let mut batches = Vec::new();
    if let Some(ready) = &runnable.ready {
        let refused = |e| plan.refusal().unwrap_or_else(|| from_datafusion(e));
        let context = sessions.context(ready.config.clone(), memory.clone());
        let rows = execute_stream(ready.plan.clone(), context).map_err(refused)?;
        batches = collect(rows, &held).await.map_err(refused)?;
    }
    let ran = Instant::now();
    let mut output = plan.decode(&batches)?;
    drop(batches);
    output.memory = Held::new(held);
    let bytes = output.value.bytes(POINT_BYTES, BUCKET_BYTES);
    output.memory.resize(bytes)?;
    Ok(Run {
        output,
        timings: Timings {
            planning: planned - started,
            running: ran - planned,
            decoding: ran.elapsed(),
        },
        memory_peak_bytes: memory.peak_bytes(),
    })
}

/// A point of an answer: a time and a value.
const POINT_BYTES: usize = 16;
/// A bucket of a histogram of an answer.
const BUCKET_BYTES: usize = 16;

/// All rows, counted as they are and as the answer that is made of them while they are still there: of a step's value and bit
/// become a time and a value.
async fn collect(
    rows: SendableRecordBatchStream,
    held: &MemoryReservation,
) -> DataFusionResult<Vec<RecordBatch>> {
    let counted = rows.map(|batch| {
        let batch = batch?;
        held.try_grow(sized::bytes(&batch)?.saturating_mul(3))?;
        Ok(batch)
    });
    counted.try_collect().await
}

fn explanation(runnable: &Runnable, run: Option<&Run>) -> Result<Explanation> {
    let plan = &runnable.plan;
    let unexplained = || Error::internal("a query is explained that was not planned for it");
    let outline = plan.outline().ok_or_else(unexplained)?;
    let expression = runnable.expr.as_ref().ok_or_else(unexplained)?;
    let physical = runnable.physical();
    explain::explain(pretty(expression), plan.grid(), outline, physical, run)
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
