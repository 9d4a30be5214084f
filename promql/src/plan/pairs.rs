//! Checks of pairs before an operator sees them: also a comparison that would let nothing through fails if its match is wrong.

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use narthex_model::{Result, label_column};

use super::columns::{VALUE, column, window};
use super::matching::{KEY, OTHER, other_label};
use super::planning;
use crate::functions::group::{Duplicate, Unique};
use crate::functions::meeting::Meeting;
use crate::functions::window::GroupFunction;

/// What is checked.
pub(super) struct Pairs {
    /// Both sides.
    pub(super) joined: LogicalPlan,
    /// Has a point where the operator can take a pair of points; `None` if it can take any.
    pub(super) taken: Option<Expr>,
    /// Where the sides leave word.
    pub(super) meeting: Option<Meeting>,
}

/// At most one pair per match and step. Gives the plan and the value of its "many" side.
pub(super) fn one_per_match(pairs: Pairs, keys: &[String]) -> Result<(LogicalPlan, Expr)> {
    let partition = keys.iter().map(|key| column(format!("{KEY}{key}")));
    checked(pairs, partition.collect(), Duplicate::OneToOne)
}

/// At most one pair per step for the labels of the result, of which the "one" side gives `include`.
pub(super) fn one_per_result(
    pairs: Pairs,
    labels: &[String],
    include: &[(&str, bool)],
) -> Result<(LogicalPlan, Expr)> {
    let taken = |l: &String| include.iter().any(|(name, _)| name == l);
    let own = labels.iter().filter(|l| !taken(l));
    let own = own.map(|l| column(label_column(l)));
    // A label that the "one" side lacks is absent everywhere.
    let others = include.iter().filter(|(_, there)| *there);
    let others = others.map(|(l, _)| column(other_label(l)));
    let partition = own.chain(others).collect();
    checked(pairs, partition, Duplicate::Grouped)
}

fn checked(pairs: Pairs, partition: Vec<Expr>, rule: Duplicate) -> Result<(LogicalPlan, Expr)> {
    let unique = Unique {
        rule,
        labels: Vec::new(),
        keys: Vec::new(),
        meeting: pairs.meeting,
    };
    let pair = [column(VALUE), column(OTHER)].into_iter();
    let pair = pair.chain(pairs.taken).collect();
    let value = window(unique.udwf(), pair, partition)?;
    let name = value.schema_name().to_string();
    let plan = LogicalPlanBuilder::from(pairs.joined).window([value]);
    let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
    Ok((plan, column(name)))
}
