//! Operators between two vectors: series are matched once by their labels, then computed step by step.

use datafusion::common::{Column, NullEquality};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, lit};
use narthex_model::{Error, METRIC_NAME, Result, label_column};

use super::arithmetic::{is_trim, kind};
use super::columns::{VALUE, absent_label, call, column, label};
use super::names::{Names, keeps_name, names_after};
use super::pairs::{Pairs, one_per_match, one_per_result};
use super::vector::{Vector, says_meaning};
use super::{Planner, planning};
use crate::ast::{Binary, Cardinality, Matching};
use crate::functions::binary::binary;
use crate::functions::group::Duplicate;
use crate::functions::meeting::Seen;
use crate::functions::plan_function::PlanFunction;

/// The value of the other side after a join.
pub(super) const OTHER: &str = "#other";

/// The beginning of names of columns that hold what was matched.
pub(super) const KEY: &str = "#key:";

impl Planner<'_> {
    /// Arithmetic or comparison between vectors.
    pub(super) fn matched(&self, node: &Binary, left: Vector, right: Vector) -> Result<Vector> {
        let matching = node
            .matching
            .as_ref()
            .ok_or_else(|| Error::internal("vectors without matching"))?;
        let swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if swapped {
            (right, left)
        } else {
            (left, right)
        };
        let keys = match_labels(matching, &many.labels, &one.labels);
        let rule = if swapped {
            Duplicate::OneSideLeft
        } else {
            Duplicate::OneSideRight
        };
        let include = included(matching, &one);
        let many_unique = many.is_unique_by(&keys);
        let many_distinct = many.distinct && include.is_empty();
        let one_to_one = matching.cardinality == Cardinality::OneToOne;
        let sound = if one_to_one {
            many_unique
        } else {
            many_distinct
        };
        let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
        let meeting = (!fills && self.params.decoded).then(|| self.meetings.add(!sound));
        let (many, one) = match &meeting {
            _ if one.is_unique_by(&keys) => (many, one),
            None => (many, one.checked(&keys, rule, None)?),
            Some(meeting) => {
                let one = one.checked(&keys, rule, Some(meeting.clone()))?;
                (many.map(&Seen(meeting.clone()).udf())?, one)
            }
        };
        let (many, one) = match fills {
            // Looked at once for the pairs, and once more for those without a partner.
            true => (self.kept(many)?, self.kept(one)?),
            false => (many, one),
        };
        let many_labels = many.labels.clone();
        let mixed = many.is_mixed() || one.is_mixed() || is_trim(node.op);
        let joined = join(many.clone(), &one, &keys, &include, JoinType::Inner)?;

        let names = self.names();
        let labels = result_labels(matching, &many_labels, keeps_name(node, names));
        let operands = |many: Expr| match swapped {
            true => vec![column(OTHER), many],
            false => vec![many, column(OTHER)],
        };
        let taken = || call(&self.takes(node), operands(column(VALUE)));
        let (joined, many_value) = if sound || fills {
            (joined, column(VALUE))
        } else {
            let pairs = Pairs {
                joined,
                taken: mixed.then(taken),
                meeting,
            };
            match one_to_one {
                true => one_per_match(pairs, &keys)?,
                false => one_per_result(pairs, &labels, &include)?,
            }
        };
        let operator = if mixed {
            self.mixed_operator(node, false)
        } else {
            binary(node.op, kind(node))
        };
        let value = call(&operator, operands(many_value));
        let pairs = result(joined, labels, &include, value)?;
        let pairs = Vector {
            names: names_after(node, names),
            distinct: sound,
            ..pairs
        };
        if !fills {
            return Ok(pairs);
        }
        let all = self.filled(node, matching, pairs, &many, &one, &keys)?;
        check(matching, all, &keys, many_unique, many_distinct)?.merged()
    }
}

/// The labels that must agree: those of `on`, or all that either side has but those of `ignoring` and the name.
pub(super) fn match_labels(matching: &Matching, a: &[String], b: &[String]) -> Vec<String> {
    if matching.on {
        let mut labels = matching.labels.clone();
        labels.sort();
        labels.dedup();
        return labels;
    }
    let wanted = |l: &&String| *l != METRIC_NAME && !matching.labels.contains(l);
    let mut labels: Vec<_> = a.iter().chain(b).filter(wanted).cloned().collect();
    labels.sort();
    labels.dedup();
    labels
}

/// The labels of `group_left (…)`; the one side may lack some.
fn included<'a>(matching: &'a Matching, one: &Vector) -> Vec<(&'a str, bool)> {
    matching
        .include
        .iter()
        .map(|l| (l.as_str(), one.labels.contains(l)))
        .collect()
}

/// The column of the one side that holds its label `name` after a join.
pub(super) fn other_label(name: &str) -> String {
    format!("#other:{name}")
}

/// Joins `one` to `many` on `keys`, where absent equals absent. Afterwards `many` has its columns, `one` has [`OTHER`] and its
/// included labels.
pub(super) fn join(
    many: Vector,
    one: &Vector,
    keys: &[String],
    include: &[(&str, bool)],
    join_type: JoinType,
) -> Result<LogicalPlan> {
    let (left, left_keys) = with_keys(
        many.plan,
        &many.labels,
        keys,
        KEY,
        many.labels
            .iter()
            .map(|l| label(l))
            .chain(many.names.column()),
        VALUE,
    )?;
    let others = include.iter().map(|(l, there)| {
        let source = if *there {
            column(label_column(l))
        } else {
            absent_label()
        };
        source.alias(other_label(l))
    });
    let (right, right_keys) = with_keys(
        one.plan.clone(),
        &one.labels,
        keys,
        "#match:",
        others,
        OTHER,
    )?;
    let left = LogicalPlanBuilder::from(left);
    let keys = (left_keys, right_keys);
    let joined = left.join_detailed(right, join_type, keys, None, NullEquality::NullEqualsNull);
    joined.and_then(LogicalPlanBuilder::build).map_err(planning)
}

/// Projects `plan` to `columns`, its value as `value`, and one column per key; absent labels become NULL columns. Without
/// keys, a constant is the key: a join must have one.
fn with_keys(
    plan: LogicalPlan,
    labels: &[String],
    keys: &[String],
    prefix: &str,
    columns: impl Iterator<Item = Expr>,
    value: &str,
) -> Result<(LogicalPlan, Vec<Column>)> {
    let mut all: Vec<_> = columns.collect();
    let mut names: Vec<_> = keys.iter().map(|key| format!("{prefix}{key}")).collect();
    all.extend(keys.iter().zip(&names).map(|(key, name)| {
        let there = labels.contains(key);
        let source = if there {
            column(label_column(key))
        } else {
            absent_label()
        };
        source.alias(name)
    }));
    if keys.is_empty() {
        names.push(prefix.to_owned());
        all.push(lit(0_i64).alias(prefix));
    }
    all.push(column(VALUE).alias(value));
    let plan = LogicalPlanBuilder::from(plan).project(all);
    let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
    Ok((
        plan,
        names.into_iter().map(Column::new_unqualified).collect(),
    ))
}

pub(super) fn result_labels(matching: &Matching, many: &[String], keeps_name: bool) -> Vec<String> {
    let one_to_one = matching.cardinality == Cardinality::OneToOne;
    let keep = |l: &&String| {
        let named = keeps_name || !says_meaning(l);
        let listed = matching.labels.contains(l);
        named && (!one_to_one || listed == matching.on)
    };
    many.iter().filter(keep).cloned().collect()
}

fn result(
    joined: LogicalPlan,
    labels: Vec<String>,
    include: &[(&str, bool)],
    value: Expr,
) -> Result<Vector> {
    let kept = labels
        .iter()
        .filter(|l| !include.iter().any(|(i, _)| i == l));
    let columns: Vec<_> = kept.map(|l| label(l)).collect();
    let taken = include
        .iter()
        .map(|(l, _)| column(other_label(l)).alias(label_column(l)));
    let all = columns.into_iter().chain(taken).chain([value.alias(VALUE)]);
    let plan = LogicalPlanBuilder::from(joined)
        .project(all)
        .and_then(LogicalPlanBuilder::build)
        .map_err(planning)?;
    let mut labels = labels;
    labels.extend(include.iter().map(|(l, _)| (*l).to_owned()));
    labels.sort();
    labels.dedup();
    Ok(Vector {
        plan,
        labels,
        distinct: false,
        names: Names::Eager,
    })
}

/// Checks the result where the plan alone does not show that it is unique.
fn check(
    matching: &Matching,
    result: Vector,
    keys: &[String],
    many_unique: bool,
    many_distinct: bool,
) -> Result<Vector> {
    let one_to_one = matching.cardinality == Cardinality::OneToOne;
    let (sound, labels, rule) = if one_to_one {
        (many_unique, keys.to_vec(), Duplicate::OneToOne)
    } else {
        (many_distinct, result.labels.clone(), Duplicate::Grouped)
    };
    let checked = if sound {
        result
    } else {
        result.checked_unique(&labels, rule)?
    };
    Ok(Vector {
        distinct: true,
        ..checked
    })
}
