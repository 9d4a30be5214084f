//! One encoder per format over the writers of the Arrow project.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow_csv::writer::{Writer as CsvWriter, WriterBuilder as CsvBuilder};
use arrow_ipc::writer::StreamWriter;
use arrow_json::writer::{JsonArray, Writer as JsonWriter, WriterBuilder as JsonBuilder};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::spool::Spool;
use super::{RowSink, SinkError};
use crate::json::{push_list, push_string};

type Made = Result<Box<dyn RowSink>, SinkError>;

struct Json {
    writer: JsonWriter<Spool, JsonArray>,
    spool: Spool,
}

/// `{"status":"success","data":{"columns":[{"name":…,"type":…}],"rows":[{…}]}}`, with `"warnings"` at the end if there are any;
/// NULL and NaN are `null`.
pub(super) fn json(schema: &SchemaRef, spool: Spool) -> Made {
    let mut head = b"{\"status\":\"success\",\"data\":{\"columns\":".to_vec();
    push_list(b"[]", schema.fields(), &mut head, |field, out| {
        out.extend_from_slice(b"{\"name\":");
        push_string(field.name(), out);
        out.extend_from_slice(b",\"type\":");
        push_string(&field.data_type().to_string(), out);
        out.push(b'}');
    });
    head.extend_from_slice(b",\"rows\":");
    spool.push(&head);
    let writer = JsonBuilder::new()
        .with_explicit_nulls(true)
        .build(spool.clone());
    Ok(Box::new(Json { writer, spool }))
}

impl RowSink for Json {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), SinkError> {
        Ok(self.writer.write(batch)?)
    }

    fn finish(&mut self, warnings: &[String]) -> Result<(), SinkError> {
        self.writer.finish()?;
        let mut tail = b"}".to_vec();
        if !warnings.is_empty() {
            tail.extend_from_slice(b",\"warnings\":");
            push_list(b"[]", warnings, &mut tail, |warning, out| {
                push_string(warning, out);
            });
        }
        tail.push(b'}');
        self.spool.push(&tail);
        Ok(())
    }
}

/// The writer puts the header before the first batch, so an answer without rows gets an empty batch.
struct Csv {
    writer: CsvWriter<Spool>,
    empty: Option<RecordBatch>,
}

pub(super) fn csv(schema: &SchemaRef, spool: Spool) -> Made {
    let writer = CsvBuilder::new().with_header(true).build(spool);
    Ok(Box::new(Csv {
        writer,
        empty: Some(RecordBatch::new_empty(schema.clone())),
    }))
}

impl RowSink for Csv {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), SinkError> {
        self.empty = None;
        Ok(self.writer.write(batch)?)
    }

    fn finish(&mut self, _: &[String]) -> Result<(), SinkError> {
        match self.empty.take() {
            Some(empty) => Ok(self.writer.write(&empty)?),
            None => Ok(()),
        }
    }
}

struct Arrow(StreamWriter<Spool>);

pub(super) fn arrow(schema: &SchemaRef, spool: Spool) -> Made {
    Ok(Box::new(Arrow(StreamWriter::try_new(spool, schema)?)))
}

impl RowSink for Arrow {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), SinkError> {
        Ok(self.0.write(batch)?)
    }

    fn finish(&mut self, _: &[String]) -> Result<(), SinkError> {
        Ok(self.0.finish()?)
    }
}

/// The writer can be closed once.
struct Parquet(Option<ArrowWriter<Spool>>);

pub(super) fn parquet(schema: &SchemaRef, spool: Spool) -> Made {
    let properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .build();
    Ok(Box::new(Parquet(Some(ArrowWriter::try_new(
        spool,
        schema.clone(),
        Some(properties),
    )?))))
}

impl RowSink for Parquet {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), SinkError> {
        match &mut self.0 {
            Some(writer) => Ok(writer.write(batch)?),
            None => Ok(()),
        }
    }

    fn finish(&mut self, _: &[String]) -> Result<(), SinkError> {
        if let Some(writer) = self.0.take() {
            writer.close()?;
        }
        Ok(())
    }
}
