//! WAL records of runs: float samples that are sorted by series and compressed as the head keeps them.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt32Type};
use arrow_array::{ArrayRef, BinaryArray, Int64Array, PrimitiveArray, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use narthex_model::{Result, TimestampMs};

use super::record::{PayloadEncoder, Samples, decode};
use crate::head::PackedRun;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = [
        ("ref", DataType::UInt32),
        ("start", DataType::Int64),
        ("count", DataType::UInt32),
        ("first", DataType::UInt32),
        ("last", DataType::UInt32),
        ("samples", DataType::Binary),
    ];
    let fields = fields.map(|(name, data_type)| Field::new(name, data_type, false));
    Arc::new(Schema::new(fields.to_vec()))
});

/// Puts runs together to a record.
#[derive(Debug, Default)]
pub(super) struct RunsBuilder {
    series: Vec<u32>,
    starts: Vec<i64>,
    counts: Vec<u32>,
    first: Vec<u32>,
    last: Vec<u32>,
    samples: BinaryBuilder,
    bytes: usize,
}

impl RunsBuilder {
    /// Adds a run of a window that begins at `start`.
    pub(super) fn push(&mut self, start: TimestampMs, run: &PackedRun<'_>) {
        self.series.push(run.series);
        self.starts.push(start);
        self.counts.push(run.count.into());
        self.first.push(run.first_ms);
        self.last.push(run.last_ms);
        self.samples.append_value(run.bytes);
        self.bytes += run.bytes.len();
    }

    /// Bytes of samples so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Appends the payload. The encoder must be one that does not compress.
    pub(super) fn encode(mut self, encoder: &mut PayloadEncoder, out: &mut Vec<u8>) -> Result<()> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(self.series)),
            Arc::new(Int64Array::from(self.starts)),
            Arc::new(UInt32Array::from(self.counts)),
            Arc::new(UInt32Array::from(self.first)),
            Arc::new(UInt32Array::from(self.last)),
            Arc::new(self.samples.finish()),
        ];
        encoder.batch(&SCHEMA, columns, out)
    }
}

/// The runs of a record.
#[derive(Debug)]
pub(crate) struct RunsRecord {
    series: UInt32Array,
    starts: Int64Array,
    counts: UInt32Array,
    first: UInt32Array,
    last: UInt32Array,
    samples: BinaryArray,
}

impl RunsRecord {
    /// Reads a payload; the error says what is wrong. Every run can be decoded then.
    pub(super) fn decode(payload: &[u8]) -> Result<Self, String> {
        let record = Self::split(&decode(payload, &SCHEMA)?).ok_or("the columns are no runs")?;
        if !(0..record.len()).all(|at| record.run(at).is_some_and(|run| run.is_whole())) {
            return Err("a run is damaged".to_owned());
        }
        Ok(record)
    }

    /// As [`RunsRecord::decode`], and every sample is looked at.
    pub(super) fn check(payload: &[u8]) -> Result<Self, String> {
        let record = Self::decode(payload)?;
        if !(0..record.len()).all(|at| record.run(at).is_some_and(|run| run.is_true())) {
            return Err("a run is not what it says".to_owned());
        }
        Ok(record)
    }

    fn split(batch: &RecordBatch) -> Option<Self> {
        let column = |at: usize| batch.columns().get(at);
        let number = |at: usize| -> Option<PrimitiveArray<UInt32Type>> {
            column(at)?.as_primitive_opt::<UInt32Type>().cloned()
        };
        Some(Self {
            series: number(0)?,
            starts: column(1)?.as_primitive_opt::<Int64Type>()?.clone(),
            counts: number(2)?,
            first: number(3)?,
            last: number(4)?,
            samples: column(5)?.as_binary_opt::<i32>()?.clone(),
        })
    }

    /// Number of runs.
    pub(super) fn len(&self) -> usize {
        self.series.values().len()
    }

    /// The numbers that the series of the runs have in the segment.
    pub(super) fn series(&self) -> &[u32] {
        self.series.values()
    }

    /// Number of samples.
    pub(super) fn samples(&self) -> u64 {
        self.counts.values().iter().map(|n| u64::from(*n)).sum()
    }

    /// Times of the oldest and of the newest sample.
    pub(super) fn time(&self) -> Option<(TimestampMs, TimestampMs)> {
        let after = |offsets: &UInt32Array, at: usize, start: &i64| {
            let offset = offsets.values().get(at).copied().unwrap_or(0);
            start.saturating_add(offset.into())
        };
        let starts = self.starts.values().iter().enumerate();
        let times = starts.map(|(at, s)| (after(&self.first, at, s), after(&self.last, at, s)));
        times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    fn run(&self, at: usize) -> Option<PackedRun<'_>> {
        let number = |column: &UInt32Array| column.values().get(at).copied();
        Some(PackedRun {
            series: number(&self.series)?,
            count: u16::try_from(number(&self.counts)?).ok()?,
            first_ms: number(&self.first)?,
            last_ms: number(&self.last)?,
            bytes: self.samples.value(at),
        })
    }

    /// Some of the runs.
    pub(crate) fn runs(&self, rows: Range<usize>) -> impl Iterator<Item = PackedRun<'_>> {
        rows.filter_map(|at| self.run(at))
    }

    /// The runs cut where their window changes: when that begins, how long after it the newest sample lies, and which runs.
    pub(super) fn by_start(&self) -> impl Iterator<Item = (TimestampMs, u32, Range<usize>)> {
        let mut from = 0;
        let windows = self.starts.values().chunk_by(|a, b| a == b);
        windows.filter_map(move |window| {
            let rows = from..from + window.len();
            from = rows.end;
            let newest = self.last.values().get(rows.clone())?.iter().max()?;
            Some((*window.first()?, *newest, rows))
        })
    }
}

/// The samples of runs of a window that begins at `start`.
pub(super) fn unpack<'a>(start: TimestampMs, runs: impl Iterator<Item = PackedRun<'a>>) -> Samples {
    let (mut samples, mut room) = (Vec::new(), Vec::new());
    for run in runs {
        run.for_each(&mut room, |offset, value| {
            samples.push((run.series, start.saturating_add(offset.into()), value));
        });
    }
    samples.into_iter().collect()
}
