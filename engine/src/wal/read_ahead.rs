//! Decodes a segment on a thread of its own, somewhat ahead of whoever applies it.

use std::sync::mpsc;
use std::thread;

use super::columns::Columns;
use super::extra_records::{ExemplarEntry, decode_exemplars, decode_metadata};
use super::histogram_record::HistogramRecord;
use super::record::{Definitions, RecordKind, Samples, decode_definitions};
use super::runs_record::RunsRecord;
use super::segment::{Damage, RecordHeader, SegmentError, SegmentFile, SegmentReader};
use crate::limits::REPLAY_SAMPLES_AHEAD;
use crate::metadata::KnownMetadata;

/// Decoded content that waits to be applied, at most.
const AHEAD: usize = 2;

/// What stands in a record, or in several of samples.
pub(super) struct Record {
    /// Where the first begins.
    pub(super) offset: u64,
    /// Where the last ends.
    pub(super) end: u64,
    /// Start of the oldest group that may not be on disk.
    pub(super) in_doubt_from: u64,
    pub(super) is_condensed: bool,
    pub(super) content: Content,
}

pub(super) enum Content {
    Definitions(Definitions),
    Samples(SamplesBatch),
    Runs(RunsRecord),
    Histograms(HistogramRecord),
    Exemplars(Vec<ExemplarEntry>),
    Metadata(Vec<KnownMetadata>),
}

/// The samples of records that follow each other.
pub(super) struct SamplesBatch {
    /// With the series numbers of the segment.
    pub(super) samples: Samples,
    /// Of each record, its first sample and where it begins.
    records: Vec<(usize, u64)>,
}

impl SamplesBatch {
    /// Where the record begins that sample `at` stands in.
    pub(super) fn offset_of(&self, at: usize) -> u64 {
        let record = self.records.iter().rev().find(|(first, _)| *first <= at);
        record.map_or(0, |(_, offset)| *offset)
    }
}

/// Gives all that stands in a segment to `apply`, in order, until that or the reading fails.
pub(super) fn read_ahead(
    segment: &SegmentFile,
    mut apply: impl FnMut(Record) -> Result<(), SegmentError>,
) -> Result<(), SegmentError> {
    thread::scope(|scope| {
        let (decoded, records) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            let mut reading = Reading::new(&decoded);
            let read = reading.read_all(segment);
            // What is good before damage counts.
            reading.send_samples();
            if let Err(error) = read {
                // Whoever wanted it may have found damage.
                let _ = decoded.send(Err(error));
            }
        });
        records.into_iter().try_for_each(|record| apply(record?))
    })
}

/// The state of the thread that reads.
struct Reading<'a> {
    decoded: &'a mpsc::SyncSender<Result<Record, SegmentError>>,
    group: u32,
    in_doubt_from: u64,
    is_condensed: bool,
    /// End of the last good record.
    end: u64,
    /// Samples that are not sent yet, and their records.
    columns: Columns,
    records: Vec<(usize, u64)>,
    /// Whether nobody wants any more.
    is_over: bool,
}

impl<'a> Reading<'a> {
    fn new(decoded: &'a mpsc::SyncSender<Result<Record, SegmentError>>) -> Self {
        Self {
            decoded,
            group: 0,
            in_doubt_from: 0,
            is_condensed: false,
            end: 0,
            columns: Columns::default(),
            records: Vec::new(),
            is_over: false,
        }
    }

    fn read_all(&mut self, segment: &SegmentFile) -> Result<(), SegmentError> {
        let mut reader = SegmentReader::open(segment)?;
        self.is_condensed = reader.is_condensed();
        while !self.is_over && self.read_next(&mut reader)? {}
        Ok(())
    }

    /// Reads a record; `false` if there is none.
    fn read_next(&mut self, reader: &mut SegmentReader) -> Result<bool, SegmentError> {
        let offset = reader.offset();
        let Some((header, payload)) = reader.next()? else {
            return Ok(false);
        };
        let damage = |what| SegmentError::Damage(Damage { offset, what });
        if let Some(content) = decode(header.kind, payload).map_err(damage)? {
            self.send_samples();
            self.note(header, offset, reader.offset());
            self.send(offset, content);
            return Ok(true);
        }
        let first = self.columns.len();
        self.columns.push(payload, header.kind).map_err(damage)?;
        self.records.push((first, offset));
        self.note(header, offset, reader.offset());
        if self.columns.len() >= REPLAY_SAMPLES_AHEAD {
            self.send_samples();
        }
        Ok(true)
    }

    fn note(&mut self, header: RecordHeader, offset: u64, end: u64) {
        if header.group != self.group && !header.after_unsynced {
            self.in_doubt_from = offset;
        }
        (self.group, self.end) = (header.group, end);
    }

    fn send_samples(&mut self) {
        let records = std::mem::take(&mut self.records);
        if let Some((_, offset)) = records.first().copied() {
            let next = Columns::with_capacity(self.columns.len());
            let samples = std::mem::replace(&mut self.columns, next).finish();
            self.send(offset, Content::Samples(SamplesBatch { samples, records }));
        }
    }

    fn send(&mut self, offset: u64, content: Content) {
        let record = Record {
            offset,
            end: self.end,
            in_doubt_from: self.in_doubt_from,
            is_condensed: self.is_condensed,
            content,
        };
        self.is_over |= self.decoded.send(Ok(record)).is_err();
    }
}

/// Reads a payload; `None` if it holds samples, which are gathered.
fn decode(kind: RecordKind, payload: &[u8]) -> Result<Option<Content>, String> {
    Ok(Some(match kind {
        RecordKind::Samples | RecordKind::StartedSamples => return Ok(None),
        RecordKind::Runs => Content::Runs(RunsRecord::decode(payload)?),
        RecordKind::Series => Content::Definitions(decode_definitions(payload)?),
        RecordKind::Histograms => Content::Histograms(HistogramRecord::decode(payload)?),
        RecordKind::Exemplars => Content::Exemplars(decode_exemplars(payload)?),
        RecordKind::Metadata => Content::Metadata(decode_metadata(payload)?),
    }))
}
