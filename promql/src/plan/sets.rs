//! Set operators: `and`, `or`, `unless`, decided at each step.

use datafusion::logical_expr::{JoinType, LogicalPlanBuilder, lit};
use narthex_model::{Error, Result, label_column};

use super::aggregate::reduce;
use super::columns::{VALUE, call, column, window};
use super::matching::{OTHER, join, match_labels};
use super::names::{DROPPED, Names};
use super::vector::Vector;
use super::{Planner, planning};
use crate::ast::{Binary, BinaryOp, Matching, Node};
use crate::functions::aggregate::Aggregation;
use crate::functions::no_label::NoLabel;
use crate::functions::plan_function::PlanFunction;
use crate::functions::presence::Presence;
use crate::functions::sides::FirstSide;
use crate::functions::window::GroupFunction;

/// Where each row of a union comes from.
const SIDE: &str = "#side";

impl Planner<'_> {
    /// `and` and `unless`.
    pub(super) fn set(&self, node: &Binary, left: Vector, right: Vector) -> Result<Vector> {
        let matching = matching(node)?;
        let keys = match_labels(matching, &left.labels, &right.labels);
        match node.op {
            BinaryOp::And => masked(left, right, &keys, Presence::And, JoinType::Inner),
            _ => masked(left, right, &keys, Presence::Unless, JoinType::Left),
        }
    }

    /// A chain `a or b or c` with one way of matching: all sides are read once, and at each step the first side with a
    /// point in a match group wins.
    pub(super) fn or(&self, node: &Binary) -> Result<Vector> {
        let matching = matching(node)?;
        let mut sides = Vec::new();
        self.sides_of(node, matching, &mut sides)?;
        let mut labels: Vec<_> = sides
            .iter()
            .flat_map(|s| s.labels.iter().cloned())
            .collect();
        labels.sort();
        labels.dedup();
        let keys = match_labels(matching, &labels, &[]);
        let partition = keys
            .iter()
            .filter(|k| labels.contains(k))
            .map(|k| column(label_column(k)));
        let first = window(
            FirstSide.udwf(),
            vec![column(VALUE), column(SIDE)],
            partition.collect(),
        )?;
        let name = first.schema_name().to_string();
        let all = union(sides, labels)?;
        let plan = LogicalPlanBuilder::from(all.plan).window([first]);
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
        Vector { plan, ..all }.with_value(column(name))
    }

    fn sides_of(&self, node: &Binary, chain: &Matching, sides: &mut Vec<Vector>) -> Result<()> {
        match &node.lhs.node {
            Node::Binary(left)
                if left.op == BinaryOp::Or && left.matching.as_ref() == Some(chain) =>
            {
                self.sides_of(left, chain, sides)?;
            }
            _ => sides.push(self.vector(&node.lhs)?),
        }
        sides.push(self.vector(&node.rhs)?);
        Ok(())
    }
}

fn matching(node: &Binary) -> Result<&Matching> {
    let matching = node.matching.as_ref();
    matching.ok_or_else(|| Error::internal("vectors without matching"))
}

/// The points of `kept` where `other` has, or has not, a point in the same match group.
pub(super) fn masked(
    kept: Vector,
    other: Vector,
    keys: &[String],
    presence: Presence,
    join_type: JoinType,
) -> Result<Vector> {
    let groups: Vec<_> = other
        .labels
        .iter()
        .filter(|l| keys.contains(l))
        .cloned()
        .collect();
    let there = reduce(other, Aggregation::Group, &groups, None)?;
    let plan = join(kept.clone(), &there, keys, &[], join_type)?;
    let value = call(&presence.udf(), vec![column(VALUE), column(OTHER)]);
    Vector { plan, ..kept }.with_value(value)
}

/// All series of all sides with the labels `labels`, each with the number of its side in the column [`SIDE`]; a label that a side
/// lacks is absent there.
pub(super) fn union(sides: Vec<Vector>, labels: Vec<String>) -> Result<Vector> {
    let states: Vec<_> = sides.iter().map(|side| side.names).collect();
    let names = Names::together(&states);
    let mixed = sides.iter().any(Vector::is_mixed);
    let mut all: Option<LogicalPlanBuilder> = None;
    for (number, side) in (0_i64..).zip(sides) {
        let side = if mixed { side.mixed()? } else { side };
        let source = |l: &String| {
            let there = side.labels.contains(l);
            if there {
                column(label_column(l))
            } else {
                call(&NoLabel.udf(), vec![column(VALUE), lit(l.as_str())])
            }
        };
        let mark = (names == Names::Marked).then(|| side.names.mark().alias(DROPPED));
        let own = [column(VALUE).alias(VALUE), lit(number).alias(SIDE)];
        let columns = labels.iter().map(|l| source(l).alias(label_column(l)));
        let columns: Vec<_> = columns.chain(mark).chain(own).collect();
        let plan = LogicalPlanBuilder::from(side.plan).project(columns);
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
        all = Some(match all {
            None => LogicalPlanBuilder::from(plan),
            Some(before) => before.union(plan).map_err(planning)?,
        });
    }
    let all = all.ok_or_else(|| Error::internal("a union of nothing"))?;
    Ok(Vector {
        plan: all.build().map_err(planning)?,
        labels,
        distinct: false,
        names,
    })
}
