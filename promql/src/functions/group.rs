//! A window function that checks what PromQL demands of a match: at most one series per group and step.
//!
//! `prom_unique(vector[, other], label, …) OVER (PARTITION BY labels)` gives its first argument back, or fails. With another vector
//! only steps count where both have a point. Labels are those that the message shows.

use std::fmt::{self, Display, Formatter};

use arrow::array::{Array, ArrayRef, AsArray};
use datafusion::common::{DataFusionError, Result};

use super::arguments::refused;
use super::merge::SAME_LABELS;
use super::window::GroupFunction;
use crate::mixed::MixedVectors;
use crate::print::label_word;
use crate::quote::Quoted;

/// Which rule is broken when two series meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Duplicate {
    /// Two series of the left "one" side.
    OneSideLeft,
    /// Two series of the right "one" side.
    OneSideRight,
    /// Two results of a one-to-one match.
    OneToOne,
    /// Two results of a grouped match with the same labels.
    Grouped,
    /// Two series that differ by the name they have lost.
    SameLabels,
}

/// The check.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Unique {
    /// What is checked.
    pub(crate) rule: Duplicate,
    /// Names of the labels among the arguments, sorted.
    pub(crate) labels: Vec<String>,
    /// Names of those that match.
    pub(crate) keys: Vec<String>,
}

impl GroupFunction for Unique {
    fn name(&self) -> &'static str {
        match self.rule {
            Duplicate::OneSideLeft => "prom_unique_left",
            Duplicate::OneSideRight => "prom_unique_right",
            Duplicate::OneToOne => "prom_unique_match",
            Duplicate::Grouped => "prom_unique_group",
            Duplicate::SameLabels => "prom_unique_labels",
        }
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let (vectors, labels) = arguments.split_at(arguments.len() - self.labels.len());
        if rows > 1
            && let Some(pair) = first_clash(vectors, rows)?
        {
            return Err(self.refusal(labels, pair));
        }
        Ok(arguments[0].slice(0, rows))
    }
}

/// Two rows that have points at one step in all of `vectors`.
fn first_clash(vectors: &[ArrayRef], rows: usize) -> Result<Option<(usize, usize)>> {
    let vectors = vectors
        .iter()
        .map(|v| MixedVectors::from_array(v))
        .collect::<Result<Vec<_>>>()?;
    let steps = vectors.first().map_or(0, MixedVectors::steps);
    let mut taken = vec![usize::MAX; steps];
    let mut present = vec![0; steps];
    for row in 0..rows {
        present.fill(0);
        for vector in &vectors {
            vector.for_each_present(row, |step| present[step] += 1);
        }
        let there = |(_, count): &(usize, &usize)| **count == vectors.len();
        for (step, _) in present.iter().enumerate().filter(there) {
            match std::mem::replace(&mut taken[step], row) {
                usize::MAX => {}
                before => return Ok(Some((before, row))),
            }
        }
    }
    Ok(None)
}

impl Unique {
    fn refusal(&self, labels: &[ArrayRef], (a, b): (usize, usize)) -> DataFusionError {
        let side = match self.rule {
            Duplicate::OneSideLeft => "left",
            Duplicate::OneSideRight => "right",
            Duplicate::OneToOne => {
                return refused(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                );
            }
            Duplicate::Grouped => {
                return refused(
                    "multiple matches for labels: grouping labels must ensure unique matches",
                );
            }
            Duplicate::SameLabels => return refused(SAME_LABELS),
        };
        let of =
            |row: usize, only: Option<&[String]>| LabelSet::of(&self.labels, labels, row, only);
        let group = of(a, Some(&self.keys));
        let (first, second) = (of(a, None), of(b, None));
        let (first, second) = if second.0 < first.0 {
            (second, first)
        } else {
            (first, second)
        };
        refused(format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
             [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
        ))
    }
}

/// Labels as messages show them: `{job="api", zone="a"}`.
struct LabelSet(Vec<(String, String)>);

impl LabelSet {
    fn of(names: &[String], columns: &[ArrayRef], row: usize, only: Option<&[String]>) -> Self {
        let wanted = |name: &String| only.is_none_or(|only| only.contains(name));
        let columns = names.iter().zip(columns).filter(|(name, _)| wanted(name));
        let there = columns.filter_map(|(name, column)| {
            let values = column.as_string_view_opt()?;
            let value = values.is_valid(row).then(|| values.value(row))?;
            Some((name.clone(), value.to_owned()))
        });
        Self(there.collect())
    }
}

impl Display for LabelSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}={}", label_word(name), Quoted(value))?;
        }
        f.write_str("}")
    }
}
