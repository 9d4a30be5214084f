//! Writes and reads `metadata.parquet`: what the metrics of a block say of themselves.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_schema::{ArrowError, Field, Schema};
use narthex_model::{Error, Metadata, MetadataEntry, MetricType, Result, TimeRange};

use super::folder::BlockFolder;
use super::meta::FileMeta;
use super::schema::{self, METADATA_FILE};
use super::table_file::{TableFile, TableWriter};
use crate::fs::FileSystem;
use crate::metadata::KnownMetadata;

/// Writes the file at `path`.
pub(super) fn write(fs: &dyn FileSystem, path: &Path, known: &[KnownMetadata]) -> Result<FileMeta> {
    let batch =
        batch(known).map_err(|e| Error::internal("cannot lay out metadata").with_source(e))?;
    let properties = schema::table_properties("metadata")?;
    let mut writer = TableWriter::create(fs, path, batch.schema(), properties)?;
    writer.write(&batch)?;
    writer.finish()
}

fn batch(known: &[KnownMetadata]) -> Result<RecordBatch, ArrowError> {
    let since = known.iter().map(|k| k.since);
    let since = TimestampMillisecondArray::from_iter_values(since).with_timezone("UTC");
    let texts = |of: fn(&KnownMetadata) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(known.iter().map(of)))
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("since", Arc::new(since)),
        ("metric", texts(|k| &k.entry.metric)),
        ("type", texts(|k| k.entry.metadata.metric_type.as_str())),
        ("help", texts(|k| &k.entry.metadata.help)),
        ("unit", texts(|k| &k.entry.metadata.unit)),
    ];
    let fields = columns.iter();
    let fields = fields.map(|(name, array)| Field::new(*name, array.data_type().clone(), false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(
        schema,
        columns.into_iter().map(|(_, array)| array).collect(),
    )
}

/// The open file, to be read.
#[derive(Debug)]
pub(super) struct MetadataFile(TableFile);

impl MetadataFile {
    /// Opens the file of a block that says it has so many rows.
    pub(super) fn open(folder: &dyn BlockFolder, expected: &FileMeta, rows: u64) -> Result<Self> {
        TableFile::open(folder, METADATA_FILE, expected, rows).map(Self)
    }

    /// All rows.
    pub(super) fn read(&self) -> Result<Vec<KnownMetadata>> {
        let mut known = Vec::new();
        self.0.read(TimeRange::ALL, |batch| {
            let text = |name: &str| {
                let column = batch.column_by_name(name);
                let texts = column.and_then(|c| c.as_string_opt::<i32>());
                texts
                    .filter(|t| t.null_count() == 0)
                    .ok_or_else(|| format!("column {name} has no texts"))
            };
            let (metrics, types) = (text("metric")?, text("type")?);
            let (helps, units) = (text("help")?, text("unit")?);
            let since = batch.column_by_name("since");
            let since = since.and_then(|c| c.as_primitive_opt::<TimestampMillisecondType>());
            let since = since.ok_or("column since has no times")?;
            for (i, since) in since.values().iter().enumerate() {
                known.push(KnownMetadata {
                    entry: MetadataEntry {
                        metric: metrics.value(i).to_owned(),
                        metadata: Metadata {
                            metric_type: MetricType::named(types.value(i)).unwrap_or_default(),
                            help: helps.value(i).to_owned(),
                            unit: units.value(i).to_owned(),
                        },
                    },
                    since: *since,
                });
            }
            Ok(())
        })?;
        Ok(known)
    }
}
