//! Between the `parquet` crate and our files: bytes, checked footers, errors and panics.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use narthex_model::{Error, Result};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::SerializedFileWriter;

use super::files::{self, ChecksumFile, ReadFile};
use super::folder::BlockFolder;
use super::meta::FileMeta;

/// No header of a page is longer.
const HEADER_BYTES_MAX: u64 = 64 << 10;

/// A file that is read as the `parquet` crate asks for it.
pub(super) struct FileChunks(Arc<ReadFile>);

impl FileChunks {
    /// All of `file`.
    pub(super) fn new(file: Arc<ReadFile>) -> Self {
        Self(file)
    }

    fn read(&self, start: u64, len: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.0.read_at(start, len as u64);
        bytes.map_err(|e| ParquetError::External(e.into()))
    }
}

impl Length for FileChunks {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for FileChunks {
    type T = Cursor<Bytes>;

    /// Only page headers are read so: the pages themselves are known from the offset index.
    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let len = self.0.len().saturating_sub(start).min(HEADER_BYTES_MAX);
        self.read(start, len as usize).map(Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.read(start, length)
    }
}

/// Opens a Parquet file of a block and reads its footer and offset index, which are checked against their checksum, so
/// what they say can be relied on.
pub(super) fn open(
    folder: &dyn BlockFolder,
    name: &str,
    expected: &FileMeta,
) -> Result<(ReadFile, ParquetMetaData)> {
    let file = ReadFile::open(folder, name)?;
    let path = file.path();
    if file.len() != expected.bytes {
        return Err(files::damaged(
            path,
            format!("it has {} bytes instead of {}", file.len(), expected.bytes),
        ));
    }
    let start = file.len().saturating_sub(expected.tail_bytes);
    let tail = file.read_at(start, expected.tail_bytes)?;
    if crc32c::crc32c(&tail) != expected.tail_crc32c {
        return Err(files::damaged(
            path,
            "the checksum of its footer does not match",
        ));
    }
    let metadata = guarded(path, || {
        let mut reader = ParquetMetaDataReader::new()
            .with_offset_index_policy(PageIndexPolicy::Required)
            .with_column_index_policy(PageIndexPolicy::Skip);
        reader.try_parse_sized(&tail, file.len())?;
        reader.finish()
    })?;
    Ok((file, metadata))
}

/// Writes the footer and makes the file durable.
pub(super) fn finish(
    mut writer: SerializedFileWriter<ChecksumFile>,
    path: &Path,
) -> Result<FileMeta> {
    writer.flush().map_err(|e| files::write_error(path, e))?;
    writer.inner_mut().start_tail();
    writer
        .into_inner()
        .map_err(|e| write_error(path, e))?
        .finish()
}

/// Decodes bytes from disk. The `parquet` crate answers most damage with an error and some with a panic; both mean
/// that the file at `path` is damaged. Our own errors pass through.
pub(super) fn guarded<T>(
    path: &Path,
    decode: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => Ok(decoded),
        Ok(Err(ParquetError::External(e))) if e.is::<Error>() => Err(e
            .downcast()
            .map_or_else(|e| files::damaged(path, e), |e| *e)),
        Ok(Err(e)) => Err(files::damaged(path, "it cannot be decoded").with_source(e)),
        Err(_) => Err(files::damaged(
            path,
            "it cannot be decoded: its pages contradict themselves",
        )),
    }
}

/// An error of the Parquet writer: nearly always one of the file below it.
#[cold]
pub(super) fn write_error(path: &Path, error: ParquetError) -> Error {
    files::write_error(path, error)
}
