//! Questions to what was stored at one moment.

use std::sync::Arc;

use narthex_model::{Matcher, Metadata, Result, TimeRange, TimestampMs};
use parking_lot::Mutex;

use crate::exemplars::StoredExemplar;
use crate::find_exemplars::find_exemplars;
use crate::metadata::MetadataTable;
use crate::origins::Origins;
use crate::quarantine::Quarantine;
use crate::selection::Selection;
use crate::series_table::{Candidate, SeriesTable};
use crate::shared::Shared;
use crate::state::State;
use crate::tombstone::Hiding;

/// What was stored at one moment. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    state: Arc<State>,
    /// When it was taken: what is kept follows from it.
    now: TimestampMs,
    /// Grows after the snapshot was taken, but series that came later have no samples in `state`.
    series: Arc<SeriesTable>,
    quarantine: Arc<Quarantine>,
    metadata: Arc<MetadataTable>,
    /// The smallest range that holds all that was asked for, of clones too.
    asked: Arc<Mutex<Option<TimeRange>>>,
}

impl Snapshot {
    pub(crate) fn new(shared: &Shared) -> Self {
        Self {
            state: shared.snapshot(),
            now: (shared.options.now)(),
            series: shared.series.clone(),
            quarantine: shared.quarantine.clone(),
            metadata: shared.metadata.clone(),
            asked: Arc::default(),
        }
    }

    /// What to say beside the answers that this snapshot and its clones gave so far: which damaged blocks of the times
    /// that were asked for they had to do without.
    pub fn warnings(&self) -> Vec<String> {
        let asked = *self.asked.lock();
        asked.map_or(Vec::new(), |range| self.quarantine.warnings(range))
    }

    fn note(&self, range: TimeRange) {
        let mut asked = self.asked.lock();
        *asked = Some(asked.map_or(range, |before| before.union(&range)));
    }

    /// The series that all `matchers` accept and that may have samples in `range`, sorted by their labels.
    ///
    /// # Errors
    /// `Corrupt` if an index cannot be read.
    pub fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<Selection> {
        self.note(range);
        let (range, state, hiding) = self.state.kept(range, self.now);
        let series = self.series.select(matchers, |series| {
            let samples_max = || state.count_max(series.ordinal, range);
            shows(&state, &hiding, range, series).then(samples_max)
        });
        let hidden = hiding.of_all((0..series.len()).map(|at| series.labels(at)));
        let selection = Selection::new(state, range, series, hidden);
        Ok(selection.reporting_to(self.quarantine.clone()))
    }

    /// Sorted names of the labels that series accepted by all `matchers` have in `range`.
    ///
    /// # Errors
    /// `Corrupt` if an index cannot be read.
    pub fn label_names(&self, matchers: &[Matcher], range: TimeRange) -> Result<Vec<String>> {
        self.note(range);
        let (range, state, hiding) = self.state.kept(range, self.now);
        let is_shown = |series: Candidate<'_>| shows(&state, &hiding, range, series);
        Ok(self.series.label_names(matchers, is_shown))
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
        self.note(range);
        let (range, state, hiding) = self.state.kept(range, self.now);
        let is_shown = |series: Candidate<'_>| shows(&state, &hiding, range, series);
        let mut values = self.series.label_values(name, matchers, is_shown);
        values.sort_unstable();
        Ok(values)
    }

    /// The exemplars in `range` of the series that all `matchers` accept, sorted by series and time.
    ///
    /// # Errors
    /// `Corrupt` if a block cannot be decoded, `Unavailable` if a file cannot be read, `Limit` if there are more than a
    /// million.
    pub fn exemplars(&self, matchers: &[Matcher], range: TimeRange) -> Result<Vec<StoredExemplar>> {
        self.note(range);
        let range = range.intersection(&self.state.cutoffs(self.now).horizon());
        let hiding = Hiding::new(&self.state, range, self.now);
        find_exemplars(&self.state, &hiding, matchers, range)
    }

    /// What at most `limit` metrics say of themselves, or the one named; sorted by name, of each what it said last first.
    /// Also what came after the snapshot was taken.
    pub fn metadata(&self, metric: Option<&str>, limit: usize) -> Vec<(String, Vec<Metadata>)> {
        self.metadata.list(metric, limit)
    }

    /// What it is made of.
    pub fn origins(&self) -> Origins {
        Origins::of(&self.state)
    }

    /// Oldest and newest stored timestamp, if there is a sample. Where samples were deleted or are out of retention, the
    /// bounds may be wider than what is answered, but reach no further back than the longest retention.
    pub fn time_bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        let horizon = self.state.cutoffs(self.now).horizon();
        let (min, max) = self.state.bounds()?;
        (horizon.start <= max).then_some((min.max(horizon.start), max))
    }
}

/// Whether a series may have samples in `range` that are not hidden.
fn shows(state: &State, hiding: &Hiding, range: TimeRange, series: Candidate<'_>) -> bool {
    if hiding.is_empty() {
        return state.may_have(series.ordinal, range);
    }
    state.may_show(series.ordinal, range, &hiding.of(series.labels()))
}
