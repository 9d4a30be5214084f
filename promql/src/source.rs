//! Where a plan's series come from.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use narthex_model::{Matcher, Result, TimeRange};

/// A provider of series rows.
pub trait SeriesSource: Send + Sync {
    /// The series that all `matchers` accept and that may have samples in `range`.
    ///
    /// # Errors
    /// Whatever the storage says.
    fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<SelectedSeries>;

    /// As [`SeriesSource::select`]; of each series only the newest float in `range` counts, so that older ones may be left out.
    ///
    /// # Errors
    /// Whatever the storage says.
    fn select_newest(&self, matchers: &[Matcher], range: TimeRange) -> Result<SelectedSeries> {
        self.select(matchers, range)
    }
}

/// The series of one selector, as a table with one row per series.
///
/// Its schema: one nullable `Utf8View` column per label (named by [`narthex_model::label_column`]; NULL = absent), then
/// [`narthex_model::TIMESTAMPS_COLUMN`] as `ListView<Int64>` (series may share their times) or `List<Int64>`, and [`narthex_model::VALUES_COLUMN`] as `List<Float64>`, and
/// [`narthex_model::MARKERS_COLUMN`] likewise; item fields named `item` and not nullable. Samples lie in the range asked for, strictly increasing in time, stale markers included.
#[derive(Clone)]
pub struct SelectedSeries {
    /// The rows.
    pub table: Arc<dyn TableProvider>,
    /// Names of the labels that the series have, sorted.
    pub label_names: Vec<String>,
    /// Number of series.
    pub series: usize,
    /// At most this many samples.
    pub samples_max: u64,
}
