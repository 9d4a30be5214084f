//! Which group a series belongs to.

use std::collections::HashMap;

use narthex_model::{Labels, LabelsRef};

use crate::count::Tally;
use crate::ledger::Track;
use crate::store::Chosen;

/// The groups that were met, numbered.
#[derive(Debug, Default)]
pub(super) struct Groups<'a> {
    by: &'a [String],
    numbers: HashMap<Vec<&'a str>, usize>,
    labels: Vec<Labels>,
}

impl<'a> Groups<'a> {
    /// Groups by the values of these labels.
    pub(super) fn by(by: &'a [String]) -> Self {
        Self {
            by,
            ..Self::default()
        }
    }

    /// The group of a series.
    pub(super) fn of(&mut self, labels: LabelsRef<'a>) -> usize {
        let values: Vec<&'a str> = self
            .by
            .iter()
            .map(|name| labels.get(name).unwrap_or_default())
            .collect();
        let next = self.labels.len();
        let number = *self.numbers.entry(values).or_insert(next);
        if number == next {
            self.labels.push(group(self.by, labels));
        }
        number
    }

    /// The groups of series, by their positions.
    pub(super) fn numbers(&mut self, chosen: &'a dyn Chosen) -> Vec<usize> {
        let all = 0..chosen.len();
        all.map(|at| self.of(chosen.labels(at))).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The slices of each.
    pub(super) fn tracks(self, tally: Tally) -> Vec<Track> {
        let slices = tally.finish();
        let tracks = self.labels.into_iter().zip(slices);
        let mut tracks: Vec<_> = tracks
            .map(|(group, slices)| Track { group, slices })
            .collect();
        tracks.sort_by(|a, b| a.group.cmp(&b.group));
        tracks
    }
}

/// The labels of a series that name its group.
pub(crate) fn group(by: &[String], labels: LabelsRef<'_>) -> Labels {
    let own = by.iter().filter_map(|name| {
        let value = labels.get(name).filter(|value| !value.is_empty())?;
        Some((name.as_str(), value))
    });
    // Labels of a series are valid, and a label is asked for once.
    Labels::new(own).unwrap_or_else(|_| Labels::empty())
}
