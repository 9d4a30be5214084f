//! Writes and reads `exemplars.parquet`: a row per exemplar, sorted by time, with the labels of its series beside it.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, Float64Array, MapArray, RecordBatch, TimestampMillisecondArray,
};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use narthex_model::{Error, Labels, Result, TimeRange};

use super::files;
use super::folder::BlockFolder;
use super::meta::FileMeta;
use super::schema::{self, EXEMPLARS_FILE};
use super::table_file::{TableFile, TableWriter};
use crate::exemplars::StoredExemplar;
use crate::fs::FileSystem;

/// Rows of a row group: questions are for spans of time, and skip groups outside.
const ROWS_PER_GROUP: usize = 8192;

/// The open file, being written.
pub(super) struct ExemplarsWriter {
    writer: TableWriter,
    rows: Vec<StoredExemplar>,
}

impl ExemplarsWriter {
    /// Makes the file at `path`.
    pub(super) fn create(fs: &dyn FileSystem, path: &Path) -> Result<Self> {
        let columns = batch(&[]).map_err(layout_bug)?.schema();
        let properties = schema::table_properties("exemplars")?;
        Ok(Self {
            writer: TableWriter::create(fs, path, columns, properties)?,
            rows: Vec::new(),
        })
    }

    /// Adds an exemplar, no older than the one before.
    pub(super) fn push(&mut self, exemplar: StoredExemplar) -> Result<()> {
        self.rows.push(exemplar);
        if self.rows.len() >= ROWS_PER_GROUP {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the rest, closes the file and makes it durable.
    pub(super) fn finish(mut self) -> Result<FileMeta> {
        self.flush()?;
        self.writer.finish()
    }

    fn flush(&mut self) -> Result<()> {
        if !self.rows.is_empty() {
            self.writer.write(&batch(&self.rows).map_err(layout_bug)?)?;
            self.rows.clear();
        }
        Ok(())
    }
}

fn layout_bug(error: ArrowError) -> Error {
    Error::internal("cannot lay out exemplars").with_source(error)
}

fn batch(rows: &[StoredExemplar]) -> Result<RecordBatch, ArrowError> {
    let times = rows.iter().map(|e| e.timestamp);
    let times = TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC");
    let values = Float64Array::from_iter_values(rows.iter().map(|e| e.value));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("timestamp", Arc::new(times)),
        ("value", Arc::new(values)),
        ("series", maps(rows.iter().map(|e| &e.series))?),
        ("labels", maps(rows.iter().map(|e| &e.labels))?),
    ];
    let fields = columns.iter();
    let fields = fields.map(|(name, array)| Field::new(*name, array.data_type().clone(), false));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(
        schema,
        columns.into_iter().map(|(_, array)| array).collect(),
    )
}

fn maps<'a>(all: impl Iterator<Item = &'a Labels>) -> Result<ArrayRef, ArrowError> {
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let (keys, values) = (StringBuilder::new(), StringBuilder::new());
    let mut maps = MapBuilder::new(Some(names), keys, values);
    for labels in all {
        for (name, value) in labels.iter() {
            maps.keys().append_value(name);
            maps.values().append_value(value);
        }
        maps.append(true)?;
    }
    Ok(Arc::new(maps.finish()))
}

/// The open file, to be read.
#[derive(Debug)]
pub(super) struct ExemplarsFile(TableFile);

impl ExemplarsFile {
    /// Opens the file of a block that says it has so many exemplars.
    pub(super) fn open(folder: &dyn BlockFolder, expected: &FileMeta, rows: u64) -> Result<Self> {
        TableFile::open(folder, EXEMPLARS_FILE, expected, rows).map(Self)
    }

    /// Gives the exemplars in `range` to `take`, sorted by time.
    pub(super) fn read(
        &self,
        range: TimeRange,
        mut take: impl FnMut(StoredExemplar),
    ) -> Result<()> {
        self.0.read(range, |batch| {
            let column = |name: &str| batch.column_by_name(name).ok_or("a column is missing");
            let times = column("timestamp")?.as_primitive_opt::<TimestampMillisecondType>();
            let values = column("value")?.as_primitive_opt::<Float64Type>();
            let (series, labels) = (
                column("series")?.as_map_opt(),
                column("labels")?.as_map_opt(),
            );
            let (Some(times), Some(values), Some(series), Some(labels)) =
                (times, values, series, labels)
            else {
                return Err("a column is of the wrong type".to_owned());
            };
            for (i, (t, value)) in times.values().iter().zip(values.values()).enumerate() {
                if range.contains(*t) {
                    take(StoredExemplar {
                        series: map_at(series, i)?,
                        timestamp: *t,
                        labels: map_at(labels, i)?,
                        value: *value,
                    });
                }
            }
            Ok(())
        })
    }
}

fn map_at(maps: &MapArray, at: usize) -> Result<Labels, String> {
    let keys = maps.keys().as_string_opt::<i32>();
    let values = maps.values().as_string_opt::<i32>();
    let (Some(keys), Some(values)) = (keys, values) else {
        return Err("labels are no texts".to_owned());
    };
    let offsets = maps.value_offsets();
    let (start, end) = match (offsets.get(at), offsets.get(at + 1)) {
        (Some(start), Some(end)) if maps.is_valid(at) => (*start as usize, *end as usize),
        _ => return Err("labels are missing".to_owned()),
    };
    let pairs = (start..end).map(|i| (keys.value(i), values.value(i)));
    Labels::new(pairs).map_err(|e| e.to_string())
}

/// What is wrong with the order of a block's exemplars, if anything.
pub(super) fn check(file: &ExemplarsFile, folder: &dyn BlockFolder) -> Result<()> {
    let (mut newest, mut in_order) = (i64::MIN, true);
    file.read(TimeRange::ALL, |exemplar| {
        in_order &= newest <= exemplar.timestamp;
        newest = exemplar.timestamp;
    })?;
    if in_order {
        return Ok(());
    }
    Err(files::damaged(
        &folder.path().join(EXEMPLARS_FILE),
        "exemplars are out of order",
    ))
}
