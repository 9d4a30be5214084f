//! `count_values`: every value becomes a series of its own, and those are counted like any others.

use datafusion::common::{Column, UnnestOptions};
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use narthex_model::{Error, Result, label_column};

use super::aggregate::{group_labels, reduce};
use super::columns::{VALUE, call, column, label};
use super::vector::Vector;
use super::{Planner, planning};
use crate::ast::Grouping;
use crate::functions::aggregate::Aggregation;
use crate::functions::count_values::Values;
use crate::functions::plan_function::PlanFunction;

/// The value's text, before it becomes a label.
const TEXT: &str = "#text";

impl Planner<'_> {
    /// Counts the series of `vector` per value, which label `name` tells.
    pub(super) fn count_values(
        &self,
        vector: &Vector,
        name: &str,
        grouping: &Grouping,
    ) -> Result<Vector> {
        if name.is_empty() {
            return Err(Error::invalid("invalid label name \"\""));
        }
        let values = self.one_row_per_value(vector, name)?;
        let groups = match grouping {
            Grouping::None => vec![name.to_owned()],
            Grouping::By(_) => {
                let mut groups = group_labels(&values.labels, grouping);
                groups.push(name.to_owned());
                groups.sort();
                groups.dedup();
                groups
            }
            Grouping::Without(_) => group_labels(&values.labels, grouping),
        };
        reduce(values, Aggregation::Count, &groups, None)
    }

    fn one_row_per_value(&self, vector: &Vector, name: &str) -> Result<Vector> {
        let most = i64::try_from(self.params.samples_max).unwrap_or(i64::MAX);
        let part = |part: Values| call(&part.udf(), vec![column(VALUE), lit(most)]);
        let others = || vector.labels.iter().filter(|l| *l != name);
        let lists = [
            part(Values::Texts).alias(TEXT),
            part(Values::Points).alias(VALUE),
        ];
        let unnested = [TEXT, VALUE].map(Column::new_unqualified);
        let text = column(TEXT).alias(label_column(name));
        let plan = LogicalPlanBuilder::from(vector.plan.clone())
            .project(others().map(|l| label(l)).chain(lists))
            .and_then(|plan| {
                let options = UnnestOptions::new().with_preserve_nulls(false);
                plan.unnest_columns_with_options(unnested.to_vec(), options)
            })
            .and_then(|plan| plan.project(others().map(|l| label(l)).chain([text, column(VALUE)])))
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)?;
        let mut labels: Vec<_> = others().cloned().chain([name.to_owned()]).collect();
        labels.sort();
        Ok(Vector {
            plan,
            labels,
            distinct: false,
            names: vector.names.kept(),
        })
    }
}
