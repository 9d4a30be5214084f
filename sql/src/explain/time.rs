//! How long an operator computed, without its inputs.

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::metrics::MetricsSet;

use super::operator::Operator;

/// Operators whose inputs run in tasks of their own.
const APART: [&str; 4] = [
    "CoalescePartitionsExec",
    "RepartitionExec",
    "SharedExec",
    "SortPreservingMergeExec",
];

/// Seconds that `plan` computed, over all partitions; `inputs` have theirs already.
///
/// DataFusion 55 counts the time of a hash join twice, and in it what the side took that is collected first.
pub(super) fn own_seconds(
    plan: &dyn ExecutionPlan,
    metrics: &MetricsSet,
    inputs: &[Operator],
) -> f64 {
    let nanoseconds = |nanoseconds: usize| nanoseconds as f64 / 1e9;
    if !plan.is::<HashJoinExec>() {
        return nanoseconds(metrics.elapsed_compute().unwrap_or(0));
    }
    let named = |name| {
        let time = metrics.sum_by_name(name);
        time.map_or(0.0, |time| nanoseconds(time.as_usize()))
    };
    let collected = inputs.first().map_or(0.0, polled_seconds);
    (named("build_time") - collected).max(0.0) + named("join_time")
}

/// Seconds that whoever polls `operator` spends in it and below it.
fn polled_seconds(operator: &Operator) -> f64 {
    let own = operator
        .actual
        .as_ref()
        .map_or(0.0, |actual| actual.seconds);
    if APART.contains(&operator.operator.as_str()) {
        return own;
    }
    own + operator.inputs.iter().map(polled_seconds).sum::<f64>()
}
