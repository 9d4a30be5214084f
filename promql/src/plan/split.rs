//! Rows that become several, one for each text that a number of theirs has.

use datafusion::common::{Column, UnnestOptions};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use narthex_model::Result;

use super::columns::{VALUE, call, label};
use super::vector::Vector;
use super::{Planner, planning};
use crate::functions::plan_function::PlanFunction;
use crate::functions::split::{By, Part, Split};

/// The text of a row, before it becomes a label.
pub(super) const TEXT: &str = "#text";

impl Planner<'_> {
    /// The rows of `vector` by their texts, which column [`TEXT`] tells; `numbers` are those that are not its own.
    pub(super) fn split(&self, vector: Vector, by: By, numbers: Vec<Expr>) -> Result<Vector> {
        let most = i64::try_from(self.params.samples_max).unwrap_or(i64::MAX);
        let arguments: Vec<_> = [vector.value(), lit(most)]
            .into_iter()
            .chain(numbers)
            .collect();
        let part = |part: Part| call(&Split { part, by }.udf(), arguments.clone());
        let lists = [
            part(Part::Texts).alias(TEXT),
            part(Part::Points).alias(VALUE),
        ];
        let own = vector.labels.iter().map(|l| label(l));
        let own = own.chain(vector.names.column());
        let unnested = [TEXT, VALUE].map(Column::new_unqualified);
        let plan = LogicalPlanBuilder::from(vector.plan)
            .project(own.chain(lists))
            .and_then(|plan| {
                let options = UnnestOptions::new().with_preserve_nulls(false);
                plan.unnest_columns_with_options(unnested.to_vec(), options)
            })
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)?;
        Ok(Vector {
            plan,
            distinct: false,
            ..vector
        })
    }
}
