//! The rows of `series.parquet` in memory, labels apart: where the samples of each series lie.

use std::ops::Range;

use narthex_model::{TimeRange, TimestampMs};

use super::schema::TIME_INDEX_STEP;

/// Where the samples of a series lie, and how they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesRow {
    /// Its first row in `samples.parquet`.
    pub first_row: u64,
    /// Its number of rows: of float samples.
    pub row_count: u32,
    /// Ordinal of the first series of the block that has exactly the same times: its own, or a lower one.
    pub times_of: u32,
    /// Rows whose value is kept as a double; the others are mantissas.
    pub double_count: u32,
    /// Scale of the mantissas; `None` if there are none.
    pub scale: Option<u8>,
    /// Time of the oldest sample of any kind.
    pub min_time: TimestampMs,
    /// Time of the newest sample of any kind, included.
    pub max_time: TimestampMs,
}

/// Where the native histograms of a series lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistogramSpan {
    /// The series.
    pub ordinal: u32,
    /// Its first row in `histograms.parquet`.
    pub first_row: u64,
    /// Its number of rows, at least 1.
    pub row_count: u32,
    /// Time of the oldest.
    pub min_time: TimestampMs,
    /// Time of the newest, included.
    pub max_time: TimestampMs,
}

impl HistogramSpan {
    /// Its rows.
    pub fn rows(&self) -> Range<u64> {
        self.first_row..self.first_row + u64::from(self.row_count)
    }
}

impl SeriesRow {
    /// Its rows.
    pub fn rows(&self) -> Range<u64> {
        self.first_row..self.first_row + u64::from(self.row_count)
    }
}

/// All series of a block, by ordinal.
#[derive(Debug, Default)]
pub(super) struct SeriesRows {
    rows: Vec<SeriesRow>,
    /// The time indexes one after the other; those of series that have the times of another are left out.
    index: Vec<TimestampMs>,
    /// Where the time index of each series ends.
    index_ends: Vec<usize>,
    /// Of the series that have native histograms, by ordinal.
    histograms: Vec<HistogramSpan>,
    /// Of the series with start timestamps of floats, by ordinal, how many floats have one.
    starts: Vec<(u32, u32)>,
}

impl SeriesRows {
    /// Adds a series whose time index holds the time of every 256th sample, the first included.
    pub(super) fn push(
        &mut self,
        row: SeriesRow,
        time_index: impl IntoIterator<Item = TimestampMs>,
    ) {
        if row.times_of as usize == self.rows.len() {
            self.index.extend(time_index);
        }
        self.rows.push(row);
        self.index_ends.push(self.index.len());
    }

    /// Notes that the series added last has native histograms.
    pub(super) fn push_histograms(&mut self, span: HistogramSpan) {
        self.histograms.push(span);
    }

    /// Notes that so many floats of the series added last have start timestamps.
    pub(super) fn push_starts(&mut self, count: u32) {
        if let (Some(last), true) = (self.rows.len().checked_sub(1), count > 0) {
            self.starts.push((last as u32, count));
        }
    }

    /// How many floats of series `ordinal` have start timestamps.
    pub(super) fn start_count(&self, ordinal: u32) -> u32 {
        let found = self.starts.binary_search_by_key(&ordinal, |s| s.0);
        let entry = found.ok().and_then(|at| self.starts.get(at));
        entry.map_or(0, |s| s.1)
    }

    /// How many floats have start timestamps.
    pub(super) fn start_total(&self) -> u64 {
        self.starts.iter().map(|s| u64::from(s.1)).sum()
    }

    /// Where the native histograms of the series lie that have any, by ordinal.
    pub(super) fn histogram_spans(&self) -> &[HistogramSpan] {
        &self.histograms
    }

    /// Where the native histograms of series `ordinal` lie, if it has any.
    pub(super) fn histogram_span(&self, ordinal: u32) -> Option<&HistogramSpan> {
        let found = self
            .histograms
            .binary_search_by_key(&ordinal, |span| span.ordinal);
        self.histograms.get(found.ok()?)
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All rows, by ordinal.
    pub(super) fn as_slice(&self) -> &[SeriesRow] {
        &self.rows
    }

    /// The row of series `ordinal`.
    pub(super) fn get(&self, ordinal: u32) -> Option<&SeriesRow> {
        self.rows.get(ordinal as usize)
    }

    /// The time index of series `ordinal`; empty if there is no such series.
    pub(super) fn time_index(&self, ordinal: u32) -> &[TimestampMs] {
        let Some(at) = self.get(ordinal).map(|row| row.times_of as usize) else {
            return &[];
        };
        let start = at
            .checked_sub(1)
            .and_then(|i| self.index_ends.get(i))
            .copied()
            .unwrap_or(0);
        let end = self.index_ends.get(at).copied().unwrap_or(start);
        self.index.get(start..end).unwrap_or(&[])
    }

    /// The rows of series `ordinal` that may lie in `range`: exact within one step of the time index. The range starts
    /// at a multiple of the step, counted from the series' first row.
    pub(super) fn rows_in(&self, ordinal: u32, range: TimeRange) -> Range<u64> {
        let Some(row) = self.get(ordinal) else {
            return 0..0;
        };
        if range.is_empty() || row.max_time < range.start || range.end <= row.min_time {
            return row.first_row..row.first_row;
        }
        let index = self.time_index(ordinal);
        let first_step = index
            .partition_point(|t| *t <= range.start)
            .saturating_sub(1);
        let end_step = index.partition_point(|t| *t < range.end);
        let start = first_step * TIME_INDEX_STEP;
        let end = (end_step * TIME_INDEX_STEP).min(row.row_count as usize);
        row.first_row + start as u64..row.first_row + end.max(start) as u64
    }

    /// Bytes of memory.
    pub(super) fn byte_size(&self) -> usize {
        self.rows.capacity() * size_of::<SeriesRow>()
            + (self.index.capacity() + self.index_ends.capacity()) * 8
            + self.histograms.capacity() * size_of::<HistogramSpan>()
            + self.starts.capacity() * size_of::<(u32, u32)>()
    }
}
