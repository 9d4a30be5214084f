//! What becomes of the metric's name when values change their meaning.
//!
//! Usually it goes at once. With delayed removal, a feature of Prometheus, the name stays in sight of outer expressions (`by
//! (__name__)`, `label_replace`) and goes at the end of the query.

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit, when};
use narthex_model::{Result, TIMESTAMPS_COLUMN, VALUES_COLUMN, label_column};

use super::arithmetic::is_trim;
use super::columns::{VALUE, absent_label, column, label};
use super::planning;
use super::vector::{Samples, Vector, nameless, says_meaning};
use crate::ast::Binary;
use crate::functions::binary::comparison;

/// The state of a vector's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Removal is not delayed: those that had to go are gone.
    Eager,
    /// They stay.
    Kept,
    /// They go at the end.
    Dropped,
    /// At the end they go from the rows that [`DROPPED`] marks.
    Marked,
}

/// The column that says of each row whether its name goes at the end.
pub(super) const DROPPED: &str = "#dropped";

impl Names {
    /// After values have changed their meaning.
    pub(super) fn dropped(self) -> Self {
        match self {
            Self::Eager => Self::Eager,
            _ => Self::Dropped,
        }
    }

    /// After new names, or none, were given to all.
    pub(super) fn kept(self) -> Self {
        match self {
            Self::Eager => Self::Eager,
            _ => Self::Kept,
        }
    }

    /// That of rows from several vectors.
    pub(super) fn together(all: &[Self]) -> Self {
        match all {
            [first, rest @ ..] if rest.iter().all(|names| names == first) => *first,
            [] => Self::Eager,
            _ => Self::Marked,
        }
    }

    /// The column of marks, for projections that keep names as they are.
    pub(super) fn column(self) -> Option<Expr> {
        (self == Self::Marked).then(|| column(DROPPED))
    }

    /// Whether a row's names go at the end.
    pub(super) fn mark(self) -> Expr {
        match self {
            Self::Eager | Self::Kept => lit(false),
            Self::Dropped => lit(true),
            Self::Marked => column(DROPPED),
        }
    }
}

impl Vector {
    /// The vector without the names whose removal was delayed.
    pub(super) fn without_dropped_names(self) -> Result<LogicalPlan> {
        without_dropped(self.plan, &self.labels, self.names, [column(VALUE)])
    }
}

impl Samples {
    /// As [`Vector::without_dropped_names`].
    pub(super) fn without_dropped_names(self) -> Result<LogicalPlan> {
        let samples = [column(TIMESTAMPS_COLUMN), column(VALUES_COLUMN)];
        without_dropped(self.plan, &self.labels, self.names, samples)
    }
}

/// Projects `plan` to `values` and the labels that are left at the end.
fn without_dropped(
    plan: LogicalPlan,
    labels: &[String],
    names: Names,
    values: impl IntoIterator<Item = Expr>,
) -> Result<LogicalPlan> {
    let columns = match names {
        Names::Eager | Names::Kept => return Ok(plan),
        Names::Dropped => nameless(labels).iter().map(|l| label(l)).collect(),
        Names::Marked => labels
            .iter()
            .map(|l| unless_dropped(l))
            .collect::<Result<Vec<_>>>()?,
    };
    LogicalPlanBuilder::from(plan)
        .project(columns.into_iter().chain(values))
        .and_then(LogicalPlanBuilder::build)
        .map_err(planning)
}

/// Whether the result of an operator between vectors still has the names of its left side.
pub(super) fn keeps_name(node: &Binary, names: Names) -> bool {
    let filters = comparison(node.op).is_some() && (!node.return_bool || names != Names::Eager);
    filters || is_trim(node.op)
}

/// The state of names after an operator between vectors: what a comparison lets through counts as never changed.
pub(super) fn names_after(node: &Binary, names: Names) -> Names {
    if node.return_bool {
        names.dropped()
    } else {
        names
    }
}

/// A label column; absent where it says what a metric is that was marked.
fn unless_dropped(name: &str) -> Result<Expr> {
    if !says_meaning(name) {
        return Ok(label(name));
    }
    let kept = when(column(DROPPED), absent_label()).otherwise(label(name));
    Ok(kept.map_err(planning)?.alias(label_column(name)))
}
