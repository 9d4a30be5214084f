//! Rows of a file as they are stored: those alone that are wanted, and of them what is wanted.

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use bytes::Bytes;
use narthex_model::{Error, Result, TimeRange};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use super::group_of_json;
use super::read::{Texts, starts};
use crate::ledger::rows::{Wanted, WantsGroup};

/// Rows of a batch.
const BATCH_ROWS: usize = 1 << 14;

/// The rows of a file whose slices begin in `span`.
pub(in crate::ledger) fn scan(
    bytes: Vec<u8>,
    span: TimeRange,
    wanted: &Wanted,
) -> Result<ParquetRecordBatchReader> {
    let damaged = |e| Error::corrupt("cannot be read as Parquet").with_source(e);
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(damaged)?;
    let row_groups = builder.metadata().row_groups().iter().enumerate();
    let row_groups = row_groups.filter(|(_, rows)| may_touch(rows, span));
    let row_groups = row_groups.map(|(at, _)| at).collect();
    let columns =
        |names: &[&str]| ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
    let shown = columns(&wanted.columns);
    let group = wanted.group.clone();
    let are_wanted = ArrowPredicateFn::new(columns(&["group", "slice_start"]), move |batch| {
        let wanted = are_wanted(&batch, span, &group);
        wanted.map_err(|e| ArrowError::ExternalError(Box::new(e)))
    });
    builder
        .with_row_groups(row_groups)
        .with_row_filter(RowFilter::new(vec![Box::new(are_wanted)]))
        .with_projection(shown)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(damaged)
}

/// Whether a slice among these rows may begin in `span`.
fn may_touch(rows: &RowGroupMetaData, span: TimeRange) -> bool {
    let mut columns = rows.columns().iter();
    let column = columns.find(|column| column.column_path().string() == "slice_start");
    match column.and_then(|column| column.statistics()) {
        Some(Statistics::Int64(of)) => {
            let bounds = of.min_opt().zip(of.max_opt());
            bounds.is_none_or(|(min, max)| *min < span.end && span.start <= *max)
        }
        _ => true,
    }
}

fn are_wanted(batch: &RecordBatch, span: TimeRange, group: &WantsGroup) -> Result<BooleanArray> {
    let groups = Texts::of(batch, "group")?;
    let of_text = |text: &str| group(&group_of_json(text)?);
    let by_number = groups.all().map(of_text).collect::<Result<Vec<_>>>()?;
    let rows = starts(batch)?.iter().enumerate();
    let is_wanted = |(row, start): (usize, &i64)| {
        let group = groups.number(row).and_then(|number| by_number.get(number));
        span.contains(*start) && group.copied().unwrap_or(false)
    };
    Ok(rows.map(is_wanted).collect::<Vec<_>>().into())
}
