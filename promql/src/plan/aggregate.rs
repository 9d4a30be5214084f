//! Aggregations: `sum by (job) (x)`.

use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use narthex_model::{Error, Result, label_column};

use super::columns::{VALUE, aggregate, call, column, window};
use super::vector::{Vector, says_meaning};
use super::{Planned, Planner, blamed, planning};
use crate::ast::{Aggregate, AggregateOp, Expr, Grouping};
use crate::functions::aggregate::Aggregation;
use crate::functions::floats::Floats;
use crate::functions::limit_ratio::LimitRatio;
use crate::functions::parameter::Demand;
use crate::functions::plan_function::PlanFunction;
use crate::functions::presence::Presence;
use crate::functions::ranked::Ranked;
use crate::functions::window::GroupFunction;

impl Planner<'_> {
    pub(super) fn aggregate(&self, node: &Aggregate) -> Result<Vector> {
        let parameter = node.param.as_ref();
        let planned = parameter.map(|p| self.plan(p)).transpose()?;
        let vector = match node.op {
            AggregateOp::Count | AggregateOp::Group => self.presence(&node.expr)?,
            _ => self.vector(&node.expr)?,
        };
        let parameter = match (parameter, planned) {
            (Some(expr), Some(planned)) => Some(self.parameter(node.op, expr, planned)?),
            _ => None,
        };
        let groups = group_labels(&vector.labels, &node.grouping);
        if let (AggregateOp::CountValues, Some(Planned::Text(name))) = (node.op, &parameter) {
            return self.count_values(vector, name, &node.grouping);
        }
        if vector.is_mixed() {
            return self.mixed_aggregate(node, vector, &groups, parameter);
        }
        aggregated(node.op, vector, &groups, parameter)
    }

    /// An aggregation of points that may be native histograms.
    fn mixed_aggregate(
        &self,
        node: &Aggregate,
        vector: Vector,
        groups: &[String],
        parameter: Option<Planned>,
    ) -> Result<Vector> {
        let speaker = self.speaker(node.expr.span);
        let aggregation = match node.op {
            AggregateOp::Sum => Aggregation::MixedSum,
            AggregateOp::Avg => Aggregation::MixedAvg,
            AggregateOp::Count
            | AggregateOp::Group
            | AggregateOp::Limitk
            | AggregateOp::LimitRatio => {
                return aggregated(node.op, vector, groups, parameter);
            }
            op => {
                let floats = vector.map(&Floats(Some((op.as_str(), speaker))).udf())?;
                return aggregated(op, floats, groups, parameter);
            }
        };
        let value = vector.value();
        let value = aggregate(&aggregation.udaf(Some(speaker)), vec![value]);
        grouped(vector, groups, value)
    }
}

fn aggregated(
    op: AggregateOp,
    vector: Vector,
    groups: &[String],
    parameter: Option<Planned>,
) -> Result<Vector> {
    match op {
        AggregateOp::Sum => reduce(vector, Aggregation::Sum, groups, None),
        AggregateOp::Avg => reduce(vector, Aggregation::Avg, groups, None),
        AggregateOp::Count => reduce(vector, Aggregation::Count, groups, None),
        AggregateOp::Min => reduce(vector, Aggregation::Min, groups, None),
        AggregateOp::Max => reduce(vector, Aggregation::Max, groups, None),
        AggregateOp::Group => reduce(vector, Aggregation::Group, groups, None),
        AggregateOp::Stddev => reduce(vector, Aggregation::Stddev, groups, None),
        AggregateOp::Stdvar => reduce(vector, Aggregation::Stdvar, groups, None),
        AggregateOp::Quantile => reduce(vector, Aggregation::Quantile, groups, parameter),
        AggregateOp::Topk => rank(vector, Ranked::Topk, groups, parameter),
        AggregateOp::Bottomk => rank(vector, Ranked::Bottomk, groups, parameter),
        AggregateOp::Limitk => rank(vector, Ranked::Limitk, groups, parameter),
        AggregateOp::CountValues => Err(Error::internal("count_values without a label's name")),
        AggregateOp::LimitRatio => limit_ratio(vector, parameter),
    }
}

impl Planner<'_> {
    /// The parameter `expr`, which has been `planned`, with what is demanded of it. Its check speaks after the vector's functions.
    fn parameter(&self, op: AggregateOp, expr: &Expr, planned: Planned) -> Result<Planned> {
        let demand = match op {
            AggregateOp::Quantile => Demand::Quantile,
            AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk => Demand::Count,
            AggregateOp::LimitRatio => Demand::Ratio,
            _ => return Ok(planned),
        };
        self.demanded(demand, planned, blamed(expr))
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
    let vector = match aggregation {
        Aggregation::Count | Aggregation::Group if vector.is_mixed() => {
            vector.map(&Presence::There.udf())?
        }
        _ => vector,
    };
    let value = vector.value();
    let (vector, parameters) = vector.attach(parameter.into_iter().collect())?;
    let arguments = [value].into_iter().chain(parameters).collect();
    grouped(
        vector,
        groups,
        aggregate(&aggregation.udaf(None), arguments),
    )
}

/// Groups `vector` by labels, with the aggregate expression `value`. Names in the groups share the fate of those in the vector.
pub(super) fn grouped(
    vector: Vector,
    groups: &[String],
    value: datafusion::logical_expr::Expr,
) -> Result<Vector> {
    let named = groups.iter().any(|l| says_meaning(l));
    let names = if named {
        vector.names
    } else {
        vector.names.kept()
    };
    let keys = groups.iter().map(|l| column(label_column(l)));
    let plan = LogicalPlanBuilder::from(vector.plan)
        .aggregate(keys.chain(names.column()), [value])
        .and_then(LogicalPlanBuilder::build);
    Ok(Vector {
        plan: plan.map_err(planning)?,
        labels: groups.to_vec(),
        distinct: !named,
        names,
    })
}

/// The series of a group that rank first, step by step.
fn rank(
    vector: Vector,
    which: Ranked,
    groups: &[String],
    parameter: Option<Planned>,
) -> Result<Vector> {
    let (vector, parameters) = vector.attach(parameter.into_iter().collect())?;
    let sets = vector.labels.iter().map(|l| column(label_column(l)));
    let arguments = [column(VALUE)].into_iter().chain(parameters).chain(sets);
    let partition = groups.iter().map(|l| column(label_column(l))).collect();
    let ranked = window(which.udwf(), arguments.collect(), partition)?;
    let name = ranked.schema_name().to_string();
    let plan = LogicalPlanBuilder::from(vector.plan).window([ranked]);
    let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
    Vector { plan, ..vector }.with_value(column(name))
}

/// The series whose hashes fall into a share of all.
fn limit_ratio(vector: Vector, parameter: Option<Planned>) -> Result<Vector> {
    let (vector, parameters) = vector.attach(parameter.into_iter().collect())?;
    let sets = vector.labels.iter();
    let sets = sets.flat_map(|l| [lit(l.as_str()), column(label_column(l))]);
    let arguments = [column(VALUE)].into_iter().chain(parameters).chain(sets);
    let value = call(&LimitRatio.udf(), arguments.collect());
    vector.with_value(value)
}
