//! Reads columns of `samples.parquet`: fetches the pages that hold wanted rows and decodes them straight into vectors.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use narthex_model::Result;
use parquet::column::reader::{ColumnReaderImpl, get_column_reader, get_typed_column_reader};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::serialized_reader::SerializedPageReader;

use super::files::{self, ReadFile};
use super::folder::BlockFolder;
use super::meta::FileMeta;
use super::parquet_io::{self, Fetched};
use super::schema::{self, SAMPLES_FILE, SampleColumn};
use crate::meter::{self, ReadCounts};

/// Pages closer than this are fetched in one read: a read costs about as much as copying so many bytes.
const FETCH_GAP_BYTES_MAX: u64 = 64 << 10;

/// The open file, with its footer and offset index.
#[derive(Debug)]
pub(super) struct SamplesFile {
    file: ReadFile,
    metadata: ParquetMetaData,
    /// First row of each row group, and the number of all rows.
    group_starts: Vec<u64>,
}

impl SamplesFile {
    /// Opens the file of a block.
    pub(super) fn open(folder: &dyn BlockFolder, expected: &FileMeta) -> Result<Self> {
        let (file, metadata) = parquet_io::open(folder, SAMPLES_FILE, expected)?;
        let found = metadata.file_metadata().schema();
        if found != schema::samples_schema(false)?.as_ref()
            && found != schema::samples_schema(true)?.as_ref()
        {
            return Err(files::damaged(
                file.path(),
                "its columns are not those of a samples file",
            ));
        }
        let mut group_starts = vec![0];
        let mut rows = 0_u64;
        for group in metadata.row_groups() {
            rows = rows.saturating_add(group.num_rows().max(0).cast_unsigned());
            group_starts.push(rows);
        }
        Ok(Self {
            file,
            metadata,
            group_starts,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Number of all rows.
    pub(super) fn rows(&self) -> u64 {
        self.group_starts.last().copied().unwrap_or(0)
    }

    /// The row group that holds `row`, and its rows.
    pub(super) fn group_of(&self, row: u64) -> Option<(usize, Range<u64>)> {
        let group = self
            .group_starts
            .partition_point(|start| *start <= row)
            .checked_sub(1)?;
        let start = *self.group_starts.get(group)?;
        Some((group, start..*self.group_starts.get(group + 1)?))
    }

    /// A cursor over `column` that will be asked for rows inside `wanted` alone. These are rows of the file, in order, all
    /// in row group `group`.
    pub(super) fn cursor<T: DataType>(
        &self,
        group: usize,
        column: SampleColumn,
        wanted: impl Iterator<Item = Range<u64>>,
    ) -> Result<Cursor<T>> {
        let place = self.place(group, column)?;
        let fetched = self.fetch(&place.pages_for(wanted))?;
        let Place {
            start,
            rows,
            chunk,
            pages,
        } = place;
        let reader =
            parquet_io::guarded(self.path(), || column_reader(fetched, chunk, rows, pages))?;
        Ok(Cursor {
            reader,
            next_row: start,
        })
    }

    /// Where the pages of `column` lie that hold rows of `wanted`, as [`SamplesFile::cursor`] would fetch them.
    pub(super) fn pages(
        &self,
        group: usize,
        column: SampleColumn,
        wanted: impl Iterator<Item = Range<u64>>,
    ) -> Result<Vec<Range<u64>>> {
        Ok(self.place(group, column)?.pages_for(wanted))
    }

    fn place(&self, group: usize, column: SampleColumn) -> Result<Place<'_>> {
        let place = || {
            let row_group = self.metadata.row_groups().get(group)?;
            let pages = self.metadata.offset_index()?.get(group)?;
            Some(Place {
                start: *self.group_starts.get(group)?,
                rows: row_group.num_rows().max(0).cast_unsigned(),
                chunk: row_group.columns().get(column as usize)?,
                pages: pages.get(column as usize)?.page_locations(),
            })
        };
        place()
            .ok_or_else(|| files::damaged(self.path(), format!("row group {group} is not there")))
    }

    /// Reads byte ranges, given in order, several at once where they are close.
    fn fetch(&self, ranges: &[Range<u64>]) -> Result<Fetched> {
        let mut fetched = Fetched::new(self.file.len());
        let close = |a: &Range<u64>, b: &Range<u64>| {
            a.end <= b.start && b.start - a.end <= FETCH_GAP_BYTES_MAX
        };
        let runs: Vec<_> = ranges
            .chunk_by(close)
            .filter_map(|run| Some(run.first()?.start..run.last()?.end))
            .collect();
        meter::count(ReadCounts {
            pages: ranges.len() as u64,
            ..ReadCounts::default()
        });
        for (run, bytes) in runs.iter().zip(self.file.read_ranges(&runs)?) {
            fetched.push(run.start, bytes);
        }
        Ok(fetched)
    }
}

/// A column of a row group.
struct Place<'a> {
    /// First row of the group.
    start: u64,
    /// How many it has.
    rows: u64,
    chunk: &'a ColumnChunkMetaData,
    pages: &'a [PageLocation],
}

impl Place<'_> {
    /// Byte ranges of the pages that hold rows of the file of `wanted`, which are in order and inside the group.
    fn pages_for(&self, wanted: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
        let start = self.start;
        let wanted =
            wanted.map(|rows| rows.start.saturating_sub(start)..rows.end.saturating_sub(start));
        pages_for(wanted, self.pages, self.rows)
    }
}

fn column_reader<T: DataType>(
    fetched: Fetched,
    chunk: &ColumnChunkMetaData,
    rows: u64,
    pages: &[PageLocation],
) -> Result<ColumnReaderImpl<T>, ParquetError> {
    let pages = SerializedPageReader::new(
        Arc::new(fetched),
        chunk,
        rows as usize,
        Some(pages.to_vec()),
    )?;
    Ok(get_typed_column_reader(get_column_reader(
        chunk.column_descr_ptr(),
        Box::new(pages),
    )))
}

/// Byte ranges of the pages that hold rows of `wanted`, each page once. Rows are counted from the start of the group, which
/// has `rows`.
fn pages_for(
    wanted: impl Iterator<Item = Range<u64>>,
    pages: &[PageLocation],
    rows: u64,
) -> Vec<Range<u64>> {
    let first_row = |page: &PageLocation| page.first_row_index.max(0).cast_unsigned();
    let mut ranges = Vec::new();
    let mut next_page = 0;
    for wanted in wanted {
        let holds_start = pages
            .partition_point(|page| first_row(page) <= wanted.start)
            .saturating_sub(1);
        next_page = next_page.max(holds_start);
        while let Some(page) = pages
            .get(next_page)
            .filter(|page| first_row(page) < wanted.end.min(rows))
        {
            let start = page.offset.max(0).cast_unsigned();
            ranges.push(start..start.saturating_add(page.compressed_page_size.max(0) as u64));
            next_page += 1;
        }
    }
    ranges
}

/// A place in one column of one row group, which moves forwards only.
pub(super) struct Cursor<T: DataType> {
    reader: ColumnReaderImpl<T>,
    next_row: u64,
}

impl<T: DataType> Cursor<T> {
    /// Appends the values of `rows` to `out` and, for an optional column, a level for each row to `levels`: 1 if it has
    /// a value, 0 if it is NULL. `rows` must not lie before those read so far.
    pub(super) fn read(
        &mut self,
        rows: Range<u64>,
        levels: Option<&mut Vec<i16>>,
        out: &mut Vec<T::T>,
    ) -> Result<(), ParquetError> {
        let too_few = || {
            ParquetError::General(format!(
                "rows {} to {} are not all there",
                rows.start, rows.end
            ))
        };
        let gap = rows.start.checked_sub(self.next_row).ok_or_else(too_few)? as usize;
        if gap > 0 && self.reader.skip_records(gap)? != gap {
            return Err(too_few());
        }
        let wanted = (rows.end - rows.start) as usize;
        if self.reader.read_records(wanted, levels, None, out)?.0 != wanted {
            return Err(too_few());
        }
        self.next_row = rows.end;
        Ok(())
    }
}
