//! Writes `samples.parquet`: gathers the rows of a row group in columns, cuts groups and pages on series edges, and has
//! the pages encoded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{Result, TimestampMs};
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
use crate::fs::FileSystem;

/// The open file.
pub(super) struct SamplesWriter {
    file: SerializedFileWriter<ChecksumFile>,
    path: PathBuf,
    rows: Rows,
    encoder: PageEncoder,
    layout: Layout,
}

impl SamplesWriter {
    /// Makes the file at `path`.
    pub(super) fn create(
        fs: &dyn FileSystem,
        path: &Path,
        layout: Layout,
        effort: Effort,
    ) -> Result<Self> {
        let properties = Arc::new(schema::samples_properties()?);
        let file = SerializedFileWriter::new(
            ChecksumFile::create(fs, path)?,
            schema::samples_schema()?,
            properties,
        );
        let error = |e| parquet_io::write_error(path, e);
        Ok(Self {
            file: file.map_err(error)?,
            path: path.to_owned(),
            rows: Rows::new(layout),
            encoder: PageEncoder::new(effort).map_err(error)?,
            layout,
        })
    }

    /// Adds the samples of a series; both columns have the same length.
    pub(super) fn push(
        &mut self,
        ordinal: i32,
        timestamps: &[TimestampMs],
        values: &[f64],
    ) -> Result<Kept> {
        let rows = self.rows.len();
        if rows > 0 && rows + timestamps.len() > self.layout.rows_per_group {
            self.flush()?;
        }
        Ok(self.rows.push(ordinal, timestamps, values))
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
        let columns = self.file.schema_descr().columns().to_vec();
        let properties = self.file.properties().clone();
        let mut group = self.file.next_row_group()?;
        for (column, descriptor) in SampleColumn::ALL.into_iter().zip(columns) {
            let pages = encode(&self.rows, column, &mut self.encoder)?;
            let statistics = self.rows.statistics(column);
            let chunk = chunks::assemble(&descriptor, &properties, pages, statistics)?;
            group.append_column(&chunk.bytes, chunk.close)?;
        }
        group.close().map(|_| ())
    }
}

/// The pages of `column`.
fn encode(
    rows: &Rows,
    column: SampleColumn,
    encoder: &mut PageEncoder,
) -> Result<Vec<CompressedPage>, ParquetError> {
    let dictionary = match column {
        SampleColumn::Series => Some(encoder.dictionary(&rows.ordinals())?),
        _ => None,
    };
    let pages = rows.pages(column);
    let pages = pages
        .iter()
        .map(|page| encoder.encode(page.rows.len(), rows.page_values(column, page)));
    dictionary.map(Ok).into_iter().chain(pages).collect()
}
