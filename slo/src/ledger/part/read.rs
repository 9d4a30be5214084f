//! Slices from Parquet.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, TimestampMillisecondType};
use arrow_array::{Array, DictionaryArray, Float64Array, RecordBatch, StringArray};
use bytes::Bytes;
use narthex_model::{Error, Labels, Result, TimeRange};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::group_of_json;
use crate::count::{Bounds, Grid, Method, Slices};
use crate::ledger::Track;

/// What is read; the rest is known.
const COLUMNS: [&str; 9] = [
    "group",
    "slice_start",
    "good",
    "total",
    "bad",
    "good_low",
    "good_high",
    "observed_ms",
    "method",
];

/// The tracks of a file, on the grid over `span`, sorted by group.
pub(in crate::ledger) fn read(bytes: Vec<u8>, span: TimeRange, step: i64) -> Result<Vec<Track>> {
    let damaged = |e| Error::corrupt("cannot be read as Parquet").with_source(e);
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(damaged)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(1 << 16)
        .build()
        .map_err(damaged)?;
    let mut tracks = Tracks {
        grid: Grid::over(span, step),
        by_group: BTreeMap::new(),
    };
    for batch in reader {
        let batch = batch.map_err(|e| Error::corrupt("cannot be read").with_source(e))?;
        tracks.add(&batch)?;
    }
    Ok(tracks.finish())
}

struct Tracks {
    grid: Grid,
    by_group: BTreeMap<Labels, Slices>,
}

impl Tracks {
    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = Rows::of(batch)?;
        let mut from = 0;
        while from < rows.len {
            let to = rows.run_from(from);
            let group = group_of_json(rows.group.text(from))?;
            let grid = self.grid;
            let slices = self
                .by_group
                .entry(group)
                .or_insert_with(|| Slices::empty(grid, Method::Counters));
            slices.method = method(rows.method.text(from))?;
            rows.copy(from..to, slices)?;
            from = to;
        }
        Ok(())
    }

    fn finish(self) -> Vec<Track> {
        let track = |(group, slices)| Track { group, slices };
        self.by_group.into_iter().map(track).collect()
    }
}

fn method(name: &str) -> Result<Method> {
    Method::of_name(name).ok_or_else(|| Error::corrupt(format!("unknown method {name:?}")))
}

/// The columns of a batch.
struct Rows<'a> {
    len: usize,
    group: Texts<'a>,
    method: Texts<'a>,
    start: &'a [i64],
    /// Good, total, bad and observed.
    numbers: [&'a [f64]; 4],
    bounds: [&'a Float64Array; 2],
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self> {
        let numbers = |name| Ok::<_, Error>(floats(batch, name)?.values().as_ref());
        Ok(Self {
            len: batch.num_rows(),
            group: Texts::of(batch, "group")?,
            method: Texts::of(batch, "method")?,
            start: starts(batch)?,
            numbers: [
                numbers("good")?,
                numbers("total")?,
                numbers("bad")?,
                numbers("observed_ms")?,
            ],
            bounds: [floats(batch, "good_low")?, floats(batch, "good_high")?],
        })
    }

    /// Where the rows of the same group end that begin at `from`.
    fn run_from(&self, from: usize) -> usize {
        let keys = self.group.0.keys().values();
        let same = keys[from..].iter().take_while(|key| **key == keys[from]);
        from + same.count()
    }

    fn copy(&self, rows: std::ops::Range<usize>, to: &mut Slices) -> Result<()> {
        let grid = to.grid;
        let [good, total, bad, observed] = self.numbers;
        let mut next = 0;
        for row in rows {
            // Most follow each other: no division.
            let follows = grid.edge(next) == self.start[row];
            let at = if follows {
                next
            } else {
                grid.index(self.start[row])
            };
            next = at + 1;
            if at >= grid.len || grid.edge(at) != self.start[row] {
                return Err(Error::corrupt("a slice is not where it should be"));
            }
            to.good[at] = good[row];
            to.total[at] = total[row];
            to.bad[at] = bad[row];
            to.observed_ms[at] = observed[row];
            let [low, high] = self.bounds;
            if low.is_valid(row) || to.bounds.is_some() {
                let bounds = to.bounds.get_or_insert_with(|| Bounds {
                    low: to.good.clone(),
                    high: to.good.clone(),
                });
                let or_good = |of: &Float64Array| {
                    if of.is_valid(row) {
                        of.value(row)
                    } else {
                        good[row]
                    }
                };
                bounds.low[at] = or_good(low);
                bounds.high[at] = or_good(high);
            }
        }
        Ok(())
    }
}

/// A column of few different texts.
pub(super) struct Texts<'a>(&'a DictionaryArray<Int32Type>, &'a StringArray);

impl<'a> Texts<'a> {
    pub(super) fn of(batch: &'a RecordBatch, name: &str) -> Result<Self> {
        let column = column(batch, name)?.as_dictionary_opt::<Int32Type>();
        let column = column.ok_or_else(|| wrong_type(name))?;
        let values = column.values().as_string_opt::<i32>();
        Ok(Self(column, values.ok_or_else(|| wrong_type(name))?))
    }

    fn text(&self, row: usize) -> &'a str {
        match self.0.key(row) {
            Some(key) if key < self.1.len() => self.1.value(key),
            _ => "",
        }
    }

    /// All texts that rows may have.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a str> {
        self.1.iter().map(Option::unwrap_or_default)
    }

    /// Which of these a row has.
    pub(super) fn number(&self, row: usize) -> Option<usize> {
        self.0.key(row)
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow_array::ArrayRef> {
    batch
        .column_by_name(name)
        .ok_or_else(|| Error::corrupt(format!("column {name} is missing")))
}

/// When the slices of the rows begin.
pub(super) fn starts(batch: &RecordBatch) -> Result<&[i64]> {
    let column = column(batch, "slice_start")?.as_primitive_opt::<TimestampMillisecondType>();
    let column = column.ok_or_else(|| wrong_type("slice_start"))?;
    Ok(column.values())
}

fn floats<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Float64Array> {
    let column = column(batch, name)?.as_primitive_opt::<Float64Type>();
    column.ok_or_else(|| wrong_type(name))
}

fn wrong_type(name: &str) -> Error {
    Error::corrupt(format!("column {name} is of another type"))
}
