//! What a segment holds, counted: for people who look at a log.

use std::path::PathBuf;

use narthex_model::{Result, TimestampMs};

use super::extra_records::{decode_exemplars, decode_metadata};
use super::histogram_record::HistogramRecord;
use super::record::{RecordKind, decode_definitions, decode_samples};
use super::runs_record::RunsRecord;
use super::segment::{Damage, SegmentError, SegmentFile, SegmentReader};

/// What is inside one segment of the write-ahead log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentContents {
    /// Its number.
    pub number: u64,
    /// The file.
    pub path: PathBuf,
    /// Size of the file.
    pub bytes: u64,
    /// Number of good records.
    pub records: u64,
    /// Number of group commits that they belong to.
    pub groups: u64,
    /// Series that are defined.
    pub series: u64,
    /// Float samples.
    pub samples: u64,
    /// Native histograms.
    pub histograms: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// Things that metrics say of themselves.
    pub metadata: u64,
    /// Times of the oldest and of the newest float or histogram.
    pub time: Option<(TimestampMs, TimestampMs)>,
    /// Where it stops being readable and why. In the newest segment that may be a write that was under way.
    pub damage: Option<(u64, String)>,
}

impl SegmentContents {
    /// Reads all records of a segment, up to damage.
    ///
    /// # Errors
    /// `Unavailable` if the file cannot be read.
    pub(crate) fn of(segment: &SegmentFile) -> Result<Self> {
        let mut contents = Self {
            number: segment.number,
            path: segment.path.clone(),
            bytes: segment.bytes,
            ..Self::default()
        };
        match contents.read(segment) {
            Ok(()) => {}
            Err(SegmentError::Torn(damage) | SegmentError::Damage(damage)) => {
                contents.damage = Some((damage.offset, damage.what));
            }
            Err(SegmentError::Io(error)) => return Err(error),
        }
        Ok(contents)
    }

    /// Counts the records of a segment, all of them unless it is damaged.
    pub(super) fn read(&mut self, segment: &SegmentFile) -> Result<(), SegmentError> {
        let mut reader = SegmentReader::open(segment)?;
        loop {
            let offset = reader.offset();
            let Some((header, payload)) = reader.next()? else {
                return Ok(());
            };
            self.count(header.kind, payload)
                .map_err(|what| SegmentError::Damage(Damage { offset, what }))?;
            self.records += 1;
            self.groups = u64::from(header.group);
        }
    }

    /// Counts what a record holds; the error says what is wrong with it.
    fn count(&mut self, kind: RecordKind, payload: &[u8]) -> Result<(), String> {
        match kind {
            RecordKind::Series => self.series += decode_definitions(payload)?.iter().count() as u64,
            RecordKind::Samples | RecordKind::StartedSamples => {
                let samples = decode_samples(payload, kind)?;
                self.samples += samples.len() as u64;
                samples
                    .timestamps
                    .values()
                    .iter()
                    .for_each(|t| self.note(*t));
            }
            RecordKind::Runs => {
                let record = RunsRecord::check(payload)?;
                self.samples += record.samples();
                if let Some((oldest, newest)) = record.time() {
                    self.note(oldest);
                    self.note(newest);
                }
            }
            RecordKind::Histograms => {
                let record = HistogramRecord::decode(payload)?;
                self.histograms += record.len() as u64;
                record.iter().for_each(|entry| self.note(entry.timestamp));
            }
            RecordKind::Exemplars => self.exemplars += decode_exemplars(payload)?.len() as u64,
            RecordKind::Metadata => self.metadata += decode_metadata(payload)?.len() as u64,
        }
        Ok(())
    }

    fn note(&mut self, t: TimestampMs) {
        let (oldest, newest) = self.time.unwrap_or((t, t));
        self.time = Some((oldest.min(t), newest.max(t)));
    }
}
