//! Follows the first column that rows are sorted by down to the times of samples.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use narthex_model::TimeRange;
use narthex_table::{ColumnNames, ReadExec};

/// Functions of a time that a later time makes no less: their first argument is a constant.
const BUCKETS: [&str; 2] = ["date_bin", "date_trunc"];

/// What an operator that gives the newest rows does with time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traced {
    /// The times of the samples that it reads.
    pub(super) times: TimeRange,
    /// Whether its rows are groups of samples, each of other times than all others.
    pub(super) grouped: bool,
}

impl Traced {
    /// What `plan` does, if it gives the rows with the latest times first, of one table's samples. Older samples then change nothing about
    /// the newest rows, but for the oldest group.
    pub(super) fn of(plan: &dyn ExecutionPlan) -> Option<Self> {
        let column = latest_first(order(plan)?)?;
        trace(plan, column)
    }
}

fn order(plan: &dyn ExecutionPlan) -> Option<&LexOrdering> {
    let sort = plan.downcast_ref().map(SortExec::expr);
    sort.or_else(|| plan.downcast_ref().map(SortPreservingMergeExec::expr))
}

/// The column of the first key, if it descends.
fn latest_first(order: &LexOrdering) -> Option<usize> {
    let first = order.first();
    let column = first.expr.downcast_ref::<Column>()?;
    first.options.descending.then(|| column.index())
}

/// Looks where `column` of `plan` comes from.
fn trace(plan: &dyn ExecutionPlan, column: usize) -> Option<Traced> {
    if let Some(reader) = plan.downcast_ref::<ReadExec>() {
        let is_time = reader.schema().field(column).name() == ColumnNames::TIMESTAMP;
        let times = is_time.then(|| reader.times()).flatten()?;
        return Some(Traced {
            times,
            grouped: false,
        });
    }
    if let Some(order) = order(plan) {
        // Rows that were cut off before were older.
        let same = latest_first(order) == Some(column);
        return same.then(|| trace(only_child(plan)?, column))?;
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let from = time_column(&projection.expr().get(column)?.expr, false)?;
        return trace(projection.input().as_ref(), from);
    }
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>() {
        return trace_groups(aggregate, column);
    }
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        let from = match filter.projection() {
            Some(kept) => *kept.get(column)?,
            None => column,
        };
        return trace(filter.input().as_ref(), from);
    }
    let passes = plan.is::<RepartitionExec>() || plan.is::<CoalescePartitionsExec>();
    (passes && plan.fetch().is_none()).then(|| trace(only_child(plan)?, column))?
}

/// Groups by time alone: each of their rows is of other times than all others.
fn trace_groups(aggregate: &AggregateExec, column: usize) -> Option<Traced> {
    let groups = aggregate.group_expr();
    let [(by, _)] = groups.expr() else {
        return None;
    };
    let plain = column == 0 && groups.is_single() && aggregate.limit_options().is_none();
    let from = plain.then(|| time_column(by, true))??;
    let inside = trace(aggregate.input().as_ref(), from)?;
    Some(Traced {
        grouped: true,
        ..inside
    })
}

/// The column that `expr` is, or, if `buckets` may be, that it is a bucket of.
fn time_column(expr: &Arc<dyn PhysicalExpr>, buckets: bool) -> Option<usize> {
    if let Some(column) = expr.downcast_ref::<Column>() {
        return Some(column.index());
    }
    if let Some(cast) = expr.downcast_ref::<CastExpr>() {
        // To a finer unit, in some zone: the order stays.
        let finer = matches!(
            cast.cast_type(),
            DataType::Timestamp(unit, Some(_)) if *unit != TimeUnit::Second
        );
        return finer.then(|| time_column(cast.expr(), buckets))?;
    }
    let call = expr.downcast_ref::<ScalarFunctionExpr>()?;
    let (width, rest) = call.args().split_first()?;
    let (time, origin) = rest.split_first()?;
    let known = buckets && BUCKETS.contains(&call.fun().name());
    let constant = |arg: &Arc<dyn PhysicalExpr>| arg.is::<Literal>();
    (known && constant(width) && origin.iter().all(constant)).then(|| time_column(time, false))?
}

fn only_child(plan: &dyn ExecutionPlan) -> Option<&dyn ExecutionPlan> {
    let mut children = plan.children();
    let only = children.pop()?;
    children.is_empty().then_some(only.as_ref())
}
