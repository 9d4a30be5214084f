//! The store as SLOs see it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use narthex_engine::{SampleColumns, Selection, Snapshot};
use narthex_model::{
    Error, HistogramRef, Labels, LabelsRef, Matcher, Result, TimeRange, TimestampMs, stale_nan,
};
use narthex_promql::QueryValue;
use narthex_slo::count::Grid;
use narthex_slo::store::{Chosen, OriginBlock, Origins, Samples, Store};
use narthex_sql::{Database, QueryOptions};
use tokio::runtime::Handle;

/// Slices that one query evaluates.
const SLICES_AT_ONCE: usize = 10_000;

/// One moment of a store.
pub(crate) struct EngineStore {
    snapshot: Snapshot,
    database: Arc<Database>,
    /// Where queries run; whoever asks waits on a thread of its own.
    queries: Handle,
}

impl EngineStore {
    pub(crate) fn new(snapshot: Snapshot, database: Arc<Database>, queries: Handle) -> Self {
        Self {
            snapshot,
            database,
            queries,
        }
    }

    /// Adds the values of a query at the ends of the slices from `first` on, to each series that it gives.
    fn evaluate_from(
        &self,
        expr: &str,
        grid: Grid,
        first: usize,
        all: &mut BTreeMap<Labels, Vec<f64>>,
    ) -> Result<()> {
        let last = grid.len.min(first + SLICES_AT_ONCE);
        let times = narthex_sql::Grid {
            start: grid.edge(first + 1),
            end: grid.edge(last),
            step: grid.step,
        };
        let (database, expr) = (self.database.clone(), expr.to_owned());
        let asked = self.queries.spawn(async move {
            let answer = database.query_range(&expr, times, QueryOptions::default());
            answer.await
        });
        let ended = |e| Error::internal("a query of an SLO ended early").with_source(e);
        let answer = self.queries.block_on(asked).map_err(ended)??;
        let QueryValue::Matrix(series) = answer.value else {
            return Ok(());
        };
        for series in series {
            let slices = all.entry(series.labels);
            let slices = slices.or_insert_with(|| vec![stale_nan(); grid.len]);
            for (t, value) in series.timestamps.iter().zip(&series.values) {
                // The value at the end of a slice is that of the slice.
                if let Some(slot) = slices.get_mut(grid.index(*t - 1)) {
                    *slot = *value;
                }
            }
        }
        Ok(())
    }
}

impl Store for EngineStore {
    fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<Box<dyn Chosen>> {
        let selection = self.snapshot.select(matchers, range)?;
        Ok(Box::new(SelectedSeries(selection)))
    }

    fn evaluate(&self, expr: &str, grid: Grid) -> Result<Vec<(Labels, Vec<f64>)>> {
        // Sorted, so that what is added up is so in the same order each time.
        let mut all = BTreeMap::new();
        for first in (0..grid.len).step_by(SLICES_AT_ONCE) {
            self.evaluate_from(expr, grid, first, &mut all)?;
        }
        Ok(all.into_iter().collect())
    }

    fn span(&self) -> Option<TimeRange> {
        let (oldest, newest) = self.snapshot.time_bounds()?;
        Some(TimeRange::inclusive(oldest, newest))
    }

    fn origins(&self) -> Origins {
        let origins = self.snapshot.origins();
        let block = |block: narthex_engine::OriginBlock| OriginBlock {
            name: block.name,
            span: block.span,
            parents: block.parents,
            deletes_through: block.deletes_through,
        };
        Origins {
            blocks: origins.blocks.into_iter().map(block).collect(),
            deletes: origins.deletes,
            newest_delete: origins.newest_delete,
            head: origins.head,
        }
    }
}

struct SelectedSeries(Selection);

impl Chosen for SelectedSeries {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, at: usize) -> LabelsRef<'_> {
        self.0.series(at).labels
    }

    fn cost(&self, at: usize) -> u64 {
        self.0.series(at).samples_max
    }

    fn only(&self, positions: &[u32]) -> Box<dyn Chosen> {
        Box::new(Self(self.0.at(positions)))
    }

    fn by_times(&self) -> Option<Vec<u32>> {
        self.0.by_times()
    }

    fn read(&self, positions: Range<usize>) -> Result<Box<dyn Samples>> {
        Ok(Box::new(ReadSamples(self.0.read(positions)?)))
    }

    fn read_histograms(
        &self,
        at: usize,
        each: &mut dyn FnMut(TimestampMs, &HistogramRef<'_>),
    ) -> Result<()> {
        let columns = self.0.read_histograms(at..at + 1)?;
        for row in columns.rows(0) {
            if let Some((t, _, histogram)) = columns.samples.get(row) {
                each(t, &histogram);
            }
        }
        Ok(())
    }
}

struct ReadSamples(SampleColumns);

impl Samples for ReadSamples {
    fn series(&self, at: usize) -> (&[TimestampMs], &[f64]) {
        let values = self.0.values.get(self.0.rows(at)).unwrap_or(&[]);
        (self.0.times(at), values)
    }
}
