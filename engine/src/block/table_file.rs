//! Small Parquet files of a block that are written in batches and read from front to end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use narthex_model::{Result, TimeRange};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;

use super::files::{self, ChecksumFile, ReadFile};
use super::folder::BlockFolder;
use super::meta::FileMeta;
use super::parquet_io::{self, FileChunks};
use crate::fs::FileSystem;

/// Rows decoded at once.
const ROWS_PER_BATCH: usize = 4096;

/// A file that is being written.
pub(super) struct TableWriter {
    writer: ArrowWriter<ChecksumFile>,
    path: PathBuf,
}

impl TableWriter {
    /// Makes the file at `path`.
    pub(super) fn create(
        fs: &dyn FileSystem,
        path: &Path,
        schema: SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self> {
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let file = ChecksumFile::create(fs, path)?;
        let writer = ArrowWriter::try_new_with_options(file, schema, options);
        Ok(Self {
            writer: writer.map_err(|e| parquet_io::write_error(path, e))?,
            path: path.to_owned(),
        })
    }

    /// Writes a row group.
    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let written = self.writer.write(rows);
        written
            .and_then(|()| self.writer.flush())
            .map_err(|e| parquet_io::write_error(&self.path, e))
    }

    /// Closes the file and makes it durable.
    pub(super) fn finish(self) -> Result<FileMeta> {
        let writer = self.writer.into_serialized_writer();
        let (writer, _) = writer.map_err(|e| parquet_io::write_error(&self.path, e))?;
        parquet_io::finish(writer, &self.path)
    }
}

/// An open file, with its footer.
#[derive(Debug)]
pub(super) struct TableFile {
    file: Arc<ReadFile>,
    metadata: ArrowReaderMetadata,
}

impl TableFile {
    /// Opens the file `name` of a block; `rows` is how many it should have.
    pub(super) fn open(
        folder: &dyn BlockFolder,
        name: &str,
        expected: &FileMeta,
        rows: u64,
    ) -> Result<Self> {
        let (file, metadata) = parquet_io::open(folder, name, expected)?;
        if metadata.file_metadata().num_rows().max(0).cast_unsigned() != rows {
            return Err(files::damaged(
                file.path(),
                "its number of rows is not that of the description",
            ));
        }
        let metadata = parquet_io::guarded(file.path(), || {
            ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())
        })?;
        Ok(Self {
            file: Arc::new(file),
            metadata,
        })
    }

    /// Gives the batches to `take`, without row groups whose column 0, a time, lies outside of `range`.
    pub(super) fn read(
        &self,
        range: TimeRange,
        mut take: impl FnMut(&RecordBatch) -> Result<(), String>,
    ) -> Result<()> {
        let groups = self.metadata.metadata().row_groups().iter().enumerate();
        let overlapping = groups.filter(|(_, group)| may_overlap(group, range));
        let groups: Vec<usize> = overlapping.map(|(at, _)| at).collect();
        if groups.is_empty() {
            return Ok(());
        }
        parquet_io::guarded(self.file.path(), || {
            let chunks = FileChunks::new(self.file.clone());
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, self.metadata.clone());
            let reader = builder
                .with_batch_size(ROWS_PER_BATCH)
                .with_row_groups(groups)
                .build()?;
            for batch in reader {
                take(&batch?).map_err(ParquetError::General)?;
            }
            Ok(())
        })
    }
}

fn may_overlap(group: &RowGroupMetaData, range: TimeRange) -> bool {
    let statistics = group.columns().first().and_then(|c| c.statistics());
    let Some(Statistics::Int64(times)) = statistics else {
        return true;
    };
    match (times.min_opt(), times.max_opt()) {
        (Some(min), Some(max)) => *min < range.end && range.start <= *max,
        _ => true,
    }
}
