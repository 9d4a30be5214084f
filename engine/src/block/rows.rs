//! The rows of a row group while they are gathered: columns of values, and where pages begin.

use std::ops::Range;

use narthex_model::TimestampMs;
use parquet::file::statistics::Statistics;

use super::decimal;
use super::pages::PageValues;
use super::schema::{Layout, SampleColumn};

/// Deltas come in miniblocks of 32: a series with a multiple of that many rows, right after one that is the same, is the
/// same bits.
const REPEATED_ROWS: usize = 32;
/// Pages of times grow to so many times the usual while series repeat each other.
const REPEATED_TIMES_PAGES: usize = 4;
/// Pages inside of a series begin at multiples of this, so that few deltas are padding.
const ROWS_PER_CUT: usize = 256;

/// How the values of a series were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// Scale of its mantissas, if it has any.
    pub(super) scale: Option<u8>,
    /// Rows kept as doubles.
    pub(super) double_count: u32,
}

/// Rows not yet written.
#[derive(Debug)]
pub(super) struct Rows {
    /// Ordinal of each series, and its number of rows.
    series: Vec<(i32, usize)>,
    timestamps: Vec<TimestampMs>,
    mantissas: Vec<i64>,
    has_mantissa: Vec<bool>,
    values: Vec<f64>,
    has_value: Vec<bool>,
    /// Of the rows of which it is known since when they count.
    starts: Vec<i64>,
    has_start: Vec<bool>,
    time_pages: Pages,
    value_pages: Pages,
}

/// Where pages begin.
#[derive(Debug)]
struct Pages {
    starts: Vec<usize>,
    rows_max: usize,
    /// The same while series repeat each other.
    repeated_rows_max: usize,
}

/// Rows of a page, and the positions of the values they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageRows {
    pub(super) rows: Range<usize>,
    values: Range<usize>,
}

impl Rows {
    /// None yet.
    pub(super) fn new(layout: Layout) -> Self {
        let pages = |rows_max, repeated_rows_max| Pages {
            starts: Vec::new(),
            rows_max,
            repeated_rows_max,
        };
        let times_max = layout.rows_per_times_page;
        Self {
            series: Vec::new(),
            timestamps: Vec::new(),
            mantissas: Vec::new(),
            has_mantissa: Vec::new(),
            values: Vec::new(),
            has_value: Vec::new(),
            starts: Vec::new(),
            has_start: Vec::new(),
            time_pages: pages(times_max, times_max.saturating_mul(REPEATED_TIMES_PAGES)),
            value_pages: pages(layout.rows_per_page, times_max),
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Adds the samples of a series; both columns have the same length. There is a start for each, 0 where none is known, or
    /// there are none.
    pub(super) fn push(
        &mut self,
        ordinal: i32,
        timestamps: &[TimestampMs],
        values: &[f64],
        starts: &[TimestampMs],
    ) -> Kept {
        let (at, rows) = (self.len(), timestamps.len());
        let as_many = self.series.last().is_some_and(|s| s.1 == rows);
        let same_times = as_many && self.timestamps.ends_with(timestamps);
        let mantissas = self.mantissas.len();
        let kept = self.push_values(values);
        let (before, new) = self.mantissas.split_at(mantissas);
        let same_values = as_many
            && rows.is_multiple_of(REPEATED_ROWS)
            && new.len() == rows
            && before.ends_with(new);
        self.time_pages.push(at, rows, same_times);
        self.value_pages.push(at, rows, same_values);
        self.timestamps.extend_from_slice(timestamps);
        self.series.push((ordinal, rows));
        if !starts.is_empty() {
            self.has_start.resize(at, false);
            self.has_start.extend(starts.iter().map(|s| *s != 0));
            self.starts.extend(starts.iter().filter(|s| **s != 0));
        }
        kept
    }

    fn push_values(&mut self, values: &[f64]) -> Kept {
        let rows = self.len() + values.len();
        let doubles_before = self.values.len();
        let scale = decimal::choose_scale(values);
        match scale {
            None => self.values.extend_from_slice(values),
            Some(scale) => self.push_decimals(values, scale),
        }
        let double_count = self.values.len() - doubles_before;
        let mixed = double_count != 0 && scale.is_some();
        if !mixed {
            self.has_mantissa.resize(rows, scale.is_some());
            self.has_value.resize(rows, scale.is_none());
        }
        Kept {
            scale,
            double_count: double_count as u32,
        }
    }

    /// Does not say which rows have what as long as every value is a decimal: the caller does so at once.
    fn push_decimals(&mut self, values: &[f64], scale: u8) {
        let start = self.mantissas.len();
        self.mantissas
            .extend(values.iter().map_while(|v| decimal::mantissa_at(*v, scale)));
        let decimals = self.mantissas.len() - start;
        let Some(rest) = values.get(decimals..).filter(|rest| !rest.is_empty()) else {
            return;
        };
        self.has_mantissa
            .resize(self.has_mantissa.len() + decimals, true);
        self.has_value
            .resize(self.has_value.len() + decimals, false);
        for v in rest {
            let mantissa = decimal::mantissa_at(*v, scale);
            self.has_mantissa.push(mantissa.is_some());
            self.has_value.push(mantissa.is_none());
            match mantissa {
                Some(m) => self.mantissas.push(m),
                None => self.values.push(*v),
            }
        }
    }

    /// Completes what says of each row whether it has a start: the last series may have none.
    pub(super) fn complete_starts(&mut self) {
        self.has_start.resize(self.len(), false);
    }

    /// The ordinals, of which the column `series` is made.
    pub(super) fn ordinals(&self) -> Vec<i32> {
        self.series.iter().map(|s| s.0).collect()
    }

    /// The pages of `column`. One that says the same of all rows, or nothing, is one page.
    pub(super) fn pages(&self, column: SampleColumn) -> Vec<PageRows> {
        match column {
            SampleColumn::Series => self.cut(&[], None),
            SampleColumn::Timestamp => self.cut(&self.time_pages.starts, None),
            SampleColumn::Mantissa if self.mantissas.is_empty() => {
                self.cut(&[], Some(&self.has_mantissa))
            }
            SampleColumn::Mantissa => self.cut(&self.value_pages.starts, Some(&self.has_mantissa)),
            SampleColumn::Value if self.values.is_empty() => self.cut(&[], Some(&self.has_value)),
            SampleColumn::Value => self.cut(&self.value_pages.starts, Some(&self.has_value)),
            SampleColumn::Start if self.starts.is_empty() => self.cut(&[], Some(&self.has_start)),
            SampleColumn::Start => self.cut(&self.value_pages.starts, Some(&self.has_start)),
        }
    }

    /// Pages that begin at `starts`; without `present` each row has a value.
    fn cut(&self, starts: &[usize], present: Option<&[bool]>) -> Vec<PageRows> {
        let ends = starts.iter().skip(1).copied().chain([self.len()]);
        let (mut start, mut value) = (0, 0);
        let pages = ends.map(|end| {
            let rows = start..end;
            let count = match present {
                None => rows.len(),
                Some(present) => {
                    let present = present.get(rows.clone()).unwrap_or(&[]);
                    present.iter().filter(|p| **p).count()
                }
            };
            let values = value..value + count;
            (start, value) = (end, values.end);
            PageRows { rows, values }
        });
        pages.collect()
    }

    /// What `page` of `column` says.
    pub(super) fn page_values(&self, column: SampleColumn, page: &PageRows) -> PageValues<'_> {
        let (rows, values) = (page.rows.clone(), page.values.clone());
        match column {
            SampleColumn::Series => PageValues::Series(&self.series),
            SampleColumn::Timestamp => PageValues::Times(part(&self.timestamps, rows)),
            SampleColumn::Mantissa => PageValues::Mantissas(
                part(&self.has_mantissa, rows),
                part(&self.mantissas, values),
            ),
            SampleColumn::Value => {
                PageValues::Doubles(part(&self.has_value, rows), part(&self.values, values))
            }
            SampleColumn::Start => {
                PageValues::Starts(part(&self.has_start, rows), part(&self.starts, values))
            }
        }
    }

    /// What readers skip row groups by: series and time; ranges of mantissas tell nothing.
    pub(super) fn statistics(&self, column: SampleColumn) -> Option<Statistics> {
        match column {
            SampleColumn::Series => {
                let (first, last) = (self.series.first()?.0, self.series.last()?.0);
                Some(Statistics::int32(
                    Some(first),
                    Some(last),
                    None,
                    Some(0),
                    false,
                ))
            }
            SampleColumn::Timestamp => {
                let (min, max) = (self.timestamps.iter().min(), self.timestamps.iter().max());
                Some(Statistics::int64(
                    min.copied(),
                    max.copied(),
                    None,
                    Some(0),
                    false,
                ))
            }
            SampleColumn::Mantissa | SampleColumn::Value | SampleColumn::Start => None,
        }
    }

    /// Forgets all rows, and keeps the memory.
    pub(super) fn clear(&mut self) {
        let Self {
            series,
            timestamps,
            mantissas,
            has_mantissa,
            values,
            has_value,
            starts,
            has_start,
            time_pages,
            value_pages,
        } = self;
        series.clear();
        timestamps.clear();
        mantissas.clear();
        has_mantissa.clear();
        values.clear();
        has_value.clear();
        starts.clear();
        has_start.clear();
        time_pages.starts.clear();
        value_pages.starts.clear();
    }
}

impl Pages {
    /// At row `at` comes a series of `rows`; does it say the same as the one before?
    fn push(&mut self, at: usize, rows: usize, repeats: bool) {
        let rows_max = if repeats {
            self.repeated_rows_max
        } else {
            self.rows_max
        };
        if self
            .starts
            .last()
            .is_none_or(|start| at - start + rows > rows_max)
        {
            self.starts.push(at);
        }
        if rows > self.rows_max {
            let each = rows.div_ceil(rows.div_ceil(self.rows_max));
            let each = each.next_multiple_of(ROWS_PER_CUT).min(self.rows_max);
            self.starts.extend((at + each..at + rows).step_by(each));
        }
    }
}

fn part<T>(column: &[T], rows: Range<usize>) -> &[T] {
    column.get(rows).unwrap_or(&[])
}
