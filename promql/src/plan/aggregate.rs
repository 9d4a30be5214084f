//! Aggregations: `sum by (job) (x)`.

use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use narthex_model::{Result, label_column};

use super::columns::{VALUE, aggregate, call, column, window};
use super::scalar::attach;
use super::vector::{Vector, project, says_meaning};
use super::{Planned, Planner, not_supported, planning};
use crate::ast::{Aggregate, AggregateOp, Expr, Grouping};
use crate::functions::aggregate::Aggregation;
use crate::functions::limit_ratio;
use crate::functions::parameter::Demand;
use crate::functions::ranked::Ranked;
use crate::functions::window::GroupFunction;

impl Planner<'_> {
    pub(super) fn aggregate(&self, node: &Aggregate) -> Result<Vector> {
        let parameter = node.param.as_ref();
        let parameter = parameter.map(|p| self.parameter(node.op, p)).transpose()?;
        let vector = self.vector(&node.expr)?;
        let groups = group_labels(&vector.labels, &node.grouping);
        match node.op {
            AggregateOp::Sum => reduce(vector, Aggregation::Sum, &groups, None),
            AggregateOp::Avg => reduce(vector, Aggregation::Avg, &groups, None),
            AggregateOp::Count => reduce(vector, Aggregation::Count, &groups, None),
            AggregateOp::Min => reduce(vector, Aggregation::Min, &groups, None),
            AggregateOp::Max => reduce(vector, Aggregation::Max, &groups, None),
            AggregateOp::Group => reduce(vector, Aggregation::Group, &groups, None),
            AggregateOp::Stddev => reduce(vector, Aggregation::Stddev, &groups, None),
            AggregateOp::Stdvar => reduce(vector, Aggregation::Stdvar, &groups, None),
            AggregateOp::Quantile => reduce(vector, Aggregation::Quantile, &groups, parameter),
            AggregateOp::Topk => rank(vector, Ranked::Topk, &groups, parameter),
            AggregateOp::Bottomk => rank(vector, Ranked::Bottomk, &groups, parameter),
            AggregateOp::Limitk => rank(vector, Ranked::Limitk, &groups, parameter),
            AggregateOp::CountValues => Err(not_supported("count_values")),
            AggregateOp::LimitRatio => limit_ratio(vector, parameter),
        }
    }
}

impl Planner<'_> {
    fn parameter(&self, op: AggregateOp, expr: &Expr) -> Result<Planned> {
        let planned = self.plan(expr)?;
        let demand = match op {
            AggregateOp::Quantile => Demand::Quantile,
            AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk => Demand::Count,
            AggregateOp::LimitRatio => Demand::Ratio,
            _ => return Ok(planned),
        };
        self.demanded(demand, planned, expr.span)
    }
}

/// The labels that have a column and make the group.
pub(super) fn group_labels(labels: &[String], grouping: &Grouping) -> Vec<String> {
    match grouping {
        Grouping::None => Vec::new(),
        Grouping::By(names) => labels
            .iter()
            .filter(|l| names.contains(l))
            .cloned()
            .collect(),
        Grouping::Without(names) => labels
            .iter()
            .filter(|l| !says_meaning(l) && !names.contains(l))
            .cloned()
            .collect(),
    }
}

/// One series per group.
pub(super) fn reduce(
    vector: Vector,
    aggregation: Aggregation,
    groups: &[String],
    parameter: Option<Planned>,
) -> Result<Vector> {
    let value = vector.value();
    let (plan, parameters) = attach(vector.plan, parameter.into_iter().collect())?;
    let arguments = [value].into_iter().chain(parameters).collect();
    grouped(plan, groups, aggregate(&aggregation.udaf(None), arguments))
}

/// Groups `plan` by labels, with the aggregate expression `value`.
pub(super) fn grouped(
    plan: datafusion::logical_expr::LogicalPlan,
    groups: &[String],
    value: datafusion::logical_expr::Expr,
) -> Result<Vector> {
    let keys = groups.iter().map(|l| column(label_column(l)));
    let plan = LogicalPlanBuilder::from(plan)
        .aggregate(keys, [value])
        .and_then(LogicalPlanBuilder::build);
    Ok(Vector {
        plan: plan.map_err(planning)?,
        labels: groups.to_vec(),
        distinct: true,
    })
}

/// The series of a group that rank first, step by step.
fn rank(
    vector: Vector,
    which: Ranked,
    groups: &[String],
    parameter: Option<Planned>,
) -> Result<Vector> {
    let Vector {
        plan,
        labels,
        distinct,
    } = vector;
    let (plan, parameters) = attach(plan, parameter.into_iter().collect())?;
    let sets = labels.iter().map(|l| column(label_column(l)));
    let arguments = [column(VALUE)].into_iter().chain(parameters).chain(sets);
    let partition = groups.iter().map(|l| column(label_column(l))).collect();
    let ranked = window(which.udwf(), arguments.collect(), partition)?;
    let name = ranked.schema_name().to_string();
    let plan = LogicalPlanBuilder::from(plan)
        .window([ranked])
        .and_then(LogicalPlanBuilder::build)
        .map_err(planning)?;
    Ok(Vector {
        plan: project(plan, &labels, column(name))?,
        labels,
        distinct,
    })
}

/// The series whose hashes fall into a share of all.
fn limit_ratio(vector: Vector, parameter: Option<Planned>) -> Result<Vector> {
    let Vector {
        plan,
        labels,
        distinct,
    } = vector;
    let (plan, parameters) = attach(plan, parameter.into_iter().collect())?;
    let sets = labels
        .iter()
        .flat_map(|l| [lit(l.as_str()), column(label_column(l))]);
    let arguments = [column(VALUE)].into_iter().chain(parameters).chain(sets);
    let value = call(&limit_ratio::limit_ratio(), arguments.collect());
    Ok(Vector {
        plan: project(plan, &labels, value)?,
        labels,
        distinct,
    })
}
