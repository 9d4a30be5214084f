//! A window function that checks what PromQL demands of a match: at most one series per group and step.
//!
//! `prom_unique(vector[, other], label, …) OVER (PARTITION BY labels)` gives its first argument back, or fails. With another vector
//! only steps count where both have a point. Labels are those that the message shows.

use narthex_syntax::{Quoted, label_word};
use std::fmt::{self, Display, Formatter};

use arrow::array::{Array, ArrayRef, AsArray};
use datafusion::common::Result;

use super::arguments::refused;
use super::meeting::{Clash, Meeting};
use super::merge::SAME_LABELS;
use super::window::GroupFunction;
use crate::mixed::MixedVectors;

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
    /// Two series that differ by what they have lost.
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
    /// Where to leave word if a clash does not count everywhere.
    pub(crate) meeting: Option<Meeting>,
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
        if rows > 1 {
            clashes(vectors, rows, |step, pair| match &self.meeting {
                None => Err(refused(self.refusal(labels, pair))),
                Some(meeting) => meeting.clash(step, self.clash(), self.refusal(labels, pair)),
            })?;
        }
        Ok(arguments[0].slice(0, rows))
    }
}

/// Calls `f` with a step and two rows that have points there in all of `vectors`, as often as there are such.
fn clashes(
    vectors: &[ArrayRef],
    rows: usize,
    mut f: impl FnMut(usize, (usize, usize)) -> Result<()>,
) -> Result<()> {
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
                before => f(step, (before, row))?,
            }
        }
    }
    Ok(())
}

impl Unique {
    fn clash(&self) -> Clash {
        match self.rule {
            Duplicate::OneSideLeft | Duplicate::OneSideRight => Clash::Side,
            _ => Clash::Pair,
        }
    }

    fn refusal(&self, labels: &[ArrayRef], (a, b): (usize, usize)) -> String {
        let side = match self.rule {
            Duplicate::OneSideLeft => "left",
            Duplicate::OneSideRight => "right",
            Duplicate::OneToOne => {
                return "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                    .to_owned();
            }
            Duplicate::Grouped => {
                return "multiple matches for labels: grouping labels must ensure unique matches"
                    .to_owned();
            }
            Duplicate::SameLabels => return SAME_LABELS.to_owned(),
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
        format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
             [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
        )
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
