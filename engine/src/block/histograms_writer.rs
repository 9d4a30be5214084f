//! Writes `histograms.parquet`: gathers rows in columns, encodes them a row group at a time.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, TimestampMillisecondArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use narthex_model::{Error, Result};

use super::meta::FileMeta;
use super::schema;
use super::table_file::TableWriter;
use crate::fs::FileSystem;
use crate::histogram_arrays;
use crate::histograms::HistogramRows;

/// Rows of a row group.
const ROWS_PER_GROUP: usize = 1 << 16;
/// Buckets of a row group, unless a single series has more.
const VALUES_PER_GROUP: usize = 1 << 21;

/// The open file.
pub(super) struct HistogramsWriter {
    writer: TableWriter,
    schema: SchemaRef,
    series: Vec<i32>,
    rows: HistogramRows,
}

/// The columns of the file.
pub(super) fn columns() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let own = vec![
        Field::new("series", DataType::Int32, false),
        Field::new("timestamp", time.clone(), false),
        Field::new("start_timestamp", time, true),
    ];
    let fields: Vec<_> = own.into_iter().chain(histogram_arrays::fields()).collect();
    Arc::new(Schema::new(fields))
}

impl HistogramsWriter {
    /// Makes the file at `path`.
    pub(super) fn create(fs: &dyn FileSystem, path: &Path) -> Result<Self> {
        let (schema, properties) = (columns(), schema::histograms_properties()?);
        Ok(Self {
            writer: TableWriter::create(fs, path, schema.clone(), properties)?,
            schema,
            series: Vec::new(),
            rows: HistogramRows::default(),
        })
    }

    /// Adds the histograms of a series.
    pub(super) fn push(&mut self, ordinal: i32, rows: &HistogramRows) -> Result<()> {
        for (t, start, histogram) in (0..).map_while(|at| rows.get(at)) {
            self.rows.push(t, start, &histogram);
            self.series.push(ordinal);
            let values = self.rows.histograms.value_count();
            if self.series.len() >= ROWS_PER_GROUP || values >= VALUES_PER_GROUP {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes the rest, closes the file and makes it durable.
    pub(super) fn finish(mut self) -> Result<FileMeta> {
        self.flush()?;
        self.writer.finish()
    }

    fn flush(&mut self) -> Result<()> {
        if self.series.is_empty() {
            return Ok(());
        }
        let (series, rows) = (
            std::mem::take(&mut self.series),
            std::mem::take(&mut self.rows),
        );
        let batch = batch(&self.schema, series, rows)
            .map_err(|what| Error::internal(format!("cannot lay out histograms: {what}")))?;
        self.writer.write(&batch)
    }
}

fn batch(schema: &SchemaRef, series: Vec<i32>, rows: HistogramRows) -> Result<RecordBatch, String> {
    let times = TimestampMillisecondArray::from(rows.timestamps).with_timezone("UTC");
    let starts = rows.start_timestamps.iter();
    let starts: TimestampMillisecondArray = starts.map(|s| Some(*s).filter(|s| *s != 0)).collect();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(series)),
        Arc::new(times),
        Arc::new(starts.with_timezone("UTC")),
    ];
    columns.extend(histogram_arrays::into_arrays(rows.histograms)?);
    RecordBatch::try_new(schema.clone(), columns).map_err(|e| e.to_string())
}
