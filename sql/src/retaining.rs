//! Window functions see all rows of their input before they answer the first: these rows count as memory of the query.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use narthex_model::Error;
use narthex_table::external;

use crate::sized;

/// The rows as they came, all rows in one, and the rows with the results.
const TIMES_KEPT: usize = 3;

/// Counts what window functions keep.
#[derive(Debug)]
pub(crate) struct RetainingWindows;

impl PhysicalOptimizerRule for RetainingWindows {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            refuse_collecting(node.as_ref())?;
            if !node.is::<WindowAggExec>() {
                return Ok(Transformed::no(node));
            }
            let inputs = node.children().into_iter().cloned();
            let counted = inputs.map(|input| Arc::new(RetainedExec { input }) as _);
            let counted = counted.collect();
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            node.replace_children(counted, options)
                .map(Transformed::yes)
        })
        .data()
    }

    fn name(&self) -> &str {
        "retaining_windows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Functions that give all rows of a frame as one value: with a frame for each row, of a few rows they make more than any memory
/// holds, in one step.
const COLLECTING: [&str; 2] = ["array_agg", "string_agg"];

fn refuse_collecting(node: &dyn ExecutionPlan) -> Result<()> {
    for window in window_functions(node).unwrap_or(&[]) {
        let mut names = COLLECTING.iter();
        if let Some(name) = names.find(|name| window.name().starts_with(**name)) {
            let message = format!("{name} cannot be a window function: group the rows instead");
            return Err(external(Error::invalid(message)));
        }
    }
    Ok(())
}

/// The functions that an operator calls over windows of rows; `None` if that is not what it does.
pub(crate) fn window_functions(node: &dyn ExecutionPlan) -> Option<&[Arc<dyn WindowExpr>]> {
    let any = node.downcast_ref().map(WindowAggExec::window_expr);
    any.or_else(|| node.downcast_ref().map(BoundedWindowAggExec::window_expr))
}

/// The rows of its input, which whoever reads them keeps.
#[derive(Debug)]
struct RetainedExec {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for RetainedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RetainedExec")
    }
}

impl ExecutionPlan for RetainedExec {
    fn name(&self) -> &str {
        "RetainedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
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
            (Some(input), true) => Ok(Arc::new(Self { input })),
            _ => internal_err!("RetainedExec has one child"),
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
        let kept = MemoryConsumer::new("WindowAggExec").register(context.memory_pool());
        let rows = self.input.execute(partition, context)?;
        let schema = rows.schema();
        let counted = rows.map(move |batch| {
            let batch = batch?;
            kept.try_grow(sized::bytes(&batch)?.saturating_mul(TIMES_KEPT))?;
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted)))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    /// Those of the input: rows pass as they are.
    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        match inputs {
            [input] => Ok(input.clone()),
            _ => internal_err!("RetainedExec has one child"),
        }
    }
}
