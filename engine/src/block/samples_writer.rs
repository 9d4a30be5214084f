//! Writes `samples.parquet`: gathers the rows of a row group in columns, cuts groups and pages on series edges, and has
//! the pages encoded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{Result, TimestampMs};
use parking_lot::{Mutex, MutexGuard};
use parquet::column::page::CompressedPage;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

use super::chunks;
use super::files::ChecksumFile;
use super::meta::FileMeta;
use super::pages::{Effort, PageEncoder};
use super::parquet_io;
use super::rows::{Kept, Rows};
use super::schema::{self, Layout, SampleColumn};
use super::workers::Workers;
use crate::fs::FileSystem;

/// The open file.
pub(super) struct SamplesWriter {
    file: SerializedFileWriter<ChecksumFile>,
    path: PathBuf,
    rows: Rows,
    encoders: Encoders,
    layout: Layout,
}

/// An encoder for each of the workers.
struct Encoders {
    effort: Effort,
    workers: Arc<Workers>,
    each: Vec<Mutex<PageEncoder>>,
}

impl SamplesWriter {
    /// Makes the file at `path`.
    pub(super) fn create(
        fs: &dyn FileSystem,
        path: &Path,
        layout: Layout,
        effort: Effort,
    ) -> Result<Self> {
        let properties = Arc::new(schema::samples_properties(layout.start_timestamps)?);
        let file = SerializedFileWriter::new(
            ChecksumFile::create(fs, path)?,
            schema::samples_schema(layout.start_timestamps)?,
            properties,
        );
        Ok(Self {
            file: file.map_err(|e| parquet_io::write_error(path, e))?,
            path: path.to_owned(),
            rows: Rows::new(layout),
            encoders: Encoders {
                effort,
                workers: Arc::new(Workers::new(1)),
                each: Vec::new(),
            },
            layout,
        })
    }

    /// Has the pages encoded by `workers` from now on, instead of here.
    pub(super) fn set_workers(&mut self, workers: Arc<Workers>) {
        self.encoders.workers = workers;
    }

    /// Adds the samples of a series; both columns have the same length. There is a start for each, 0 where none is known, or
    /// there are none.
    pub(super) fn push(
        &mut self,
        ordinal: i32,
        timestamps: &[TimestampMs],
        values: &[f64],
        starts: &[TimestampMs],
    ) -> Result<Kept> {
        if timestamps.is_empty() {
            return Ok(Kept {
                scale: None,
                double_count: 0,
            });
        }
        let rows = self.rows.len();
        if rows > 0 && rows + timestamps.len() > self.layout.rows_per_group {
            self.flush()?;
        }
        Ok(self.rows.push(ordinal, timestamps, values, starts))
    }

    /// Writes the rest, closes the file and makes it durable.
    pub(super) fn finish(mut self) -> Result<FileMeta> {
        self.flush()?;
        parquet_io::finish(self.file, &self.path)
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows.len() == 0 {
            return Ok(());
        }
        let written = self.write_group();
        self.rows.clear();
        written.map_err(|e| parquet_io::write_error(&self.path, e))
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        self.encoders.start()?;
        self.rows.complete_starts();
        let columns = self.file.schema_descr().columns().to_vec();
        let properties = self.file.properties().clone();
        let mut group = self.file.next_row_group()?;
        for (column, descriptor) in SampleColumn::ALL.into_iter().zip(columns) {
            let pages = self.encoders.encode(&self.rows, column)?;
            let statistics = self.rows.statistics(column);
            let chunk = chunks::assemble(&descriptor, &properties, pages, statistics)?;
            group.append_column(&chunk.bytes, chunk.close)?;
        }
        group.close().map(|_| ())
    }
}

impl Encoders {
    /// Sees to it that each of the workers has one.
    fn start(&mut self) -> Result<(), ParquetError> {
        while self.each.len() < self.workers.count() {
            let encoder = PageEncoder::new(self.effort)?;
            self.each.push(Mutex::new(encoder));
        }
        Ok(())
    }

    /// The pages of `column`.
    fn encode(
        &self,
        rows: &Rows,
        column: SampleColumn,
    ) -> Result<Vec<CompressedPage>, ParquetError> {
        let dictionary = match column {
            SampleColumn::Series => Some(self.of_thread(0)?.dictionary(&rows.ordinals())?),
            _ => None,
        };
        let pages = self.workers.map(&rows.pages(column), |thread, page| {
            let values = rows.page_values(column, page);
            self.of_thread(thread)?.encode(page.rows.len(), values)
        });
        dictionary.map(Ok).into_iter().chain(pages).collect()
    }

    /// The encoder of a thread: nobody else locks it.
    fn of_thread(&self, thread: usize) -> Result<MutexGuard<'_, PageEncoder>, ParquetError> {
        let encoder = self.each.get(thread).map(Mutex::lock);
        encoder.ok_or_else(|| ParquetError::General(format!("no encoder for thread {thread}")))
    }
}
