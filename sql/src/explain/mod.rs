//! EXPLAIN of PromQL: what a query would do, and what it did. Plain data; how it is shown is the caller's concern.

mod logical;
mod operator;
mod time;
mod totals;

pub use logical::{LogicalNode, SelectedSeries};
pub use operator::{Actual, Estimate, Operator};
pub use totals::{ActualTotals, EstimatedTotals};

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use narthex_model::Result;
use narthex_promql::{Grid, Outline};
use serde::{Deserialize, Serialize};

use crate::run::Run;

/// How a PromQL query is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The expression, laid out.
    pub expression: String,
    /// The instants.
    pub steps: Steps,
    /// The plan in PromQL's words.
    pub logical: LogicalNode,
    /// The plan that is run; none if the answer is known without reading anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical: Option<Operator>,
    /// What reading takes, over all selectors.
    pub estimate: EstimatedTotals,
    /// What it took, if the query was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<ActualTotals>,
}

/// Instants of evaluation. Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Steps {
    /// How many there are.
    pub count: u64,
    /// The first.
    pub start: f64,
    /// The last.
    pub end: f64,
    /// Their distance; 0 if there is but one.
    pub interval: f64,
}

impl From<Grid> for Steps {
    fn from(grid: Grid) -> Self {
        Self {
            count: grid.steps as u64,
            start: seconds(grid.start),
            end: seconds(grid.end()),
            interval: if grid.steps > 1 {
                seconds(grid.interval)
            } else {
                0.0
            },
        }
    }
}

/// Explains a query that was planned, and perhaps run.
///
/// # Errors
/// `Corrupt` if an index contradicts itself.
pub(crate) fn explain(
    expression: String,
    grid: Grid,
    outline: &Outline,
    physical: Option<&Arc<dyn ExecutionPlan>>,
    run: Option<&Run>,
) -> Result<Explanation> {
    let physical = physical.map(|plan| operator::describe(plan.as_ref(), run.is_some()));
    let physical = physical.transpose()?;
    Ok(Explanation {
        expression,
        steps: grid.into(),
        logical: outline.into(),
        estimate: EstimatedTotals::of(physical.as_ref()),
        actual: run.map(|run| ActualTotals::of(run, physical.as_ref())),
        physical,
    })
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}
