//! `last_value(… ORDER BY timestamp) … GROUP BY labels` looks at the newest sample of each series alone: older ones need not be read.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use narthex_table::{ColumnNames, ReadExec};

/// Tells operators that read samples that only the newest count.
#[derive(Debug)]
pub(crate) struct NewestRows;

impl PhysicalOptimizerRule for NewestRows {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let newest = node.downcast_ref::<AggregateExec>().and_then(of_newest);
            let Some(newest) = newest else {
                return Ok(Transformed::no(node));
            };
            let same = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            let aggregate = node.replace_children(vec![Arc::new(newest)], same)?;
            Ok(Transformed::yes(aggregate))
        })
        .data()
    }

    fn name(&self) -> &str {
        "newest_rows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What `aggregate` may read instead, if the newest row of each series is enough: all rows of a series are in one group, and nothing
/// is asked of a group but its last row.
fn of_newest(aggregate: &AggregateExec) -> Option<ReadExec> {
    let reader = aggregate.input().downcast_ref::<ReadExec>()?;
    let groups = aggregate.group_expr();
    let by_labels = groups.is_single() && groups.expr().iter().all(|(expr, _)| is_label(expr));
    let unfiltered = aggregate.filter_expr().iter().all(Option::is_none);
    let asked = aggregate.aggr_expr();
    let of_last = !asked.is_empty() && asked.iter().all(|asked| is_of_last(asked));
    (by_labels && unfiltered && of_last).then(|| reader.newest())?
}

fn is_label(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let column = expr.downcast_ref::<Column>().map(Column::name);
    column.is_some_and(|name| ![ColumnNames::TIMESTAMP, ColumnNames::VALUE].contains(&name))
}

fn is_of_last(asked: &AggregateFunctionExpr) -> bool {
    let by_time = asked.order_bys().first().is_some_and(|order| {
        let column = order.expr.downcast_ref::<Column>();
        let is_time = column.is_some_and(|column| column.name() == ColumnNames::TIMESTAMP);
        is_time && !order.options.descending
    });
    asked.fun().name() == "last_value" && by_time && !asked.ignore_nulls() && !asked.is_reversed()
}
