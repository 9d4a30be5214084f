//! Reads columns of `samples.parquet`: fetches the pages that hold wanted rows and decodes these.

use std::ops::Range;
use std::path::Path;

use narthex_model::Result;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::offset_index::PageLocation;

use super::files::{self, ReadFile};
use super::folder::BlockFolder;
use super::meta::FileMeta;
use super::page_reader::{Decoder, OpenPage, StoredPage};
use super::parquet_io;
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
    pub(super) fn cursor<D: Decoder>(
        &self,
        group: usize,
        column: SampleColumn,
        wanted: impl Iterator<Item = Range<u64>>,
    ) -> Result<Cursor<D>> {
        let pages = self.pages(group, column, wanted)?;
        Ok(Cursor {
            pages: self.fetch(&pages)?.into_iter(),
            page: OpenPage::default(),
            optional: column != SampleColumn::Timestamp,
        })
    }

    /// The pages of `column` that hold rows of `wanted`, as [`SamplesFile::cursor`] would fetch them.
    pub(super) fn pages(
        &self,
        group: usize,
        column: SampleColumn,
        wanted: impl Iterator<Item = Range<u64>>,
    ) -> Result<Vec<PagePlace>> {
        let place = || {
            let rows = *self.group_starts.get(group)?..*self.group_starts.get(group + 1)?;
            let offsets = self.metadata.offset_index()?.get(group)?;
            Some((rows, offsets.get(column as usize)?.page_locations()))
        };
        let (rows, pages) = place().ok_or_else(|| {
            files::damaged(self.path(), format!("row group {group} is not there"))
        })?;
        Ok(pages_for(wanted, pages, rows))
    }

    /// Reads pages, given in order, several at once where they are close.
    fn fetch(&self, pages: &[PagePlace]) -> Result<Vec<StoredPage>> {
        let close = |a: &PagePlace, b: &PagePlace| {
            a.bytes.end <= b.bytes.start && b.bytes.start - a.bytes.end <= FETCH_GAP_BYTES_MAX
        };
        let runs: Vec<_> = pages.chunk_by(close).collect();
        let span = |run: &&[PagePlace]| Some(run.first()?.bytes.start..run.last()?.bytes.end);
        let spans: Vec<_> = runs.iter().filter_map(span).collect();
        meter::count(ReadCounts {
            pages: pages.len() as u64,
            ..ReadCounts::default()
        });
        let read = self.file.read_ranges(&spans)?;
        let mut stored = Vec::with_capacity(pages.len());
        for ((run, span), bytes) in runs.iter().zip(spans).zip(read) {
            stored.extend(run.iter().map(|page| {
                let place = &page.bytes;
                let at = (place.start - span.start) as usize..(place.end - span.start) as usize;
                StoredPage {
                    rows: page.rows.clone(),
                    bytes: bytes.slice(at),
                }
            }));
        }
        Ok(stored)
    }
}

/// A page in the file.
pub(super) struct PagePlace {
    /// Its rows, counted over the whole file.
    rows: Range<u64>,
    /// Where header and page are.
    pub(super) bytes: Range<u64>,
}

/// The pages that hold rows of `wanted`, each once. The row group has `rows`.
fn pages_for(
    wanted: impl Iterator<Item = Range<u64>>,
    pages: &[PageLocation],
    rows: Range<u64>,
) -> Vec<PagePlace> {
    let first_row = |page: &PageLocation| rows.start + page.first_row_index.max(0).cast_unsigned();
    let mut found = Vec::new();
    let mut next_page = 0;
    for wanted in wanted {
        let holds_start = pages
            .partition_point(|page| first_row(page) <= wanted.start)
            .saturating_sub(1);
        next_page = next_page.max(holds_start);
        while let Some(page) = pages
            .get(next_page)
            .filter(|page| first_row(page) < wanted.end.min(rows.end))
        {
            next_page += 1;
            let end = pages.get(next_page).map_or(rows.end, first_row);
            let start = page.offset.max(0).cast_unsigned();
            let bytes = start..start.saturating_add(page.compressed_page_size.max(0) as u64);
            let rows = first_row(page)..end;
            found.push(PagePlace { rows, bytes });
        }
    }
    found
}

/// A place in one column of one row group, which moves forwards only.
pub(super) struct Cursor<D> {
    pages: std::vec::IntoIter<StoredPage>,
    page: OpenPage<D>,
    optional: bool,
}

impl<D: Decoder> Cursor<D> {
    /// Gives the values of `rows` to `sink`, some at a time, and appends to `present` which rows have one. `rows` must not lie
    /// before those read so far.
    pub(super) fn read(
        &mut self,
        rows: Range<u64>,
        mut present: Option<&mut Vec<bool>>,
        sink: &mut impl FnMut(&[D::Item]),
    ) -> Result<(), ParquetError> {
        let mut next = rows.start;
        while next < rows.end {
            if next >= self.page.rows().end {
                let page = self.pages.find(|page| next < page.rows.end);
                let page = page.ok_or_else(|| {
                    ParquetError::General(format!("row {next} of the file is not there"))
                })?;
                self.page.open(&page, self.optional)?;
            }
            let end = rows.end.min(self.page.rows().end);
            self.page.read(next..end, present.as_deref_mut(), sink)?;
            next = end;
        }
        Ok(())
    }
}
