//! `… ORDER BY timestamp DESC LIMIT 10` is answered from the newest samples: only if those are too few, older ones are read.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, collect,
};
use futures::{StreamExt, TryStreamExt, stream};
use narthex_model::TimeRange;
use narthex_table::ReadExec;

mod traced;

use traced::Traced;

/// How much of the newest time is tried first, then second, in milliseconds. After that all is read.
const TRIED_MS: [i64; 2] = [600_000, 7_200_000];

/// Where so many times more is stored than is tried, trying costs little.
const WORTH_IT: i64 = 8;

/// So many rows are held while they are counted.
const ROWS_MAX: usize = 10_000;

/// Puts a [`NewestFirstExec`] over operators that give the newest few rows.
#[derive(Debug)]
pub(crate) struct NewestFirst;

impl PhysicalOptimizerRule for NewestFirst {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_down(|node| {
            // What it covers has no other that would be worth it.
            Ok(match NewestFirstExec::over(&node) {
                Some(newest) => Transformed::new(Arc::new(newest), true, TreeNodeRecursion::Jump),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        "newest_first"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The rows of `input`, which are the newest: read from the end, if that has enough.
#[derive(Debug)]
struct NewestFirstExec {
    input: Arc<dyn ExecutionPlan>,
    /// How many rows are wanted.
    rows: usize,
    traced: Traced,
}

impl NewestFirstExec {
    fn over(node: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let rows = node.fetch().filter(|rows| *rows <= ROWS_MAX)?;
        if node.output_partitioning().partition_count() != 1 {
            return None;
        }
        let traced = Traced::of(node.as_ref())?;
        Some(Self {
            input: node.clone(),
            rows,
            traced,
        })
    }

    /// The plans over the ends of the time that is stored, and how many rows each must give for the first of them to be right.
    fn tries(&self) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
        let times = self.traced.times;
        let worth_it = |ms: &&i64| times.end.saturating_sub(times.start) / WORTH_IT >= **ms;
        let tried = TRIED_MS.iter().filter(worth_it);
        let tried = tried.map(|ms| {
            let range = TimeRange::new(times.end.saturating_sub(*ms), i64::MAX);
            within(self.input.clone(), range, self.needed())
        });
        tried.collect()
    }

    /// The oldest group of what is read may lack samples, so one more must be there.
    fn needed(&self) -> usize {
        self.rows + usize::from(self.traced.grouped)
    }
}

/// The same over samples in `range` alone, for so many rows.
fn within(
    plan: Arc<dyn ExecutionPlan>,
    range: TimeRange,
    rows: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let reader = node.downcast_ref::<ReadExec>();
        if let Some(narrower) = reader.and_then(|reader| reader.within(range)) {
            return Ok(Transformed::yes(Arc::new(narrower) as _));
        }
        Ok(
            match node.fetch().and_then(|_| node.with_fetch(Some(rows))) {
                Some(longer) => Transformed::yes(longer),
                None => Transformed::no(node),
            },
        )
    })
    .data()
}

/// The first rows of `batches`; `None` if there are fewer than `needed`.
fn first(batches: Vec<RecordBatch>, rows: usize, needed: usize) -> Option<Vec<RecordBatch>> {
    if batches.iter().map(RecordBatch::num_rows).sum::<usize>() < needed {
        return None;
    }
    let mut left = rows;
    let cut = batches.into_iter().map(|batch| {
        let length = left.min(batch.num_rows());
        left -= length;
        batch.slice(0, length)
    });
    Some(cut.collect())
}

impl DisplayAs for NewestFirstExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewestFirstExec: rows={}", self.rows)
    }
}

impl ExecutionPlan for NewestFirstExec {
    fn name(&self) -> &str {
        "NewestFirstExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn fetch(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(match Self::over(&input) {
                Some(newest) => Arc::new(newest),
                None => input,
            }),
            _ => internal_err!("NewestFirstExec has one child"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (tries, input) = (self.tries()?, self.input.clone());
        let (rows, needed, schema) = (self.rows, self.needed(), input.schema());
        let answer = async move {
            for plan in tries {
                let batches = collect(plan, context.clone()).await?;
                if let Some(newest) = first(batches, rows, needed) {
                    return Ok(stream::iter(newest.into_iter().map(Ok)).boxed());
                }
            }
            Ok::<_, datafusion::error::DataFusionError>(input.execute(partition, context)?.boxed())
        };
        let batches = stream::once(answer).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        match inputs {
            [input] => Ok(input.clone()),
            _ => internal_err!("NewestFirstExec has one child"),
        }
    }
}
