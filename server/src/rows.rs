//! Rows of a SQL answer as bytes: JSON, CSV, Arrow or Parquet, piece by piece.

mod encoders;
mod spool;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use narthex_model::{Error, Result};

use spool::Spool;

/// A form that rows can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowFormat {
    /// Prometheus' envelope around columns and rows.
    Json,
    /// A header, then a line per row.
    Csv,
    /// The stream format of Arrow IPC.
    Arrow,
    /// A Parquet file.
    Parquet,
}

impl RowFormat {
    /// What to say in `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The name that asks for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    /// An encoder for rows of `schema`.
    ///
    /// # Errors
    /// `Invalid` if a column's type has no such form.
    pub(crate) fn encoder(self, schema: &SchemaRef) -> Result<RowEncoder> {
        let spool = Spool::default();
        let sink = match self {
            Self::Json => encoders::json(schema, spool.clone()),
            Self::Csv => encoders::csv(schema, spool.clone()),
            Self::Arrow => encoders::arrow(schema, spool.clone()),
            Self::Parquet => encoders::parquet(schema, spool.clone()),
        };
        Ok(RowEncoder {
            format: self,
            sink: sink.map_err(|e| failed(self, &*e))?,
            spool,
        })
    }
}

impl FromStr for RowFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Json, Self::Csv, Self::Arrow, Self::Parquet];
        all.into_iter().find(|f| f.name() == text).ok_or_else(|| {
            Error::invalid(format!(
                "unknown format {text:?}; one of json, csv, arrow, parquet"
            ))
        })
    }
}

/// Turns batches into bytes.
pub(crate) struct RowEncoder {
    format: RowFormat,
    sink: Box<dyn RowSink>,
    spool: Spool,
}

/// Why an encoder failed; each library has its own error.
type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Writes rows somewhere.
trait RowSink: Send {
    /// Writes the rows of one batch.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), SinkError>;
    /// Writes what follows the last row, and the warnings if the form has a place for them.
    fn finish(&mut self, warnings: &[String]) -> Result<(), SinkError>;
}

impl RowEncoder {
    /// Encodes the rows of `batch`.
    ///
    /// # Errors
    /// `Invalid` if a column's type has no such form.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.sink.write(batch).map_err(|e| failed(self.format, &*e))
    }

    /// Ends the answer, with warnings where there is a place for them; no row may follow.
    ///
    /// # Errors
    /// `Invalid` if a column's type has no such form.
    pub(crate) fn finish(&mut self, warnings: &[String]) -> Result<()> {
        let finished = self.sink.finish(warnings);
        finished.map_err(|e| failed(self.format, &*e))
    }

    /// Bytes that wait to be taken.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.spool.len()
    }

    /// The bytes written since the last call.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.spool.take()
    }
}

fn failed(format: RowFormat, error: &dyn std::error::Error) -> Error {
    Error::invalid(format!(
        "the rows cannot be written as {}: {error}; cast the column or use another format",
        format.name()
    ))
}
