//! `count_values`: every value becomes a series of its own, and those are counted like any others.

use narthex_model::{Error, Result, label_column};

use super::Planner;
use super::aggregate::{group_labels, reduce};
use super::columns::{VALUE, column, label, projected};
use super::split::TEXT;
use super::vector::Vector;
use crate::ast::Grouping;
use crate::functions::aggregate::Aggregation;
use crate::functions::split::By;

impl Planner<'_> {
    /// Counts the series of `vector` per value, which label `name` tells.
    pub(super) fn count_values(
        &self,
        vector: Vector,
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

    fn one_row_per_value(&self, vector: Vector, name: &str) -> Result<Vector> {
        let split = self.split(vector, By::Value, Vec::new())?;
        let others = || split.labels.iter().filter(|l| *l != name);
        let text = column(TEXT).alias(label_column(name));
        let columns = others().map(|l| label(l)).chain([text, column(VALUE)]);
        let mut labels: Vec<_> = others().cloned().chain([name.to_owned()]).collect();
        labels.sort();
        Ok(Vector {
            plan: projected(split.plan, columns.collect())?,
            labels,
            distinct: false,
            names: split.names.kept(),
        })
    }
}
