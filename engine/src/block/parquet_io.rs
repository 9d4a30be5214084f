//! Between the `parquet` crate and our files: bytes fetched beforehand, checked footers, errors and panics.

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

/// Parts of a file in memory, in order of their offsets.
#[derive(Debug)]
pub(super) struct Fetched {
    file_bytes: u64,
    parts: Vec<(u64, Bytes)>,
}

impl Fetched {
    /// Nothing yet of a file of `file_bytes`.
    pub(super) fn new(file_bytes: u64) -> Self {
        Self {
            file_bytes,
            parts: Vec::new(),
        }
    }

    /// Adds the bytes that stand at `offset`, beyond all parts so far.
    pub(super) fn push(&mut self, offset: u64, bytes: impl Into<Bytes>) {
        self.parts.push((offset, bytes.into()));
    }

    /// The rest of the part that holds the byte at `offset`.
    fn from(&self, offset: u64) -> Option<Bytes> {
        let at = self
            .parts
            .partition_point(|(start, _)| *start <= offset)
            .checked_sub(1)?;
        let (start, bytes) = self.parts.get(at)?;
        let skipped = usize::try_from(offset - start).ok()?;
        (skipped <= bytes.len()).then(|| bytes.slice(skipped..))
    }
}

impl Length for Fetched {
    fn len(&self) -> u64 {
        self.file_bytes
    }
}

impl ChunkReader for Fetched {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.from(start)
            .map(Cursor::new)
            .ok_or_else(|| outside(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self
            .from(start)
            .filter(|bytes| length <= bytes.len())
            .ok_or_else(|| outside(start))?;
        Ok(bytes.slice(..length))
    }
}

#[cold]
fn outside(offset: u64) -> ParquetError {
    ParquetError::General(format!(
        "byte {offset} lies outside of what the footer announces"
    ))
}

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
    let mut fetched = Fetched::new(file.len());
    fetched.push(start, tail);
    let metadata = guarded(path, || {
        ParquetMetaDataReader::new()
            .with_offset_index_policy(PageIndexPolicy::Required)
            .with_column_index_policy(PageIndexPolicy::Skip)
            .parse_and_finish(&fetched)
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
