//! Rows are samples: the table of one metric, as SQL sees it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, TimestampMillisecondArray,
    UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use narthex_engine::block::Wanted;
use narthex_engine::{SampleColumns, Selection, Snapshot};
use narthex_model::{METRIC_NAME, Matcher, TimeRange, is_stale};

use crate::error::external;
use crate::filter::Restriction;
use crate::labels::{ColumnNames, label_arrays};
use crate::read::{Decoded, ReadExec, ReadPlan, Rows};
use crate::work::{self, WorkLimits};

/// What is decoded at once.
const LIMITS: WorkLimits = WorkLimits {
    series_max: 512,
    samples_max: 256 << 10,
};
/// Where the newest sample of each series is looked for first.
const LATELY_MS: i64 = 600_000;
/// Rows of an emitted batch.
const BATCH_ROWS: usize = 64 << 10;
/// Bytes of a row beside its labels: time, value, and the position of its series.
const ROW_BYTES: usize = 20;
/// Bytes of a label in a row: the view of a text that all rows of the series share.
const LABEL_BYTES: usize = 16;
pub(crate) const TIME_ZONE: &str = "UTC";

/// The samples of one metric, one row each: its labels as nullable `Utf8View` columns in order of their names (see
/// [`ColumnNames`]), then `timestamp` (milliseconds, UTC) and `value`. Stale markers are left out.
///
/// Conditions on labels and times that can be said by matchers and a time range are applied by the engine.
pub struct MetricTable {
    snapshot: Snapshot,
    metric: Matcher,
    names: Arc<ColumnNames>,
    schema: SchemaRef,
}

impl MetricTable {
    /// The table of the metric called `name` as it is in `snapshot`.
    ///
    /// # Errors
    /// `Corrupt` if an index cannot be read.
    pub fn new(snapshot: Snapshot, name: &str) -> narthex_model::Result<Self> {
        let metric = Matcher::equal(METRIC_NAME, name);
        let labels = snapshot.label_names(std::slice::from_ref(&metric), TimeRange::ALL)?;
        let names = ColumnNames::without_metric_name(labels);
        let mut fields: Vec<Field> = names
            .columns()
            .iter()
            .map(|column| Field::new(column, DataType::Utf8View, true))
            .collect();
        let timestamp = DataType::Timestamp(TimeUnit::Millisecond, Some(TIME_ZONE.into()));
        fields.push(Field::new(ColumnNames::TIMESTAMP, timestamp, false));
        fields.push(Field::new(ColumnNames::VALUE, DataType::Float64, false));
        Ok(Self {
            snapshot,
            metric,
            names: Arc::new(names),
            schema: Arc::new(Schema::new(fields)),
        })
    }
}

impl fmt::Debug for MetricTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MetricTable")
            .field(&self.metric.value())
            .finish()
    }
}

#[async_trait]
impl TableProvider for MetricTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match Restriction::of(filter, &self.names) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut restriction = Restriction::metric(self.metric.clone());
        for filter in filters {
            if let Some(more) = Restriction::of(filter, &self.names) {
                restriction.add(more);
            }
        }
        let selection = self
            .snapshot
            .select(&restriction.matchers, restriction.range)
            .map_err(external)?;
        let samples_max = limit.map_or(LIMITS.samples_max, |rows| {
            (rows as u64).clamp(1, LIMITS.samples_max)
        });
        let limits = WorkLimits {
            samples_max,
            ..LIMITS
        };
        let work = work::cut(&selection, session.config().target_partitions(), limits);
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let rows = SampleRows {
            schema: Arc::new(self.schema.project(projection.unwrap_or(&all))?),
            projection: projection.unwrap_or(&all).clone(),
            names: self.names.clone(),
            newest: None,
            selection,
            restriction,
        };
        Ok(Arc::new(ReadExec::over(Arc::new(rows), &work, None)?))
    }
}

/// Makes the rows of one scan.
struct SampleRows {
    selection: Selection,
    /// The same series, of each the newest sample if it is not old, if no other counts.
    newest: Option<Selection>,
    restriction: Restriction,
    names: Arc<ColumnNames>,
    projection: Vec<usize>,
    schema: SchemaRef,
}

impl SampleRows {
    /// The same rows of another selection.
    fn of(&self, selection: Selection) -> Self {
        Self {
            selection,
            newest: None,
            restriction: self.restriction.clone(),
            names: self.names.clone(),
            projection: self.projection.clone(),
            schema: self.schema.clone(),
        }
    }

    fn label_count(&self) -> usize {
        self.projection
            .iter()
            .filter(|&&i| i < self.names.labels().len())
            .count()
    }

    fn samples_max(&self, positions: Range<usize>) -> usize {
        let samples: u64 = positions
            .map(|at| self.selection.series(at).samples_max)
            .sum();
        usize::try_from(samples).unwrap_or(usize::MAX)
    }

    fn row_bytes(&self) -> usize {
        ROW_BYTES + LABEL_BYTES * self.label_count()
    }

    /// Samples of the series at `positions`.
    fn samples(&self, positions: Range<usize>) -> Result<SampleColumns> {
        if let Some(newest) = &self.newest {
            let samples = newest.read(positions.clone()).map_err(external)?;
            let mut ends = (0..positions.len()).map(|at| samples.samples(at).last());
            // A marker is no row: then the one before counts.
            if ends.all(|end| end.is_some_and(|(_, v)| !is_stale(v))) {
                return Ok(samples);
            }
        }
        self.selection.read(positions).map_err(external)
    }

    /// The projected columns: labels with one row per series, the others with one per sample.
    fn sources(
        &self,
        positions: Range<usize>,
        timestamps: &ArrayRef,
        values: &ArrayRef,
    ) -> Vec<Source> {
        let names: Vec<&str> = self.names.labels().iter().map(String::as_str).collect();
        let source = |&index: &usize| match names.get(index) {
            Some(name) => {
                // One label at a time, since the projection need not be sorted as the labels are.
                let array = label_arrays(&self.selection, positions.clone(), &[name]).pop();
                Source::PerSeries(array.unwrap_or_else(|| values.clone()))
            }
            None if index == names.len() => Source::PerSample(timestamps.clone()),
            None => Source::PerSample(values.clone()),
        };
        self.projection.iter().map(source).collect()
    }
}

/// Where a column's values come from.
enum Source {
    /// Repeated for each sample of a series.
    PerSeries(ArrayRef),
    PerSample(ArrayRef),
}

impl fmt::Debug for SampleRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleRows")
            .field("restriction", &self.restriction)
            .finish_non_exhaustive()
    }
}

impl Rows for SampleRows {
    fn name(&self) -> &'static str {
        "MetricReadExec"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = self.newest.as_ref().map_or("", |_| ", newest samples");
        let series = self.selection.len();
        write!(f, "{}, series={series}{newest}", self.restriction)
    }

    fn newest(&self) -> Option<Arc<dyn Rows>> {
        let selection = self.selection.clone();
        Some(Arc::new(Self {
            newest: Some(selection.clone().newest_within(LATELY_MS)),
            ..self.of(selection)
        }))
    }

    fn times(&self) -> Option<TimeRange> {
        self.selection.times()
    }

    fn within(&self, range: TimeRange) -> Option<Arc<dyn Rows>> {
        // Stale markers of the newest time hide nothing of those before.
        let whole = self.newest.is_none();
        whole.then(|| Arc::new(self.of(self.selection.clone().within(range))) as _)
    }

    fn bytes_max(&self, positions: Range<usize>) -> usize {
        self.samples_max(positions).saturating_mul(self.row_bytes())
    }

    fn statistics(&self) -> Statistics {
        let rows = self.samples_max(0..self.selection.len());
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Inexact(rows);
        statistics.total_byte_size = Precision::Inexact(rows.saturating_mul(self.row_bytes()));
        statistics
    }

    fn plan(&self, parts: &[Range<usize>]) -> Result<ReadPlan> {
        let wanted = Wanted {
            floats: true,
            ..Wanted::default()
        };
        Ok(ReadPlan {
            series: self.selection.len() as u64,
            samples_max: self.selection.samples_max(),
            estimate: self.selection.estimate(parts, wanted).map_err(external)?,
        })
    }

    fn read(&self, positions: Range<usize>) -> Result<Decoded> {
        let samples = self.samples(positions.clone())?;
        let decoded = samples.values.len();
        let SampleRowColumns {
            series,
            timestamps,
            values,
        } = SampleRowColumns::of(&samples, positions.len());
        let rows = values.len();
        let timestamps: ArrayRef =
            Arc::new(TimestampMillisecondArray::from(timestamps).with_timezone(TIME_ZONE));
        let (series, values) = (UInt32Array::from(series), Float64Array::from(values));
        let values: ArrayRef = Arc::new(values);
        let sources = self.sources(positions, &timestamps, &values);
        let schema = self.schema.clone();
        let batch = move |start: usize| {
            let length = BATCH_ROWS.min(rows - start);
            let series = series.slice(start, length);
            let column = |source: &Source| match source {
                Source::PerSeries(array) => Ok(take(array, &series, None)?),
                Source::PerSample(array) => Ok(array.slice(start, length)),
            };
            let columns = sources.iter().map(column).collect::<Result<Vec<_>>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(length));
            Ok(RecordBatch::try_new_with_options(
                schema.clone(),
                columns,
                &options,
            )?)
        };
        let batches = Box::new((0..rows).step_by(BATCH_ROWS).map(batch));
        Ok(Decoded {
            batches,
            samples: decoded,
            bytes: decoded * self.row_bytes(),
        })
    }
}

/// One item per sample that is no stale marker.
#[derive(Default)]
struct SampleRowColumns {
    /// Its series, counted from 0.
    series: Vec<u32>,
    timestamps: Vec<i64>,
    values: Vec<f64>,
}

impl SampleRowColumns {
    fn of(samples: &SampleColumns, series: usize) -> Self {
        let mut rows = Self::default();
        rows.series.reserve(samples.values.len());
        rows.timestamps.reserve(samples.values.len());
        rows.values.reserve(samples.values.len());
        for at in 0..series {
            let values = samples.values.get(samples.rows(at)).unwrap_or(&[]);
            if values.iter().any(|v| is_stale(*v)) {
                let live = samples.samples(at).filter(|(_, v)| !is_stale(*v));
                live.for_each(|(t, v)| {
                    rows.timestamps.push(t);
                    rows.values.push(v);
                });
            } else {
                rows.timestamps.extend_from_slice(samples.times(at));
                rows.values.extend_from_slice(values);
            }
            rows.series.resize(rows.values.len(), at as u32);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narthex_model::stale_nan;

    #[test]
    fn stale_markers_leave_no_row() {
        let samples = SampleColumns {
            offsets: vec![0, 2, 2, 5, 7],
            timestamps: vec![1, 2, 3, 4, 5],
            times_at: vec![0, 0, 2, 0],
            values: vec![1.0, stale_nan(), 3.0, stale_nan(), 5.0, 6.0, 7.0],
            starts: Vec::new(),
        };
        let rows = SampleRowColumns::of(&samples, 4);
        assert_eq!(rows.series, [0, 2, 2, 3, 3]);
        assert_eq!(rows.timestamps, [1, 3, 5, 1, 2]);
        assert_eq!(rows.values, [1.0, 3.0, 5.0, 6.0, 7.0]);
    }
}
