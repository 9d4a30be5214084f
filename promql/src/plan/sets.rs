//! Set operators: `and`, `or`, `unless`, decided at each step.

use datafusion::logical_expr::{JoinType, LogicalPlanBuilder};
use narthex_model::{Error, Result, label_column};

use super::aggregate::reduce;
use super::columns::{VALUE, absent_label, call, column};
use super::matching::{OTHER, join, match_labels};
use super::vector::{Vector, project};
use super::{Planner, planning};
use crate::ast::{Binary, BinaryOp};
use crate::functions::aggregate::Aggregation;
use crate::functions::presence::Presence;

impl Planner<'_> {
    pub(super) fn set(&self, node: &Binary, left: Vector, right: Vector) -> Result<Vector> {
        let matching = node
            .matching
            .as_ref()
            .ok_or_else(|| Error::internal("vectors without matching"))?;
        let keys = match_labels(matching, &left, &right);
        match node.op {
            BinaryOp::And => masked(left, right, &keys, Presence::And, JoinType::Inner),
            BinaryOp::Unless => masked(left, right, &keys, Presence::Unless, JoinType::Left),
            _ => {
                let rest = masked(right, left.clone(), &keys, Presence::Unless, JoinType::Left)?;
                union(left, rest)
            }
        }
    }
}

/// The points of `kept` where `other` has, or has not, a point in the same match group.
fn masked(
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
    let (labels, distinct) = (kept.labels.clone(), kept.distinct);
    let joined = join(kept, &there, keys, &[], join_type)?;
    let value = call(&presence.udf(), vec![column(VALUE), column(OTHER)]);
    Ok(Vector {
        plan: project(joined, &labels, value)?,
        labels,
        distinct,
    })
}

/// All series of both; a label that one side lacks is absent there.
fn union(a: Vector, b: Vector) -> Result<Vector> {
    let mut labels: Vec<_> = a.labels.iter().chain(&b.labels).cloned().collect();
    labels.sort();
    labels.dedup();
    let widened = |side: Vector| {
        let columns: Vec<_> = labels
            .iter()
            .map(|l| {
                if side.labels.contains(l) {
                    column(label_column(l))
                } else {
                    absent_label()
                }
                .alias(label_column(l))
            })
            .chain([column(VALUE).alias(VALUE)])
            .collect();
        LogicalPlanBuilder::from(side.plan)
            .project(columns)
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)
    };
    let (a, b) = (widened(a)?, widened(b)?);
    let plan = LogicalPlanBuilder::from(a)
        .union(b)
        .and_then(LogicalPlanBuilder::build)
        .map_err(planning)?;
    Ok(Vector {
        plan,
        labels,
        distinct: false,
    })
}
