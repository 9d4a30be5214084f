//! Rows are series: the table that PromQL plans scan.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, ListArray, ListViewArray, RecordBatch, RecordBatchOptions,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::{ExecutionPlan, PlanProperties};
use narthex_engine::block::Wanted;
use narthex_engine::{HistogramColumns, SampleColumns, Selection};
use narthex_model::{
    HISTOGRAMS_COLUMN, MARKERS_COLUMN, STARTS_COLUMN, TIMESTAMPS_COLUMN, VALUES_COLUMN,
    label_column,
};

use crate::error::external;
use crate::histograms;
use crate::labels::label_arrays;
use crate::order;
use crate::read::{Decoded, ReadExec, ReadPlan, Rows};
use crate::series_columns::{Column, SeriesColumns};
use crate::work::WorkLimits;

/// What is decoded at once: small enough that the columns stay in a core's cache until the next operator has used them,
/// large enough that the cost of a batch is nothing beside it.
const LIMITS: WorkLimits = WorkLimits {
    series_max: 512,
    samples_max: 512 << 10,
};
/// Where series have few samples, so many are read together: each batch has costs of its own.
const SAMPLES_AT_ONCE: u64 = 32 << 10;
/// What a label value costs in a batch, in bytes: its view and some of its text.
const LABEL_BYTES: usize = 32;
const SAMPLE_BYTES: usize = 16;

/// A selection as a table with one row per series.
///
/// One nullable `Utf8View` column per label (named by [`label_column`]; NULL where a series lacks it), then the sample times
/// as `ListView<Int64>`, which those of one target share, the sample values as `List<Float64>`, and the same again where only stale markers matter; where a series may have native histograms, these follow as lists of
/// [`narthex_model::histogram_item`], and where floats may say since when they count, that as `List<Int64>`. Samples are read only if such a column is projected.
pub struct SeriesTable {
    selection: Selection,
    number: usize,
    label_names: Vec<String>,
    schema: SchemaRef,
}

impl SeriesTable {
    /// The table of `selection`.
    pub fn new(selection: Selection) -> Self {
        let label_names = selection.label_names().to_vec();
        let mut fields: Vec<Field> = label_names
            .iter()
            .map(|name| Field::new(label_column(name), DataType::Utf8View, true))
            .collect();
        fields.push(Field::new(
            TIMESTAMPS_COLUMN,
            DataType::ListView(item_field(DataType::Int64)),
            false,
        ));
        for name in [VALUES_COLUMN, MARKERS_COLUMN] {
            let column_type = DataType::List(item_field(DataType::Float64));
            fields.push(Field::new(name, column_type, false));
        }
        if selection.has_histograms() {
            let column_type = histograms::column_type();
            fields.push(Field::new(HISTOGRAMS_COLUMN, column_type, false));
        }
        if selection.has_start_timestamps() {
            let column_type = DataType::List(item_field(DataType::Int64));
            fields.push(Field::new(STARTS_COLUMN, column_type, false));
        }
        Self {
            selection,
            number: 0,
            label_names,
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// The same table with its number among those of a query.
    pub fn numbered(self, number: usize) -> Self {
        Self { number, ..self }
    }

    /// Names of the labels that the series have, sorted.
    pub fn label_names(&self) -> &[String] {
        &self.label_names
    }
}

fn item_field(data_type: DataType) -> FieldRef {
    Arc::new(Field::new_list_field(data_type, false))
}

impl fmt::Debug for SeriesTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeriesTable")
            .field("series", &self.selection.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for SeriesTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let config = session.config();
        let columns = SeriesColumns {
            number: self.number,
            batch_rows: config.batch_size(),
            partitions: config.target_partitions(),
            ..SeriesColumns::of(&self.label_names, &self.schema, projection)?
        };
        Ok(Arc::new(self.reader(&Arc::new(columns), None)?))
    }
}

impl SeriesTable {
    /// An operator that reads `columns`; with its `properties`, if they are known.
    pub(crate) fn reader(
        &self,
        columns: &Arc<SeriesColumns>,
        properties: Option<Arc<PlanProperties>>,
    ) -> Result<ReadExec> {
        let series_max = LIMITS.series_max.max(series_at_once(&self.selection));
        let limits = WorkLimits {
            series_max: series_max.min(columns.batch_rows),
            ..LIMITS
        };
        let (selection, work) = order::cut(&self.selection, columns.partitions, limits);
        let columns = columns.clone();
        let rows = Arc::new(SeriesRows { selection, columns });
        ReadExec::over(rows, &work, properties)
    }
}

/// How many series make a batch of some size, however few samples each has.
fn series_at_once(selection: &Selection) -> usize {
    let all = selection.samples_to_read().max(1);
    let series = SAMPLES_AT_ONCE.saturating_mul(selection.len() as u64) / all;
    usize::try_from(series).unwrap_or(usize::MAX)
}

/// Makes the rows of one scan.
struct SeriesRows {
    selection: Selection,
    columns: Arc<SeriesColumns>,
}

impl SeriesRows {
    fn batch(
        &self,
        positions: Range<usize>,
        samples: SampleColumns,
        histograms: Option<HistogramColumns>,
    ) -> Result<RecordBatch> {
        let names: Vec<&str> = self.columns.labels.iter().map(String::as_str).collect();
        let labels = label_arrays(&self.selection, positions.clone(), &names);
        let SampleColumns {
            offsets,
            timestamps,
            times_at,
            values,
            mut starts,
        } = samples;
        let sizes = offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        if self.columns.wanted().starts {
            starts.resize(values.len(), 0);
        }
        let starts: ArrayRef = Arc::new(Int64Array::from(starts));
        let timestamps: ArrayRef = Arc::new(ListViewArray::try_new(
            item_field(DataType::Int64),
            times_at.into(),
            sizes,
            Arc::new(Int64Array::from(timestamps)),
            None,
        )?);
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        let list = |child: &ArrayRef| -> Result<ArrayRef> {
            let item = item_field(child.data_type().clone());
            Ok(Arc::new(ListArray::try_new(
                item,
                offsets.clone(),
                child.clone(),
                None,
            )?))
        };
        let histograms = histograms.map(histograms::column).transpose()?;
        let column = |column: &Column| match column {
            Column::Label(at) => Ok(labels[*at].clone()),
            Column::Timestamps => Ok(timestamps.clone()),
            Column::Values | Column::Markers => list(&values),
            Column::Starts => list(&starts),
            Column::Histograms => histograms.clone().ok_or_else(|| {
                DataFusionError::Internal("histograms were asked for and not read".to_owned())
            }),
        };
        let columns = self
            .columns
            .columns
            .iter()
            .map(column)
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(positions.len()));
        Ok(RecordBatch::try_new_with_options(
            self.columns.schema.clone(),
            columns,
            &options,
        )?)
    }
}

impl fmt::Debug for SeriesRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeriesRows")
            .field("columns", &self.columns.columns)
            .finish_non_exhaustive()
    }
}

impl Rows for SeriesRows {
    fn name(&self) -> &'static str {
        "SeriesReadExec"
    }

    fn schema(&self) -> &SchemaRef {
        &self.columns.schema
    }

    fn series_columns(&self) -> Option<&Arc<SeriesColumns>> {
        Some(&self.columns)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "series={}, samples_max={}",
            self.selection.len(),
            self.selection.samples_max()
        )?;
        write!(f, ", labels=[{}]", self.columns.labels.join(", "))?;
        let wanted = self.columns.wanted();
        if wanted.starts {
            f.write_str(", start timestamps")?;
        }
        match wanted {
            Wanted {
                histograms: true, ..
            } => f.write_str(", histograms"),
            Wanted { floats: false, .. } => f.write_str(", samples not read"),
            Wanted { values: false, .. } => f.write_str(", values not read"),
            _ => Ok(()),
        }
    }

    fn bytes_max(&self, positions: Range<usize>) -> usize {
        let labels = positions.len() * self.columns.labels.len() * LABEL_BYTES;
        let each = self.selection.samples_max_of_each();
        let wanted = self.columns.wanted();
        let samples = match (wanted.floats, wanted.histograms) {
            (_, true) => positions
                .map(|at| self.selection.cost(at))
                .fold(0, u64::saturating_add),
            (true, false) => each.get(positions).unwrap_or(&[]).iter().sum(),
            (false, false) => 0,
        };
        let samples = usize::try_from(samples).unwrap_or(usize::MAX / SAMPLE_BYTES);
        labels.saturating_add(samples.saturating_mul(SAMPLE_BYTES))
    }

    fn statistics(&self) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.columns.schema);
        statistics.num_rows = Precision::Exact(self.selection.len());
        statistics.total_byte_size = Precision::Inexact(self.bytes_max(0..self.selection.len()));
        statistics
    }

    fn plan(&self, parts: &[Range<usize>]) -> Result<ReadPlan> {
        let wanted = self.columns.wanted();
        let estimate = self.selection.estimate(parts, wanted).map_err(external)?;
        let histograms = (0..self.selection.len()).map(|at| self.selection.histograms_max(at));
        let floats = if wanted.floats {
            self.selection.samples_max()
        } else {
            0
        };
        let histograms = if wanted.histograms {
            histograms.sum()
        } else {
            0
        };
        Ok(ReadPlan {
            series: self.selection.len() as u64,
            samples_max: floats + histograms,
            estimate,
        })
    }

    fn read(&self, positions: Range<usize>) -> Result<Decoded> {
        let wanted = self.columns.wanted();
        let samples = if wanted.floats {
            let read = self.selection.read_wanted(positions.clone(), wanted);
            read.map_err(external)?
        } else {
            SampleColumns {
                offsets: vec![0],
                ..SampleColumns::default()
            }
        };
        let histograms = wanted
            .histograms
            .then(|| self.selection.read_histograms(positions.clone()))
            .transpose()
            .map_err(external)?;
        let count = samples.values.len() + histograms.as_ref().map_or(0, |h| h.samples.len());
        let labels = positions.len() * self.columns.labels.len() * LABEL_BYTES;
        let batch = self.batch(positions, samples, histograms)?;
        let bytes = labels.max(batch.get_array_memory_size());
        Ok(Decoded {
            batches: Box::new(std::iter::once(Ok(batch))),
            samples: count,
            bytes,
        })
    }
}
