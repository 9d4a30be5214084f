//! Reads the WAL back: a few records at a time, so that memory is bounded by them.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek};
use std::ops::Range;

use narthex_model::{Error, ErrorKind, Result};

use super::extra_records::ExemplarEntry;
use super::histogram_record::HistogramEntry;
use super::read_ahead::{Content, Record, SamplesBatch, read_ahead};
use super::record::{Definitions, Samples};
use super::runs_record::{RunsRecord, unpack};
use super::segment::{Damage, SEGMENT_HEADER_BYTES, SegmentError, SegmentFile, corrupt};
use super::writer::ClosedSegment;
use crate::fs::FileSystem;
use crate::head::{PackedRun, window_number};
use crate::layout::unavailable;
use crate::metadata::KnownMetadata;
use crate::paged::Paged;
use crate::series_table::SeriesTable;

/// What to do with a torn tail of the last segment.
pub(crate) enum TailPolicy<'a> {
    /// Cut it off, and put the rest on disk, as the owner of the folder.
    Truncate(&'a dyn FileSystem),
    /// Leave it: it may be a live writer's group on its way.
    Leave,
}

/// What stands in the WAL, with the ordinals of the series table.
pub(crate) enum Replayed<'a> {
    /// Float samples.
    Floats(Box<Run>),
    /// Float samples, compressed.
    Runs(ReplayedRuns<'a>),
    /// A native histogram.
    Histogram(HistogramEntry<'a>),
    /// An exemplar.
    Exemplar(ExemplarEntry),
    /// What a metric says of itself.
    Metadata(KnownMetadata),
}

impl Replayed<'_> {
    /// The number of the window it lies in.
    pub(crate) fn window(&self, block_duration_ms: i64) -> i64 {
        match self {
            Self::Floats(run) => run.window,
            Self::Runs(runs) => runs.window,
            Self::Histogram(entry) => window_number(entry.timestamp, block_duration_ms),
            Self::Exemplar(entry) => window_number(entry.timestamp, block_duration_ms),
            Self::Metadata(known) => window_number(known.since, block_duration_ms),
        }
    }
}

/// Replays segments in order.
pub(crate) struct Replayer<'a> {
    pub(crate) series: &'a SeriesTable,
    pub(crate) block_duration_ms: i64,
    pub(crate) tail: TailPolicy<'a>,
    /// Told how far a segment is read, in bytes.
    pub(crate) progress: &'a dyn Fn(u64),
}

/// Samples that lie in one window, as they stand in the log one after the other.
pub(crate) struct Run {
    pub(crate) window: i64,
    /// With ordinals of the series table.
    pub(crate) samples: Samples,
}

/// Runs that lie in one window.
pub(crate) struct ReplayedRuns<'a> {
    pub(crate) window: i64,
    /// Of the series of all runs of the record.
    ordinals: &'a [u32],
    record: &'a RunsRecord,
    rows: Range<usize>,
}

impl ReplayedRuns<'_> {
    /// The runs, with ordinals of the series table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = PackedRun<'_>> {
        let ordinals = self.ordinals.get(self.rows.clone()).unwrap_or(&[]);
        let runs = self.record.runs(self.rows.clone());
        runs.zip(ordinals).map(|(run, series)| PackedRun {
            series: *series,
            ..run
        })
    }
}

/// In place of an ordinal: the segment has not defined the series.
const UNDEFINED: u32 = u32::MAX;

/// What is known of a segment while it is read.
struct Progress {
    /// By the numbers of the segment.
    ordinals: Paged<u32>,
    windows: BTreeSet<i64>,
    /// Start of the oldest group that may not be on disk.
    in_doubt_from: u64,
    /// End of the last good record.
    bytes: u64,
    is_condensed: bool,
}

impl Replayer<'_> {
    /// Gives every sample of a segment to `apply`, in the order they were written.
    ///
    /// # Errors
    /// `Corrupt` for damage other than a torn tail of the last segment, `NotFound` if the segment is gone,
    /// `Unavailable` if it cannot be read.
    pub(crate) fn replay(
        &self,
        segment: &SegmentFile,
        is_last: bool,
        mut apply: impl FnMut(Replayed<'_>),
    ) -> Result<ClosedSegment> {
        let mut progress = Progress {
            ordinals: Paged::new(UNDEFINED),
            windows: BTreeSet::new(),
            in_doubt_from: 0,
            bytes: SEGMENT_HEADER_BYTES,
            is_condensed: false,
        };
        let bytes = match self.records(segment, &mut progress, &mut apply) {
            Ok(()) => progress.bytes,
            Err(SegmentError::Torn(damage)) if is_last => self.torn_tail(segment, &damage)?,
            Err(SegmentError::Torn(damage) | SegmentError::Damage(damage)) => {
                return Err(corrupt(segment, &damage));
            }
            Err(SegmentError::Io(error)) => return Err(vanished(segment, error)),
        };
        // What is condensed was on disk before it got its name.
        if is_last && bytes > 0 && !progress.is_condensed {
            self.settle(segment, progress.in_doubt_from..bytes)?;
        }
        let (number, path) = (segment.number, segment.path.clone());
        Ok(ClosedSegment {
            number,
            path,
            bytes,
            windows: progress.windows,
            is_condensed: progress.is_condensed,
        })
    }

    /// Decodes on another thread, somewhat ahead.
    fn records(
        &self,
        segment: &SegmentFile,
        progress: &mut Progress,
        apply: &mut dyn FnMut(Replayed<'_>),
    ) -> std::result::Result<(), SegmentError> {
        read_ahead(segment, |record| self.record(record, progress, apply))
    }

    fn record(
        &self,
        record: Record,
        progress: &mut Progress,
        apply: &mut dyn FnMut(Replayed<'_>),
    ) -> std::result::Result<(), SegmentError> {
        let offset = record.offset;
        let damage = |what| SegmentError::Damage(Damage { offset, what });
        (progress.in_doubt_from, progress.bytes) = (record.in_doubt_from, record.end);
        progress.is_condensed = record.is_condensed;
        let Progress {
            ordinals, windows, ..
        } = progress;
        let apply = &mut |replayed: Replayed<'_>| {
            windows.insert(replayed.window(self.block_duration_ms));
            apply(replayed);
        };
        match record.content {
            Content::Definitions(definitions) => self
                .define(&definitions, ordinals)
                .map_err(SegmentError::Io)?
                .map_err(damage)?,
            Content::Samples(batch) => self
                .samples(batch, ordinals, apply)
                .map_err(SegmentError::Damage)?,
            Content::Runs(runs) => self.runs(&runs, ordinals, apply).map_err(damage)?,
            extra => apply_extra(extra, ordinals, apply).map_err(damage)?,
        }
        (self.progress)(record.end);
        Ok(())
    }

    fn samples(
        &self,
        batch: SamplesBatch,
        ordinals: &Paged<u32>,
        apply: &mut dyn FnMut(Replayed<'_>),
    ) -> Result<(), Damage> {
        let series = batch.samples.series.values();
        let mut resolved = Vec::with_capacity(series.len());
        for (at, series) in series.iter().enumerate() {
            let ordinal = defined(*series, ordinals);
            let damage = |what| Damage {
                offset: batch.offset_of(at),
                what,
            };
            resolved.push(ordinal.map_err(damage)?);
        }
        let samples = Samples {
            series: resolved.into(),
            ..batch.samples
        };
        for run in runs(samples, self.block_duration_ms) {
            apply(Replayed::Floats(Box::new(run)));
        }
        Ok(())
    }

    /// Applies runs; the error is damage.
    fn runs(
        &self,
        record: &RunsRecord,
        ordinals: &Paged<u32>,
        apply: &mut dyn FnMut(Replayed<'_>),
    ) -> Result<(), String> {
        let series = record.series().iter();
        let ordinals = series.map(|series| defined(*series, ordinals));
        let ordinals: Vec<u32> = ordinals.collect::<Result<_, _>>()?;
        let duration = self.block_duration_ms;
        for (start, newest, rows) in record.by_start() {
            let window = window_number(start, duration);
            let is_one =
                window.checked_mul(duration) == Some(start) && i64::from(newest) < duration;
            let replayed = ReplayedRuns {
                window,
                ordinals: &ordinals,
                record,
                rows,
            };
            if is_one {
                apply(Replayed::Runs(replayed));
                continue;
            }
            // Windows had another length once.
            for run in runs(unpack(start, replayed.iter()), duration) {
                apply(Replayed::Floats(Box::new(run)));
            }
        }
        Ok(())
    }

    /// Adds the series of a record; the inner error is damage.
    fn define(
        &self,
        definitions: &Definitions,
        ordinals: &mut Paged<u32>,
    ) -> Result<Result<(), String>> {
        let (mut refs, mut labels) = (Vec::new(), Vec::new());
        for (series, packed) in definitions.iter() {
            let Some(packed) = packed else {
                return Ok(Err(format!("the labels of series {series} are damaged")));
            };
            refs.push(series);
            labels.push(packed.to_owned());
        }
        let resolved = self.series.resolve_all(&labels)?;
        for (series, ordinal) in refs.into_iter().zip(resolved) {
            ordinals.set(series, ordinal);
        }
        Ok(Ok(()))
    }

    /// Puts the last segment on disk: the process that wrote it may have died before it did, and what is read now must
    /// not be lost once newer segments are there. What was never synced, or in vain, is written anew.
    fn settle(&self, segment: &SegmentFile, in_doubt: Range<u64>) -> Result<()> {
        let TailPolicy::Truncate(fs) = &self.tail else {
            return Ok(());
        };
        let settle = || {
            let mut bytes = Vec::new();
            let mut file = std::fs::File::open(&segment.path)?;
            file.seek(io::SeekFrom::Start(in_doubt.start))?;
            file.take(in_doubt.end - in_doubt.start)
                .read_to_end(&mut bytes)?;
            fs.write_over(&segment.path, in_doubt.start, &bytes)
        };
        settle().map_err(|e| unavailable("sync wal segment", &segment.path, e))
    }

    /// Deals with a torn tail; gives the bytes that remain.
    fn torn_tail(&self, segment: &SegmentFile, damage: &Damage) -> Result<u64> {
        let TailPolicy::Truncate(fs) = &self.tail else {
            return Ok(damage.offset);
        };
        tracing::warn!(
            segment = %segment.path.display(),
            offset = damage.offset,
            lost_bytes = segment.bytes.saturating_sub(damage.offset),
            "cut off a group of samples that was never acknowledged"
        );
        let cut = || {
            let mut file = fs.open_append(&segment.path)?;
            file.truncate(damage.offset)?;
            file.sync()
        };
        // A segment without a header has no sample; an empty one would be damage once there are newer ones.
        let cut = if damage.offset == 0 {
            fs.remove(&segment.path)
        } else {
            cut()
        };
        cut.map_err(|e| unavailable("truncate wal segment", &segment.path, e))?;
        Ok(damage.offset)
    }
}

/// Applies what is neither a definition nor float samples; the error is damage.
fn apply_extra(
    content: Content,
    ordinals: &Paged<u32>,
    apply: &mut dyn FnMut(Replayed<'_>),
) -> Result<(), String> {
    match content {
        Content::Histograms(record) => {
            for entry in record.iter() {
                let ordinal = defined(entry.ordinal, ordinals)?;
                apply(Replayed::Histogram(HistogramEntry { ordinal, ..entry }));
            }
        }
        Content::Exemplars(exemplars) => {
            for entry in exemplars {
                let ordinal = defined(entry.ordinal, ordinals)?;
                apply(Replayed::Exemplar(ExemplarEntry { ordinal, ..entry }));
            }
        }
        Content::Metadata(all) => {
            for known in all {
                apply(Replayed::Metadata(known));
            }
        }
        Content::Definitions(_) | Content::Samples(_) | Content::Runs(_) => {}
    }
    Ok(())
}

/// The ordinal of a series number of the segment; the error is damage.
fn defined(series: u32, ordinals: &Paged<u32>) -> Result<u32, String> {
    match ordinals.get(series) {
        UNDEFINED => Err(format!("series {series} is not defined")),
        ordinal => Ok(ordinal),
    }
}

/// Cuts samples where their window changes.
pub(super) fn runs(mut rest: Samples, block_duration_ms: i64) -> impl Iterator<Item = Run> {
    std::iter::from_fn(move || {
        let timestamps = rest.timestamps.values();
        let window = window_number(*timestamps.first()?, block_duration_ms);
        let start = window.saturating_mul(block_duration_ms);
        let span = start..start.saturating_add(block_duration_ms);
        let len = leading(timestamps, |t| span.contains(t)).max(1);
        let samples = rest.slice(0, len);
        rest = rest.slice(len, rest.len() - len);
        Some(Run { window, samples })
    })
}

/// How many of the first numbers are as wanted. Nearly always all are, and a compiler can compare many at a time.
fn leading(numbers: &[i64], wanted: impl Fn(&i64) -> bool) -> usize {
    let chunks = numbers.chunks_exact(512);
    let whole = chunks.take_while(|chunk| chunk.iter().fold(true, |all, n| all & wanted(n)));
    let whole = whole.count() * 512;
    let rest = numbers.get(whole..).unwrap_or(&[]);
    whole + rest.iter().take_while(|n| wanted(n)).count()
}

/// A live writer removes segments whose samples are in blocks.
fn vanished(segment: &SegmentFile, error: Error) -> Error {
    match std::fs::metadata(&segment.path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Error::new(
            ErrorKind::NotFound,
            format!("wal segment {} is gone", segment.path.display()),
        ),
        _ => error,
    }
}
