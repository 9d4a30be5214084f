//! `fill`, `fill_left`, `fill_right`: a constant takes the place of a partner that is missing at a step.
//!
//! Beside the matched pairs there are the points of either side for which the other has none in the match group.
//! As in Prometheus, of a grouped match the right value stands for the "one" side and the left value for the "many" side, also
//! with `group_right`.

use datafusion::logical_expr::{Expr, JoinType};
use narthex_model::Result;

use super::Planner;
use super::arithmetic::{is_trim, kind};
use super::columns::{VALUE, call, column};
use super::matching::result_labels;
use super::names::{Names, keeps_name, names_after};
use super::sets::{masked, union};
use super::vector::{Vector, project};
use crate::ast::{Binary, Cardinality, Matching};
use crate::functions::binary::binary;
use crate::functions::presence::Presence;

impl Planner<'_> {
    /// `pairs` and the points that have no partner but a fill value.
    pub(super) fn filled(
        &self,
        node: &Binary,
        matching: &Matching,
        pairs: Vector,
        many: &Vector,
        one: &Vector,
        keys: &[String],
    ) -> Result<Vector> {
        let names = self.names();
        let mut sides = vec![pairs];
        if let Some(value) = matching.fill_right {
            let labels = labels_without_one(node, matching, &many.labels, keys, names);
            let alone = unmatched(many, one, keys)?;
            sides.push(self.with_constant(node, matching, alone, labels, (value, Side::One))?);
        }
        if let Some(value) = matching.fill_left {
            let labels = labels_without_many(node, matching, &one.labels, keys, names);
            let alone = unmatched(one, many, keys)?;
            sides.push(self.with_constant(node, matching, alone, labels, (value, Side::Many))?);
        }
        let mut labels: Vec<_> = sides.iter().flat_map(|s| s.labels.clone()).collect();
        labels.sort();
        labels.dedup();
        union(sides, labels)?.with_value(column(VALUE))
    }

    /// The operator between `vector` and a constant that stands for the side that is missing.
    fn with_constant(
        &self,
        node: &Binary,
        matching: &Matching,
        vector: Vector,
        labels: Vec<String>,
        (value, missing): (f64, Side),
    ) -> Result<Vector> {
        let constant = self.constant(value);
        let one_is_left = matching.cardinality == Cardinality::OneToMany;
        let operands = if (missing == Side::One) == one_is_left {
            [constant, column(VALUE)]
        } else {
            [column(VALUE), constant]
        };
        let operator = if vector.is_mixed() || is_trim(node.op) {
            self.mixed_operator(node, false)
        } else {
            binary(node.op, kind(node))
        };
        let value: Expr = call(&operator, operands.to_vec());
        Ok(Vector {
            plan: project(vector.plan, &labels, value)?,
            labels,
            distinct: false,
            names: names_after(node, self.names()),
        })
    }
}

/// The sides of a match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Many,
    One,
}

/// The points of `vector` for which `other` has none in the match group.
fn unmatched(vector: &Vector, other: &Vector, keys: &[String]) -> Result<Vector> {
    masked(
        vector.clone(),
        other.clone(),
        keys,
        Presence::Unless,
        JoinType::Left,
    )
}

/// The result's labels where the "one" side is missing: it has the labels that match, and no others to include.
fn labels_without_one(
    node: &Binary,
    matching: &Matching,
    many: &[String],
    keys: &[String],
    names: Names,
) -> Vec<String> {
    let mut labels = result_labels(matching, many, keeps_name(node, names));
    labels.retain(|l| !matching.include.contains(l) || keys.contains(l));
    labels
}

/// The result's labels where the "many" side is missing: it has the labels that match.
fn labels_without_many(
    node: &Binary,
    matching: &Matching,
    one: &[String],
    keys: &[String],
    names: Names,
) -> Vec<String> {
    let known: Vec<_> = one.iter().filter(|l| keys.contains(l)).cloned().collect();
    let mut labels = result_labels(matching, &known, keeps_name(node, names));
    labels.extend(matching.include.iter().filter(|l| one.contains(l)).cloned());
    labels.sort();
    labels.dedup();
    labels
}
