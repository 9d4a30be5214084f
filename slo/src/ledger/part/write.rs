//! Slices to Parquet.

use std::iter;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use narthex_model::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::{Of, group_to_json};
use crate::ledger::Track;

/// Rows of a row group: about two months of one group.
const ROW_GROUP: usize = 1 << 17;

/// The bytes of a file with these tracks, which are sorted by group, and how many rows it has.
pub(in crate::ledger) fn write(tracks: &[Track], of: Of<'_>) -> Result<(Vec<u8>, u64)> {
    let schema = Arc::new(schema());
    let failed = |e| Error::internal("cannot be written as Parquet").with_source(e);
    let mut writer =
        ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties()?)).map_err(failed)?;
    let mut rows = 0;
    for track in tracks {
        let columns = columns(track, of);
        let batch = RecordBatch::try_new(schema.clone(), columns)
            .map_err(|e| Error::internal("columns of a ledger do not fit").with_source(e))?;
        rows += batch.num_rows() as u64;
        writer.write(&batch).map_err(failed)?;
    }
    Ok((writer.into_inner().map_err(failed)?, rows))
}

fn schema() -> Schema {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let number = |name: &str| Field::new(name, DataType::Float64, false);
    Schema::new(vec![
        Field::new("slo", text(), false),
        Field::new("generation", text(), false),
        Field::new("group", text(), false),
        Field::new("slice_start", time, false),
        number("good"),
        number("total"),
        number("bad"),
        Field::new("good_low", DataType::Float64, true),
        Field::new("good_high", DataType::Float64, true),
        number("observed_ms"),
        Field::new("method", text(), false),
    ])
}

/// The columns of numbers: next to none of them stands twice, so looking for equals takes longer than all else.
const NUMBERS: [&str; 6] = [
    "good",
    "total",
    "bad",
    "good_low",
    "good_high",
    "observed_ms",
];

/// The columns that are the same in all rows: the least and the largest say nothing.
const CONSTANTS: [&str; 3] = ["slo", "generation", "method"];

fn properties() -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(1).map_err(|e| Error::internal("zstd").with_source(e))?;
    let time = ColumnPath::from("slice_start");
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED);
    for number in NUMBERS.map(ColumnPath::from) {
        properties = properties
            .set_column_dictionary_enabled(number.clone(), false)
            .set_column_encoding(number, Encoding::BYTE_STREAM_SPLIT);
    }
    for constant in CONSTANTS.map(ColumnPath::from) {
        properties = properties.set_column_statistics_enabled(constant, EnabledStatistics::None);
    }
    Ok(properties.build())
}

fn columns(track: &Track, of: Of<'_>) -> Vec<ArrayRef> {
    let slices = &track.slices;
    let rows = (0..slices.grid.len).filter(|i| slices.is_known(*i));
    let rows: Vec<usize> = rows.collect();
    let times = rows.iter().map(|i| slices.grid.edge(*i));
    let number = |column: &[f64]| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(
            rows.iter().map(|i| column[*i]),
        ))
    };
    let bound = |column: Option<&Vec<f64>>| -> ArrayRef {
        let at = |i: &usize| column.map(|c| c[*i]);
        Arc::new(Float64Array::from_iter(rows.iter().map(at)))
    };
    let text = |text: &str| constant(text, rows.len());
    let bounds = slices.bounds.as_ref();
    vec![
        text(of.slo),
        text(of.generation),
        text(&group_to_json(&track.group)),
        Arc::new(TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC")),
        number(&slices.good),
        number(&slices.total),
        number(&slices.bad),
        bound(bounds.map(|b| &b.low)),
        bound(bounds.map(|b| &b.high)),
        number(&slices.observed_ms),
        text(slices.method.as_str()),
    ]
}

/// The same text in every row.
fn constant(text: &str, rows: usize) -> ArrayRef {
    let keys: Int32Array = iter::repeat_n(0, rows).collect();
    let values = Arc::new(StringArray::from(vec![text]));
    // One value, and keys that are all zero: it cannot fail.
    let dictionary = DictionaryArray::<Int32Type>::try_new(keys, values);
    Arc::new(dictionary.expect("keys lie within the values"))
}
