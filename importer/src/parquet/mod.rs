//! Import of Parquet in long format: a row per sample, with a time, a value, and labels in the other columns.
//!
//! Rows may come in any order. They are read some thousands at a time and written like any samples that come in.

mod columns;
mod labels;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use futures::executor::block_on;
use narthex_engine::Engine;
use narthex_model::{Error, Result, Sink, WriteBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::piece_file::read_error;
use crate::{Progress, Report, Written};
use columns::{Samples, timestamps, values};
use labels::LabelColumns;

/// Rows that are read at once.
const BATCH_ROWS: usize = 32_768;

/// Which columns mean what. All other columns are labels: texts, numbers and booleans by the name of the column; maps and
/// structs by their own names.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The time: a timestamp, or an integer of milliseconds since the epoch.
    pub timestamp: String,
    /// The value: a number.
    pub value: String,
    /// The column with the name of the metric; `None` if there is none.
    pub metric: Option<String>,
    /// The name of the metric where that column is missing or empty.
    pub metric_name: Option<String>,
}

/// Writes the samples of the file at `path` through `engine`, which must accept samples of any age. Rows without a time or a
/// value are left out.
///
/// # Errors
/// `Invalid` if the file is no Parquet, lacks a column, or a row has no name of a metric; what the engine says. What was
/// written before stays.
pub fn run(
    engine: &Engine,
    path: &Path,
    columns: &Columns,
    progress: &dyn Progress,
) -> Result<Report> {
    import(engine, path, columns, progress).map_err(|e| e.context(path.display()))
}

fn import(
    engine: &Engine,
    path: &Path,
    columns: &Columns,
    progress: &dyn Progress,
) -> Result<Report> {
    let file = File::open(path).map_err(|e| read_error(path, e))?;
    let unreadable = |e| Error::invalid("this is no parquet that can be read").with_source(e);
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let rows = builder.metadata().file_metadata().num_rows();
    progress.begin(u64::try_from(rows).unwrap_or(0));
    let reader = builder.with_batch_size(BATCH_ROWS).build();
    let (mut written, mut done, mut left_out) = (Written::default(), 0, 0);
    for batch in reader.map_err(unreadable)? {
        let batch = batch.map_err(|e| {
            Error::corrupt(format!("rows after {done} cannot be read")).with_source(e)
        })?;
        let (samples, skipped) = convert(&batch, columns)?;
        left_out += skipped;
        if !samples.is_empty() {
            written.add(block_on(engine.write(samples))?);
        }
        done += batch.num_rows() as u64;
        progress.reach(done);
    }
    let mut report = written.into_report();
    if left_out > 0 {
        report.notes.push(format!(
            "{left_out} rows have no time or no value and were left out"
        ));
    }
    Ok(report)
}

/// The samples of a batch, and how many rows have none.
fn convert(batch: &RecordBatch, columns: &Columns) -> Result<(WriteBatch, u64)> {
    let column = |name: &String| {
        batch.column_by_name(name).ok_or_else(|| {
            let schema = batch.schema();
            let names: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            Error::invalid(format!(
                "there is no column {name:?}, only {}",
                names.join(", ")
            ))
        })
    };
    let samples = Samples {
        timestamps: timestamps(column(&columns.timestamp)?, &columns.timestamp)?,
        values: values(column(&columns.value)?, &columns.value)?,
    };
    let labels = LabelColumns::new(batch, columns)?;
    let (mut out, mut left_out) = (WriteBatch::new(), 0);
    let mut series = labels.series();
    for row in 0..batch.num_rows() {
        match samples.get(row) {
            Some((t, value)) => {
                let position = series.of_row(row, &mut out)?;
                out.push_sample(position, t, value);
            }
            None => left_out += 1,
        }
    }
    Ok((out, left_out))
}
