//! Checks of pairs before an operator sees them: also a comparison that would let nothing through fails if its match is wrong.

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use narthex_model::{Result, label_column};

use super::columns::{VALUE, column, window};
use super::matching::{KEY, OTHER, other_label};
use super::planning;
use crate::functions::group::{Duplicate, Unique};
use crate::functions::meeting::Meeting;
use crate::functions::window::GroupFunction;

/// At most one pair per match and step. Gives the plan and the value of its "many" side.
pub(super) fn one_per_match(
    joined: LogicalPlan,
    keys: &[String],
    meeting: Option<Meeting>,
) -> Result<(LogicalPlan, Expr)> {
    let partition = keys.iter().map(|key| column(format!("{KEY}{key}")));
    checked(joined, partition.collect(), Duplicate::OneToOne, meeting)
}

/// At most one pair per step for the labels of the result, of which the "one" side gives `include`.
pub(super) fn one_per_result(
    joined: LogicalPlan,
    labels: &[String],
    include: &[(&str, bool)],
    meeting: Option<Meeting>,
) -> Result<(LogicalPlan, Expr)> {
    let taken = |l: &String| include.iter().any(|(name, _)| name == l);
    let own = labels.iter().filter(|l| !taken(l));
    let own = own.map(|l| column(label_column(l)));
    // A label that the "one" side lacks is absent everywhere.
    let others = include.iter().filter(|(_, there)| *there);
    let others = others.map(|(l, _)| column(other_label(l)));
    let partition = own.chain(others).collect();
    checked(joined, partition, Duplicate::Grouped, meeting)
}

fn checked(
    joined: LogicalPlan,
    partition: Vec<Expr>,
    rule: Duplicate,
    meeting: Option<Meeting>,
) -> Result<(LogicalPlan, Expr)> {
    let unique = Unique {
        rule,
        labels: Vec::new(),
        keys: Vec::new(),
        meeting,
    };
    let pair = vec![column(VALUE), column(OTHER)];
    let value = window(unique.udwf(), pair, partition)?;
    let name = value.schema_name().to_string();
    let plan = LogicalPlanBuilder::from(joined).window([value]);
    let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
    Ok((plan, column(name)))
}
