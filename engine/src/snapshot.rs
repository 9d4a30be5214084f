//! Questions to what was stored at one moment.

use std::collections::HashSet;
use std::sync::Arc;

use narthex_model::{Matcher, Result, TimeRange, TimestampMs};

use crate::matching::text_of;
use crate::selection::Selection;
use crate::series_table::SeriesTable;
use crate::state::State;
use crate::tombstone::Hiding;

/// What was stored at one moment. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    state: Arc<State>,
    /// Grows after the snapshot was taken, but series that came later have no samples in `state`.
    series: Arc<SeriesTable>,
}

impl Snapshot {
    pub(crate) fn new(state: Arc<State>, series: Arc<SeriesTable>) -> Self {
        Self { state, series }
    }

    /// The series that all `matchers` accept and that may have samples in `range`, sorted by their labels.
    ///
    /// # Errors
    /// `Corrupt` if an index cannot be read.
    pub fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<Selection> {
        let state = self.state.within(range);
        let hiding = Hiding::new(&state, range);
        let series = self.series.select(matchers, |ordinal, labels| {
            state.may_show(ordinal, range, &hiding.of(labels))
        });
        let hidden = hiding.of_all(&series.labels);
        Ok(Selection::new(state, range, series, hidden))
    }

    /// Sorted names of the labels that series accepted by all `matchers` have in `range`.
    ///
    /// # Errors
    /// `Corrupt` if an index cannot be read.
    pub fn label_names(&self, matchers: &[Matcher], range: TimeRange) -> Result<Vec<String>> {
        let state = self.state.within(range);
        let hiding = Hiding::new(&state, range);
        let mut names = HashSet::new();
        self.series.for_each(matchers, |ordinal, labels| {
            if labels.iter().any(|(name, _)| !names.contains(name))
                && state.may_show(ordinal, range, &hiding.of(labels))
            {
                names.extend(labels.iter().map(|(name, _)| name.to_owned()));
            }
        });
        Ok(sorted(names))
    }

    /// Sorted values of label `name` among the series accepted by all `matchers` in `range`.
    ///
    /// # Errors
    /// `Corrupt` if an index cannot be read.
    pub fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        range: TimeRange,
    ) -> Result<Vec<String>> {
        let state = self.state.within(range);
        let hiding = Hiding::new(&state, range);
        let mut values = HashSet::new();
        self.series.for_each(matchers, |ordinal, labels| {
            let value = text_of(labels, name);
            if !value.is_empty()
                && !values.contains(value)
                && state.may_show(ordinal, range, &hiding.of(labels))
            {
                values.insert(value.to_owned());
            }
        });
        Ok(sorted(values))
    }

    /// Oldest and newest stored timestamp, if there is a sample.
    pub fn time_bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        self.state.bounds()
    }
}

fn sorted(texts: HashSet<String>) -> Vec<String> {
    let mut texts: Vec<_> = texts.into_iter().collect();
    texts.sort_unstable();
    texts
}
