//! A window function that checks what PromQL demands of a match: at most one series per group and step.
//!
//! `prom_unique(vector[, other], label, …) OVER (PARTITION BY labels)` gives its first argument back, or fails. With another vector
//! only steps count where both have a point. Labels are those that the message shows.

use arrow::array::{ArrayRef, AsArray};
use datafusion::common::Result;

use super::arguments::refused;
use super::label_sets::LabelSet;
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

    fn refusal(&self, labels: &[ArrayRef], pair: (usize, usize)) -> String {
        match self.rule {
            Duplicate::OneSideLeft => self.found("left", labels, pair),
            Duplicate::OneSideRight => self.found("right", labels, pair),
            Duplicate::OneToOne => {
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                    .to_owned()
            }
            Duplicate::Grouped => {
                "multiple matches for labels: grouping labels must ensure unique matches".to_owned()
            }
            Duplicate::SameLabels => SAME_LABELS.to_owned(),
        }
    }

    fn found(&self, side: &str, labels: &[ArrayRef], (a, b): (usize, usize)) -> String {
        let columns = labels.iter().map(|column| column.as_string_view_opt());
        let columns = self.labels.iter().zip(columns);
        let columns = columns.filter_map(|(name, column)| Some((name.as_str(), column?)));
        let is_key = |name: &str| self.keys.iter().any(|key| key == name);
        let keys = columns.clone().filter(|(name, _)| is_key(name));
        let group = LabelSet::of_row(keys, a);
        let [a, b] = [a, b].map(|row| LabelSet::of_row(columns.clone(), row));
        let (first, second) = if b < a { (b, a) } else { (a, b) };
        format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
             [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
        )
    }
}
