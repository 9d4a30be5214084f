//! Where PromQL plans get their series: one snapshot of the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use narthex_engine::{Selection, Snapshot};
use narthex_model::{Error, Matcher, Result, TimeRange};
use narthex_promql::{SelectedSeries, SeriesSource};
use narthex_table::SeriesTable;

/// The selectors of one query. The planner holds them to the limit on samples.
pub(crate) struct SnapshotSource {
    snapshot: Snapshot,
    samples: AtomicU64,
    series: AtomicUsize,
    selections: AtomicUsize,
    series_max: usize,
}

impl SnapshotSource {
    /// Series of `snapshot`.
    pub(crate) fn new(snapshot: Snapshot, series_max: usize) -> Self {
        Self {
            snapshot,
            samples: AtomicU64::new(0),
            series: AtomicUsize::new(0),
            selections: AtomicUsize::new(0),
            series_max,
        }
    }

    /// At most so many samples were chosen by now, over all selectors.
    pub(crate) fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }

    /// Counts series against the limit.
    fn charge(&self, series: usize) -> Result<()> {
        let all = self.series.fetch_add(series, Ordering::Relaxed) + series;
        if all <= self.series_max {
            return Ok(());
        }
        let most = self.series_max;
        Err(Error::limit(format!(
            "the query would read too many series: {all} of at most {most} (narrow the selectors, or raise --query.max-series)"
        )))
    }
}

impl SeriesSource for SnapshotSource {
    fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<SelectedSeries> {
        self.selected(self.snapshot.select(matchers, range)?)
    }

    fn select_newest(&self, matchers: &[Matcher], range: TimeRange) -> Result<SelectedSeries> {
        self.selected(self.snapshot.select(matchers, range)?.newest())
    }
}

impl SnapshotSource {
    fn selected(&self, selection: Selection) -> Result<SelectedSeries> {
        let (series, samples_max) = (selection.len(), selection.samples_max());
        self.charge(series)?;
        self.samples.fetch_add(samples_max, Ordering::Relaxed);
        let number = self.selections.fetch_add(1, Ordering::Relaxed);
        let table = SeriesTable::new(selection).numbered(number);
        let label_names = table.label_names().to_vec();
        Ok(SelectedSeries {
            table: Arc::new(table),
            label_names,
            series,
            samples_max,
        })
    }
}
