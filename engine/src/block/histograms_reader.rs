//! Reads `histograms.parquet`: fetches the pages that hold wanted rows and decodes them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMillisecondType};
use narthex_model::{Result, TimeRange};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;

use super::files::{self, ReadFile};
use super::folder::BlockFolder;
use super::histograms_writer::columns;
use super::meta::FileMeta;
use super::parquet_io::{self, FileChunks};
use super::schema::HISTOGRAMS_FILE;
use super::series_rows::HistogramSpan;
use crate::histogram_arrays;
use crate::histograms::HistogramRows;

/// Rows decoded at once.
const ROWS_PER_BATCH: usize = 1024;

/// The open file, with its footer and offset index.
#[derive(Debug)]
pub(super) struct HistogramsFile {
    file: Arc<ReadFile>,
    metadata: ArrowReaderMetadata,
    rows: u64,
}

/// Histograms of several series, flat.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecodedHistograms {
    /// Strictly increasing in time within each series.
    pub rows: HistogramRows,
    /// For each series, how many histograms it has.
    pub counts: Vec<u32>,
}

impl HistogramsFile {
    /// Opens the file in a block's folder.
    pub(super) fn open(folder: &dyn BlockFolder, expected: &FileMeta) -> Result<Self> {
        let (file, metadata) = parquet_io::open(folder, HISTOGRAMS_FILE, expected)?;
        let path = &file.path().to_owned();
        let rows = metadata.file_metadata().num_rows().max(0).cast_unsigned();
        let metadata = parquet_io::guarded(path, || {
            ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())
        })?;
        let wanted = columns();
        let same = metadata.schema().fields().iter().zip(wanted.fields());
        if metadata.schema().fields().len() != wanted.fields().len()
            || !same
                .clone()
                .all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type())
        {
            return Err(files::damaged(
                path,
                "its columns are not those of a histograms file",
            ));
        }
        Ok(Self {
            file: Arc::new(file),
            metadata,
            rows,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Its size.
    pub(super) fn bytes(&self) -> u64 {
        self.file.len()
    }

    /// Number of all rows.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends the histograms of `spans` that lie in `range`, a count for each span; spans come in the order of their rows.
    pub(super) fn read(
        &self,
        spans: &[HistogramSpan],
        range: TimeRange,
        out: &mut DecodedHistograms,
    ) -> Result<()> {
        let inside = |s: &HistogramSpan| range.start <= s.min_time && s.max_time < range.end;
        let wanted = if spans.iter().all(inside) {
            spans.iter().map(HistogramSpan::rows).collect()
        } else {
            self.narrow(spans, range)?
        };
        let before = out.rows.len();
        self.decode(&wanted, None, |batch| append(batch, &mut out.rows))?;
        let counts = wanted.iter().map(|rows| (rows.end - rows.start) as u32);
        out.counts.extend(counts);
        self.check(before, &wanted, &out.rows)
    }

    /// The ordinals of the series of all rows, for a check.
    pub(super) fn series(&self) -> Result<Vec<i32>> {
        let mut series = Vec::new();
        self.decode(
            std::slice::from_ref(&(0..self.rows)),
            Some("series"),
            |batch| {
                let column = batch.column(0).as_primitive_opt::<Int32Type>();
                series.extend_from_slice(column.ok_or("series has no numbers")?.values());
                Ok(())
            },
        )?;
        Ok(series)
    }

    /// The rows of each span that lie in `range`.
    fn narrow(&self, spans: &[HistogramSpan], range: TimeRange) -> Result<Vec<Range<u64>>> {
        let rows: Vec<_> = spans.iter().map(HistogramSpan::rows).collect();
        let mut times = Vec::new();
        self.decode(&rows, Some("timestamp"), |batch| {
            let column = batch
                .column(0)
                .as_primitive_opt::<TimestampMillisecondType>();
            times.extend_from_slice(column.ok_or("timestamp has no times")?.values());
            Ok(())
        })?;
        let mut rest = times.as_slice();
        let narrowed = rows.into_iter().map(|rows| {
            let len = ((rows.end - rows.start) as usize).min(rest.len());
            let (times, later) = rest.split_at(len);
            rest = later;
            let first = times.partition_point(|t| *t < range.start) as u64;
            let end = times.partition_point(|t| *t < range.end) as u64;
            rows.start + first..rows.start + end.max(first)
        });
        Ok(narrowed.collect())
    }

    /// Gives the batches with `rows`, which are in order, to `take`: one column, or all.
    fn decode(
        &self,
        rows: &[Range<u64>],
        column: Option<&str>,
        mut take: impl FnMut(&RecordBatch) -> Result<(), String>,
    ) -> Result<()> {
        let wanted = rows.iter().filter(|r| !r.is_empty());
        let wanted = wanted.map(|r| r.start as usize..r.end as usize);
        let selection = RowSelection::from_consecutive_ranges(wanted, self.rows as usize);
        if selection.row_count() == 0 {
            return Ok(());
        }
        parquet_io::guarded(self.path(), || {
            let chunks = FileChunks::new(self.file.clone());
            let mut builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, self.metadata.clone())
                    .with_batch_size(ROWS_PER_BATCH)
                    .with_row_selection(selection);
            if let Some(name) = column {
                let mask = ProjectionMask::columns(builder.parquet_schema(), [name]);
                builder = builder.with_projection(mask);
            }
            for batch in builder.build()? {
                take(&batch?).map_err(ParquetError::General)?;
            }
            Ok(())
        })
    }

    /// Whether the rows from `at` on are as many as wanted, in order, and make sense.
    fn check(&self, mut at: usize, wanted: &[Range<u64>], rows: &HistogramRows) -> Result<()> {
        for part in wanted {
            let end = at + (part.end - part.start) as usize;
            let times = rows.timestamps.get(at..end).unwrap_or(&[]);
            let sound = times.len() == end - at
                && times.is_sorted_by(|a, b| a < b)
                && (at..end).all(|i| rows.histograms.get(i).check().is_ok());
            if !sound {
                return Err(files::damaged(
                    self.path(),
                    "its rows are out of order or make no sense",
                ));
            }
            at = end;
        }
        Ok(())
    }
}

fn append(batch: &RecordBatch, out: &mut HistogramRows) -> Result<(), String> {
    let times = |name: &str| {
        batch
            .column_by_name(name)
            .and_then(|c| c.as_primitive_opt::<TimestampMillisecondType>())
            .ok_or_else(|| format!("column {name} has no times"))
    };
    out.timestamps
        .extend_from_slice(times("timestamp")?.values());
    let starts = times("start_timestamp")?;
    out.start_timestamps
        .extend(starts.iter().map(|start| start.unwrap_or(0)));
    histogram_arrays::append(batch, &mut out.histograms)
}
