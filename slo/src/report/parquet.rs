//! The long form as Parquet: a row per SLO, window, group and method; times in milliseconds, UTC. What the whole report says is in the
//! file's metadata.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use narthex_model::{Error, Result};

use crate::report::columns::{COLUMNS, Column, Value};
use crate::report::times::rfc3339;
use crate::report::{Report, Row, rows};

/// Writes a report.
///
/// # Errors
/// None that memory has; the writer below could fail in other places.
pub fn write(report: &Report) -> Result<Vec<u8>> {
    let batch = batch(report)?;
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties(report)))
        .map_err(failed)?;
    writer.write(&batch).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(file)
}

/// The columns of the long form.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// The rows of a report as Arrow.
///
/// # Errors
/// None: columns are as long as there are rows.
pub fn batch(report: &Report) -> Result<RecordBatch> {
    let rows = rows(report);
    let columns = COLUMNS.iter().map(|column| array(column.value, &rows));
    RecordBatch::try_new(schema(), columns.collect()).map_err(failed)
}

fn failed(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("cannot write a report as Parquet").with_source(e)
}

fn properties(report: &Report) -> WriterProperties {
    let said = [
        ("title", report.title.clone()),
        ("made_at", rfc3339(report.made_at)),
        ("at", rfc3339(report.at)),
        ("engine", report.engine.clone()),
    ];
    let said = said.map(|(key, value)| KeyValue::new(format!("narthex.report.{key}"), value));
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(report.engine.clone())
        .set_key_value_metadata(Some(said.to_vec()))
        .build()
}

fn field(column: &Column) -> Field {
    let (kind, nullable) = match column.value {
        Value::Text(_) => (DataType::Utf8, false),
        Value::Number(_) => (DataType::Float64, true),
        Value::Time(_) => {
            let utc = Some("UTC".into());
            (DataType::Timestamp(TimeUnit::Millisecond, utc), false)
        }
        Value::Flag(_) => (DataType::Boolean, false),
    };
    Field::new(column.name, kind, nullable)
}

fn array(value: Value, rows: &[Row<'_>]) -> ArrayRef {
    match value {
        Value::Text(of) => Arc::new(StringArray::from_iter_values(rows.iter().map(of))),
        Value::Number(of) => Arc::new(rows.iter().map(of).collect::<Float64Array>()),
        Value::Time(of) => {
            let times = TimestampMillisecondArray::from_iter_values(rows.iter().map(of));
            Arc::new(times.with_timezone("UTC"))
        }
        Value::Flag(of) => Arc::new(rows.iter().map(|r| Some(of(r))).collect::<BooleanArray>()),
    }
}
