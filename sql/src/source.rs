//! Where PromQL plans get their series: one snapshot of the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use narthex_engine::Snapshot;
use narthex_model::{Matcher, Result, TimeRange};
use narthex_promql::{SelectedSeries, SeriesSource};
use narthex_table::SeriesTable;

/// The selectors of one query. The planner holds them to the limit on samples.
pub(crate) struct SnapshotSource {
    snapshot: Snapshot,
    samples: AtomicU64,
}

impl SnapshotSource {
    /// Series of `snapshot`.
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            samples: AtomicU64::new(0),
        }
    }

    /// At most so many samples were chosen by now, over all selectors.
    pub(crate) fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }
}

impl SeriesSource for SnapshotSource {
    fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<SelectedSeries> {
        let selection = self.snapshot.select(matchers, range)?;
        let (series, samples_max) = (selection.len(), selection.samples_max());
        self.samples.fetch_add(samples_max, Ordering::Relaxed);
        let table = SeriesTable::new(selection);
        let label_names = table.label_names().to_vec();
        Ok(SelectedSeries {
            table: Arc::new(table),
            label_names,
            series,
            samples_max,
        })
    }
}
