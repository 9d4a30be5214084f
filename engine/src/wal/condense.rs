//! Writes a closed segment anew with its float samples sorted by series and compressed as the head keeps them: a start takes
//! them over as they are, and the segment takes half of the room.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;

use narthex_model::{Error, Result};

use super::columns::Columns;
use super::histogram_record::HistogramRecord;
use super::record::{PayloadEncoder, RecordKind, Samples};
use super::replay::runs;
use super::runs_record::RunsBuilder;
use super::segment::{
    Damage, RECORD_HEADER_BYTES, RecordHeader, SegmentError, SegmentFile, SegmentReader,
    condensed_header, corrupt,
};
use super::writer::ClosedSegment;
use crate::fs::{AppendFile, FileSystem};
use crate::head::{Gathered, PAGE_SLOTS, Window};
use crate::layout::unavailable;
use crate::limits::{
    CONDENSE_BYTES_MAX, CONDENSE_RUN_SAMPLES_MIN, REPLAY_SAMPLES_AHEAD, REPLAY_SAMPLES_AT_ONCE,
    RUNS_RECORD_BYTES,
};
use crate::paged::Paged;

/// The name of a condensed segment while it is written.
pub(crate) const CONDENSED_TMP: &str = "condensed.tmp";

/// Condenses a segment: after this the file under its name is either the old or the new one, whole. Gives the size of the new
/// one; `None` if the old one stays, because it would not become smaller, or holds what only makes sense in the order it
/// was written.
///
/// # Errors
/// `Unavailable` if the disk is full or failing, `Corrupt` if the segment is damaged; it then stays as it is.
pub(crate) fn condense(
    fs: &dyn FileSystem,
    segment: &ClosedSegment,
    block_duration_ms: i64,
) -> Result<Option<u64>> {
    let file = SegmentFile {
        number: segment.number,
        path: segment.path.clone(),
        bytes: segment.bytes,
    };
    let tmp = segment.path.with_file_name(CONDENSED_TMP);
    let condensed = write(fs, &file, &tmp, block_duration_ms).and_then(|bytes| {
        let Some(bytes) = bytes.filter(|bytes| *bytes < segment.bytes) else {
            return Ok(None);
        };
        let failed = |e| unavailable("replace wal segment", &segment.path, e);
        fs.rename(&tmp, &segment.path).map_err(failed)?;
        Ok(Some(bytes))
    });
    match &condensed {
        // Either file will do after a power loss, so an error changes nothing.
        Ok(Some(_)) => drop(segment.path.parent().map(|folder| fs.sync_folder(folder))),
        // What cannot be removed is in nobody's way: the next one is written over it.
        _ => drop(fs.remove(&tmp)),
    }
    condensed
}

/// Writes the new file, on disk when this returns; gives its size, or `None` if the segment is to stay.
fn write(
    fs: &dyn FileSystem,
    segment: &SegmentFile,
    tmp: &Path,
    block_duration_ms: i64,
) -> Result<Option<u64>> {
    let mut condenser = Condenser {
        output: Output::create(fs, tmp, segment.number)?,
        block_duration_ms,
        bytes_max: CONDENSE_BYTES_MAX.min(usize::try_from(segment.bytes / 2).unwrap_or(usize::MAX)),
        range: SeriesRange::ALL,
        newest: 0,
        copied_to: 0,
        has_written: false,
        windows: BTreeMap::new(),
        gathered: BTreeMap::new(),
        samples: 0,
        columns: Columns::default(),
        floats: Paged::new(false),
        histograms: HashSet::new(),
    };
    match condenser.read(segment) {
        Ok(()) => {}
        Err(Stop::Stay | Stop::TooManySeries) => return Ok(None),
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Segment(SegmentError::Io(error))) => return Err(error),
        Err(Stop::Segment(SegmentError::Torn(damage) | SegmentError::Damage(damage))) => {
            return Err(corrupt(segment, &damage));
        }
    }
    condenser.output.finish().map(Some)
}

/// Why a segment is not condensed, or not that way.
enum Stop {
    /// It is better as it is.
    Stay,
    /// Of so many series only a few samples each fit into memory: fewer series at a time have more.
    TooManySeries,
    Segment(SegmentError),
    Failed(Error),
}

impl From<SegmentError> for Stop {
    fn from(error: SegmentError) -> Self {
        Self::Segment(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A segment on its way. Series have the numbers of the segment in place of ordinals.
struct Condenser {
    output: Output,
    block_duration_ms: i64,
    /// Samples in memory beyond this are written.
    bytes_max: usize,
    /// The series whose samples are taken in this pass over the segment.
    range: SeriesRange,
    /// The highest number of a series with floats.
    newest: u32,
    /// Through where all but samples is in the new file: a pass that is begun anew does not copy it again.
    copied_to: u64,
    /// Whether samples of this pass are in the new file.
    has_written: bool,
    windows: BTreeMap<i64, Window>,
    /// Samples that are not in the windows yet, and how many.
    gathered: BTreeMap<i64, Gathered>,
    samples: usize,
    /// Samples as they are read.
    columns: Columns,
    /// Series with floats.
    floats: Paged<bool>,
    /// Series with histograms.
    histograms: HashSet<u32>,
}

impl Condenser {
    /// Passes over the segment until all series had their turn. Most often that is one pass.
    fn read(&mut self, segment: &SegmentFile) -> Result<(), Stop> {
        loop {
            match self.pass(segment) {
                Err(Stop::TooManySeries) => self.begin_narrower(),
                done => {
                    done?;
                    let Some(next) = self.range.next(self.newest) else {
                        break;
                    };
                    (self.range, self.has_written) = (next, false);
                }
            }
        }
        // Of a float and a histogram at one time the later one counts, and nobody could tell any more.
        let mut histograms = self.histograms.iter();
        if histograms.any(|series| self.floats.get(*series)) {
            return Err(Stop::Stay);
        }
        Ok(())
    }

    fn pass(&mut self, segment: &SegmentFile) -> Result<(), Stop> {
        let mut reader = SegmentReader::open(segment)?;
        loop {
            let offset = reader.offset();
            let Some((header, payload)) = reader.next()? else {
                break;
            };
            let damage = |what| SegmentError::Damage(Damage { offset, what });
            match header.kind {
                RecordKind::Samples => {
                    let pushed = self.columns.push(payload, header.kind);
                    pushed.map_err(damage)?;
                    if self.columns.len() >= REPLAY_SAMPLES_AHEAD {
                        self.gather()?;
                    }
                }
                // Since when a sample counts has no place in a run.
                RecordKind::StartedSamples | RecordKind::Runs => return Err(Stop::Stay),
                _ if offset < self.copied_to => {}
                kind => {
                    if kind == RecordKind::Histograms {
                        let record = HistogramRecord::decode(payload).map_err(damage)?;
                        self.histograms.extend(record.iter().map(|e| e.ordinal));
                    }
                    self.output.copy(kind, payload)?;
                    self.copied_to = reader.offset();
                }
            }
        }
        self.gather()?;
        self.push_gathered()?;
        self.write_windows().map_err(Stop::Failed)
    }

    /// Forgets what this pass has gathered, and lets it have half of the series. If these are few already, their runs are short.
    fn begin_narrower(&mut self) {
        let half = self.range.half(self.newest);
        (self.range, self.has_written) = (half.unwrap_or(self.range), half.is_none());
        self.columns = Columns::default();
        self.windows.clear();
        self.gathered.clear();
        self.samples = 0;
    }

    fn gather(&mut self) -> Result<(), Stop> {
        let samples = std::mem::take(&mut self.columns).finish();
        let newest = samples.series.values().iter().max();
        self.newest = self.newest.max(newest.copied().unwrap_or(0));
        for run in runs(self.range.of(samples), self.block_duration_ms) {
            self.samples += run.samples.len();
            let gathered = self.gathered.entry(run.window).or_default();
            gathered.push(run.samples);
        }
        if self.samples >= REPLAY_SAMPLES_AT_ONCE {
            self.push_gathered()?;
        }
        Ok(())
    }

    fn push_gathered(&mut self) -> Result<(), Stop> {
        let duration = self.block_duration_ms;
        for (number, gathered) in std::mem::take(&mut self.gathered) {
            let window = self.windows.entry(number);
            let window = window.or_insert_with(|| Window::new(number, duration));
            window.push_all(&gathered);
        }
        self.samples = 0;
        let windows = self.windows.values();
        if windows.map(Window::heap_bytes).sum::<usize>() < self.bytes_max {
            return Ok(());
        }
        // Runs of a few samples each would be hardly better than the samples.
        let windows = self.windows.values();
        let (samples, series) = windows.fold((0, 0), |(samples, series), window| {
            (samples + window.samples(), series + window.series())
        });
        if samples < series * CONDENSE_RUN_SAMPLES_MIN && !self.has_written {
            return Err(Stop::TooManySeries);
        }
        self.has_written = true;
        self.write_windows().map_err(Stop::Failed)
    }

    /// Writes what the windows hold and empties them.
    fn write_windows(&mut self) -> Result<()> {
        let mut builder = RunsBuilder::default();
        for window in std::mem::take(&mut self.windows).into_values() {
            let (output, floats, mut written) = (&mut self.output, &mut self.floats, Ok(()));
            window.for_each_run(|run| {
                floats.set(run.series, true);
                builder.push(window.start(), &run);
                if builder.bytes() >= RUNS_RECORD_BYTES && written.is_ok() {
                    written = output.runs(std::mem::take(&mut builder));
                }
            });
            written?;
        }
        self.output.runs(builder)
    }
}

/// Some of the series of a segment, by their numbers in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SeriesRange {
    first: u32,
    last: u32,
}

impl SeriesRange {
    const ALL: Self = Self {
        first: 0,
        last: u32::MAX,
    };

    /// Those after these, just as many; `None` if there are none up to `newest`.
    fn next(self, newest: u32) -> Option<Self> {
        let first = self.last.checked_add(1).filter(|n| *n <= newest)?;
        Some(Self {
            first,
            last: first.saturating_add(self.last - self.first),
        })
    }

    /// The first half of them, whole pages of the head; `None` if a page is all there is.
    fn half(self, newest: u32) -> Option<Self> {
        let series = self.last.min(newest).checked_sub(self.first)?;
        let half = (series / 2).checked_next_multiple_of(PAGE_SLOTS as u32)?;
        let last = self.first.checked_add(half)?.checked_sub(1)?;
        (self.first <= last && last < self.last.min(newest)).then_some(Self { last, ..self })
    }

    /// Those of the samples that are of these series.
    fn of(self, samples: Samples) -> Samples {
        let is_in = |series: &u32| (self.first..=self.last).contains(series);
        if self == Self::ALL || samples.series.values().iter().all(is_in) {
            return samples;
        }
        let wanted = samples.iter().filter(|(series, ..)| is_in(series));
        wanted.collect()
    }
}

/// The new file.
struct Output {
    file: Box<dyn AppendFile>,
    encoder: PayloadEncoder,
    /// What is not in the file yet.
    buffer: Vec<u8>,
    bytes: u64,
    groups: u32,
}

impl Output {
    fn create(fs: &dyn FileSystem, path: &Path, number: u64) -> Result<Self> {
        let create = || {
            fs.remove(path)?;
            fs.create(path)
        };
        Ok(Self {
            file: create().map_err(not_written)?,
            encoder: PayloadEncoder::uncompressed()?,
            buffer: condensed_header(number),
            bytes: 0,
            groups: 0,
        })
    }

    /// Adds a record as it stood in the old file.
    fn copy(&mut self, kind: RecordKind, payload: &[u8]) -> Result<()> {
        let start = self.begin();
        self.buffer.extend_from_slice(payload);
        self.end(kind, start)
    }

    fn runs(&mut self, runs: RunsBuilder) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        let start = self.begin();
        runs.encode(&mut self.encoder, &mut self.buffer)?;
        self.end(RecordKind::Runs, start)
    }

    fn begin(&mut self) -> usize {
        let start = self.buffer.len();
        self.buffer.resize(start + RECORD_HEADER_BYTES, 0);
        start
    }

    fn end(&mut self, kind: RecordKind, start: usize) -> Result<()> {
        self.groups += 1;
        let header = RecordHeader {
            kind,
            group: self.groups,
            ends_group: true,
            after_unsynced: false,
        };
        header.seal(self.buffer.get_mut(start..).unwrap_or(&mut []));
        if self.buffer.len() >= RUNS_RECORD_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        self.file.append(&self.buffer).map_err(not_written)?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Puts all of it on disk; gives its size.
    fn finish(mut self) -> Result<u64> {
        self.write()?;
        self.file.sync().map_err(not_written)?;
        Ok(self.bytes)
    }
}

fn not_written(error: io::Error) -> Error {
    Error::unavailable("cannot condense a wal segment, so it stays as it is: check the disk")
        .with_source(error)
}
