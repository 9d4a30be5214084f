//! Writes and reads `series.parquet`, one row per series in block order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, LargeStringBuilder};
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, Int32Array, Int64Array, ListArray, PrimitiveArray, RecordBatch, StringArray,
    StructArray, TimestampMillisecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
use bytes::Bytes;
use narthex_model::{Error, Labels, LabelsRef, Result};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;

use super::files::{self, ChecksumFile};
use super::folder::BlockFolder;
use super::meta::FileMeta;
use super::schema::{self, SERIES_FILE, TIME_INDEX_STEP};
use super::series_rows::{HistogramSpan, SeriesRow, SeriesRows};
use super::{decimal, parquet_io};
use crate::fs::FileSystem;

/// What the column `kind` says of series of floats, of native histograms, and of both.
const KIND_FLOAT: &str = "float";
const KIND_HISTOGRAM: &str = "histogram";
const KIND_MIXED: &str = "mixed";
/// The column that says how many floats of a series have start timestamps.
const START_COUNT: &str = "start_count";
/// Rows decoded at once.
const ROWS_PER_BATCH: usize = 8192;

/// The series of a block that is being written.
#[derive(Default)]
pub(super) struct SeriesBuilder {
    /// One column per label name; each may lag behind by trailing absences.
    labels: BTreeMap<String, LargeStringBuilder>,
    ids: Vec<i64>,
    rows: SeriesRows,
}

impl SeriesBuilder {
    /// Adds the next series.
    pub(super) fn push(
        &mut self,
        labels: LabelsRef<'_>,
        row: SeriesRow,
        timestamps: &[i64],
        histograms: Option<HistogramSpan>,
        start_count: u32,
    ) {
        let ordinal = self.rows.len();
        for (name, value) in labels.iter() {
            if !self.labels.contains_key(name) {
                self.labels
                    .insert(name.to_owned(), LargeStringBuilder::new());
            }
            if let Some(column) = self.labels.get_mut(name) {
                pad(column, ordinal);
                column.append_value(value);
            }
        }
        self.ids.push(labels.id().cast_signed());
        self.rows
            .push(row, timestamps.iter().copied().step_by(TIME_INDEX_STEP));
        if let Some(span) = histograms {
            self.rows.push_histograms(span);
        }
        self.rows.push_starts(start_count);
    }

    /// Number of floats with start timestamps.
    pub(super) fn start_total(&self) -> u64 {
        self.rows.start_total()
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Time of the oldest and of the newest sample.
    pub(super) fn time_bounds(&self) -> Option<(i64, i64)> {
        let rows = self.rows.as_slice();
        rows.iter()
            .map(|r| r.min_time)
            .min()
            .zip(rows.iter().map(|r| r.max_time).max())
    }

    /// Writes all of it to the new file at `path`.
    pub(super) fn write(self, fs: &dyn FileSystem, path: &Path) -> Result<FileMeta> {
        let batch = self
            .into_batch()
            .map_err(|e| Error::internal("cannot lay out the series of a block").with_source(e))?;
        let has_starts = batch.column_by_name(START_COUNT).is_some();
        let options = ArrowWriterOptions::new()
            .with_properties(schema::series_properties(has_starts)?)
            .with_skip_arrow_metadata(true);
        let file = ChecksumFile::create(fs, path)?;
        let write = || -> Result<_, ParquetError> {
            let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options)?;
            writer.write(&batch)?;
            Ok(writer.into_serialized_writer()?.0)
        };
        parquet_io::finish(write().map_err(|e| parquet_io::write_error(path, e))?, path)
    }

    fn into_batch(self) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows.as_slice();
        let count = rows.len();
        let int32 = |of: &dyn Fn(&SeriesRow) -> i32| -> ArrayRef {
            Arc::new(rows.iter().map(of).map(Some).collect::<Int32Array>())
        };
        let scales: Int32Array = rows.iter().map(|r| r.scale.map(i32::from)).collect();
        let mut columns: Vec<(&str, ArrayRef, bool)> = vec![
            (
                "series",
                Arc::new(Int32Array::from_iter_values(0..count as i32)),
                false,
            ),
            ("series_id", Arc::new(Int64Array::from(self.ids)), false),
        ];
        if let Some(labels) = label_columns(self.labels, count) {
            columns.push(("labels", Arc::new(labels), false));
        }
        columns.extend([
            (
                "first_row",
                Arc::new(Int64Array::from_iter_values(
                    rows.iter().map(|r| r.first_row as i64),
                )) as ArrayRef,
                false,
            ),
            ("row_count", int32(&|r| r.row_count as i32), false),
            ("times_of", int32(&|r| r.times_of as i32), false),
            ("min_time", times(rows.iter().map(|r| r.min_time)), false),
            ("max_time", times(rows.iter().map(|r| r.max_time)), false),
            (
                "time_index",
                Arc::new(time_indexes(&self.rows)?) as ArrayRef,
                false,
            ),
            ("scale", Arc::new(scales), true),
            ("double_count", int32(&|r| r.double_count as i32), false),
            (
                "kind",
                Arc::new(StringArray::from_iter_values(kinds(&self.rows))),
                false,
            ),
        ]);
        if !self.rows.histogram_spans().is_empty() {
            columns.extend(histogram_columns(&self.rows));
        }
        if self.rows.start_total() > 0 {
            let counts = (0..count as u32).map(|o| self.rows.start_count(o) as i32);
            let counts = Int32Array::from_iter_values(counts);
            columns.push((START_COUNT, Arc::new(counts), false));
        }
        let fields: Fields = columns
            .iter()
            .map(|(name, array, null)| Field::new(*name, array.data_type().clone(), *null))
            .collect();
        RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            columns.into_iter().map(|(_, array, _)| array).collect(),
        )
    }
}

fn kinds(rows: &SeriesRows) -> impl Iterator<Item = &'static str> {
    (0..).zip(rows.as_slice()).map(|(ordinal, row)| {
        match (row.row_count, rows.histogram_span(ordinal)) {
            (_, None) => KIND_FLOAT,
            (0, Some(_)) => KIND_HISTOGRAM,
            (_, Some(_)) => KIND_MIXED,
        }
    })
}

/// Where the native histograms of each series lie; null for series without.
fn histogram_columns(rows: &SeriesRows) -> [(&'static str, ArrayRef, bool); 4] {
    let spans = || (0..rows.len() as u32).map(|ordinal| rows.histogram_span(ordinal));
    let times = |of: fn(&HistogramSpan) -> i64| -> ArrayRef {
        let times: TimestampMillisecondArray = spans().map(|span| span.map(of)).collect();
        Arc::new(times.with_timezone("UTC"))
    };
    let first: Int64Array = spans().map(|s| s.map(|s| s.first_row as i64)).collect();
    let count: Int32Array = spans().map(|s| s.map(|s| s.row_count as i32)).collect();
    [
        ("histogram_first_row", Arc::new(first), true),
        ("histogram_row_count", Arc::new(count), true),
        ("histogram_min_time", times(|s| s.min_time), true),
        ("histogram_max_time", times(|s| s.max_time), true),
    ]
}

fn pad(column: &mut LargeStringBuilder, rows: usize) {
    for _ in column.len()..rows {
        column.append_null();
    }
}

/// The struct of labels; `None` if no series has any, since Parquet knows no struct without members.
fn label_columns(
    labels: BTreeMap<String, LargeStringBuilder>,
    count: usize,
) -> Option<StructArray> {
    let columns = labels.into_iter().map(|(name, mut column)| {
        pad(&mut column, count);
        (
            Arc::new(Field::new(name, DataType::LargeUtf8, true)),
            Arc::new(column.finish()) as ArrayRef,
        )
    });
    let columns: Vec<_> = columns.collect();
    (!columns.is_empty()).then(|| StructArray::from(columns))
}

fn times(times: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC"))
}

fn time_indexes(rows: &SeriesRows) -> Result<ListArray, ArrowError> {
    let lists = || (0..rows.len() as u32).map(|ordinal| rows.time_index(ordinal));
    let entries = times(lists().flatten().copied());
    let field = Field::new(
        "element",
        DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        false,
    );
    ListArray::try_new(
        Arc::new(field),
        OffsetBuffer::from_lengths(lists().map(<[i64]>::len)),
        entries,
        None,
    )
}

/// Reads the file of a block into memory and checks it whole.
pub(super) fn read(
    folder: &dyn BlockFolder,
    expected: &FileMeta,
) -> Result<(SeriesRows, Vec<Labels>)> {
    let path = folder.path().join(SERIES_FILE);
    let bytes = files::read_small(folder, SERIES_FILE, expected.bytes)?;
    if bytes.len() as u64 != expected.bytes {
        return Err(files::damaged(
            &path,
            format!("it has {} bytes instead of {}", bytes.len(), expected.bytes),
        ));
    }
    if crc32c::crc32c(&bytes) != expected.crc32c {
        return Err(files::damaged(&path, "its checksum does not match"));
    }
    parquet_io::guarded(&path, || decode(bytes))
}

fn decode(bytes: Bytes) -> Result<(SeriesRows, Vec<Labels>), ParquetError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?
        .with_batch_size(ROWS_PER_BATCH)
        .build()?;
    let (mut rows, mut labels) = (SeriesRows::default(), Vec::new());
    for batch in reader {
        let batch = batch?;
        read_rows(&batch, &mut rows)?;
        read_labels(&batch, &mut labels)?;
    }
    Ok((rows, labels))
}

fn read_rows(batch: &RecordBatch, rows: &mut SeriesRows) -> Result<(), ParquetError> {
    let ordinals = numbers::<Int32Type>(batch, "series")?;
    let first_rows = numbers::<Int64Type>(batch, "first_row")?;
    let row_counts = numbers::<Int32Type>(batch, "row_count")?;
    let min_times = numbers::<TimestampMillisecondType>(batch, "min_time")?;
    let max_times = numbers::<TimestampMillisecondType>(batch, "max_time")?;
    let double_counts = numbers::<Int32Type>(batch, "double_count")?;
    let scales = column::<Int32Array>(batch, "scale")?;
    let indexes = column::<ListArray>(batch, "time_index")?;
    let spans = SpanColumns::of(batch)?;
    let optional = |name: &str| {
        let there = batch.column_by_name(name).is_some();
        there.then(|| numbers::<Int32Type>(batch, name)).transpose()
    };
    let (times_of, start_counts) = (optional("times_of")?, optional(START_COUNT)?);
    for i in 0..batch.num_rows() {
        let expected_first = rows.as_slice().last().map_or(0, |r| r.rows().end);
        let row = SeriesRow {
            first_row: checked(first_rows.value(i), "first_row")?,
            row_count: checked(row_counts.value(i), "row_count")?,
            times_of: match times_of {
                Some(times_of) => checked(times_of.value(i), "times_of")?,
                None => rows.len() as u32,
            },
            double_count: checked(double_counts.value(i), "double_count")?,
            scale: (!scales.is_null(i))
                .then(|| checked(scales.value(i), "scale"))
                .transpose()?,
            min_time: min_times.value(i),
            max_time: max_times.value(i),
        };
        let entries = indexes.value(i);
        let entries = entries
            .as_any()
            .downcast_ref::<TimestampMillisecondArray>()
            .ok_or_else(|| wrong("time_index"))?;
        let index = entries.values();
        let span = spans.as_ref().map(|spans| spans.get(i, rows)).transpose()?;
        let span = span.flatten();
        let bounds = span.map_or(index.first() == Some(&row.min_time), |span| {
            let oldest = index
                .first()
                .map_or(span.min_time, |t| span.min_time.min(*t));
            oldest == row.min_time && span.max_time <= row.max_time
        });
        let sound = usize::try_from(ordinals.value(i)) == Ok(rows.len())
            && row.first_row == expected_first
            && (row.row_count > 0 || span.is_some())
            && row.double_count <= row.row_count
            && row.scale.is_none_or(|s| s <= decimal::SCALE_MAX)
            && (row.scale.is_some() || row.double_count == row.row_count)
            && index.len() == (row.row_count as usize).div_ceil(TIME_INDEX_STEP)
            && bounds
            && index.is_sorted_by(|a, b| a < b)
            && index.last().is_none_or(|t| *t <= row.max_time)
            && shares_times(rows, &row, index);
        if !sound {
            return Err(ParquetError::General(format!(
                "series {} contradicts itself or the one before",
                rows.len()
            )));
        }
        rows.push(row, index.iter().copied());
        if let Some(span) = span {
            rows.push_histograms(span);
        }
        let starts = start_counts.map_or(Ok(0), |s| checked(s.value(i), START_COUNT))?;
        if starts > row.row_count {
            return Err(wrong(START_COUNT));
        }
        rows.push_starts(starts);
    }
    Ok(())
}

/// The columns of [`histogram_columns`].
struct SpanColumns<'a> {
    first_rows: &'a Int64Array,
    row_counts: &'a Int32Array,
    min_times: &'a TimestampMillisecondArray,
    max_times: &'a TimestampMillisecondArray,
}

impl<'a> SpanColumns<'a> {
    /// `None` if the block has no histograms.
    fn of(batch: &'a RecordBatch) -> Result<Option<Self>, ParquetError> {
        if batch.column_by_name("histogram_first_row").is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            first_rows: column(batch, "histogram_first_row")?,
            row_counts: column(batch, "histogram_row_count")?,
            min_times: column(batch, "histogram_min_time")?,
            max_times: column(batch, "histogram_max_time")?,
        }))
    }

    /// Where the histograms of row `i` lie; it is the next series of `rows`.
    fn get(&self, i: usize, rows: &SeriesRows) -> Result<Option<HistogramSpan>, ParquetError> {
        if self.first_rows.is_null(i) {
            return Ok(None);
        }
        let span = HistogramSpan {
            ordinal: rows.len() as u32,
            first_row: checked(self.first_rows.value(i), "histogram_first_row")?,
            row_count: checked(self.row_counts.value(i), "histogram_row_count")?,
            min_time: self.min_times.value(i),
            max_time: self.max_times.value(i),
        };
        let expected = rows.histogram_spans().last().map_or(0, |s| s.rows().end);
        if span.first_row != expected || span.row_count == 0 || span.min_time > span.max_time {
            return Err(wrong("histogram_first_row"));
        }
        Ok(Some(span))
    }
}

/// Whether the series whose times `row` claims to have may be the first with them.
fn shares_times(rows: &SeriesRows, row: &SeriesRow, index: &[i64]) -> bool {
    if row.times_of as usize == rows.len() {
        return true;
    }
    let times = |r: &SeriesRow| (r.times_of, r.row_count);
    rows.get(row.times_of)
        .is_some_and(|first| times(first) == times(row))
        && rows.time_index(row.times_of) == index
}

fn read_labels(batch: &RecordBatch, labels: &mut Vec<Labels>) -> Result<(), ParquetError> {
    let names_and_values = match batch.column_by_name("labels") {
        None => Vec::new(),
        Some(_) => label_arrays(column::<StructArray>(batch, "labels")?)?,
    };
    let ids = numbers::<Int64Type>(batch, "series_id")?;
    for i in 0..batch.num_rows() {
        let present = names_and_values
            .iter()
            .filter(|(_, values)| !values.is_null(i));
        let set = Labels::new(present.map(|(name, values)| (*name, values.value(i))))
            .map_err(|e| ParquetError::General(e.to_string()))?;
        if labels.last().is_some_and(|previous| *previous >= set) {
            return Err(ParquetError::General(format!(
                "series {set} is out of order"
            )));
        }
        if set.as_ref().id().cast_signed() != ids.value(i) {
            return Err(ParquetError::General(format!(
                "series {set} has a wrong id"
            )));
        }
        labels.push(set);
    }
    Ok(())
}

fn label_arrays(labels: &StructArray) -> Result<Vec<(&str, &StringArray)>, ParquetError> {
    let members = labels.fields().iter().zip(labels.columns());
    members
        .map(|(field, array)| {
            let values = array
                .as_any()
                .downcast_ref::<StringArray>()
                .ok_or_else(|| wrong("labels"))?;
            Ok((field.name().as_str(), values))
        })
        .collect()
}

fn column<'a, A: Array + 'static>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a A, ParquetError> {
    batch
        .column_by_name(name)
        .and_then(|array| array.as_any().downcast_ref())
        .ok_or_else(|| wrong(name))
}

/// A column without NULLs.
fn numbers<'a, T: arrow_array::ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a PrimitiveArray<T>, ParquetError> {
    column::<PrimitiveArray<T>>(batch, name).and_then(|a| {
        if a.null_count() == 0 {
            Ok(a)
        } else {
            Err(wrong(name))
        }
    })
}

fn checked<T, U: TryFrom<T>>(number: T, name: &str) -> Result<U, ParquetError> {
    U::try_from(number).map_err(|_| wrong(name))
}

#[cold]
fn wrong(name: &str) -> ParquetError {
    ParquetError::General(format!("column {name} is missing or not as it should be"))
}
