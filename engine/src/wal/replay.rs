//! Reads the WAL back: record by record, so that memory is bounded by one record.

use std::collections::{BTreeSet, HashMap};
use std::io;

use narthex_model::{Error, ErrorKind, Labels, Result};

use super::record::{Definitions, RecordKind, decode_definitions, decode_samples};
use super::segment::{Damage, SegmentError, SegmentFile, SegmentReader, corrupt};
use super::writer::ClosedSegment;
use crate::fs::FileSystem;
use crate::head::window_number;
use crate::layout::unavailable;
use crate::series_table::SeriesTable;

/// What to do with a torn tail of the last segment.
pub(crate) enum TailPolicy<'a> {
    /// Cut it off, and put the rest on disk, as the owner of the folder.
    Truncate(&'a dyn FileSystem),
    /// Leave it: it may be a live writer's group on its way.
    Leave,
}

/// Replays segments in order.
pub(crate) struct Replayer<'a> {
    pub(crate) series: &'a SeriesTable,
    pub(crate) block_duration_ms: i64,
    pub(crate) tail: TailPolicy<'a>,
    /// Told how far a segment is read, in bytes.
    pub(crate) progress: &'a dyn Fn(u64),
}

impl Replayer<'_> {
    /// Gives every sample of a segment to `apply`: window number, ordinal, time, value.
    ///
    /// # Errors
    /// `Corrupt` for damage other than a torn tail of the last segment, `NotFound` if the segment is gone,
    /// `Unavailable` if it cannot be read.
    pub(crate) fn replay(
        &self,
        segment: &SegmentFile,
        is_last: bool,
        mut apply: impl FnMut(i64, u32, i64, f64),
    ) -> Result<ClosedSegment> {
        let mut windows = BTreeSet::new();
        let read = self.records(segment, |window, ordinal, t, value| {
            windows.insert(window);
            apply(window, ordinal, t, value);
        });
        let bytes = match read {
            Ok(bytes) => {
                if is_last {
                    self.settle(segment)?;
                }
                bytes
            }
            Err(SegmentError::Torn(damage)) if is_last => self.torn_tail(segment, &damage)?,
            Err(SegmentError::Torn(damage) | SegmentError::Damage(damage)) => {
                return Err(corrupt(segment, &damage));
            }
            Err(SegmentError::Io(error)) => return Err(vanished(segment, error)),
        };
        let (number, path) = (segment.number, segment.path.clone());
        Ok(ClosedSegment {
            number,
            path,
            bytes,
            windows,
        })
    }

    fn records(
        &self,
        segment: &SegmentFile,
        mut apply: impl FnMut(i64, u32, i64, f64),
    ) -> std::result::Result<u64, SegmentError> {
        let mut reader = SegmentReader::open(segment)?;
        let mut ordinals = HashMap::new();
        loop {
            let offset = reader.offset();
            (self.progress)(offset);
            let Some((header, payload)) = reader.next()? else {
                return Ok(offset);
            };
            let damage = |what| SegmentError::Damage(Damage { offset, what });
            match header.kind {
                RecordKind::Series => {
                    let definitions = decode_definitions(payload).map_err(damage)?;
                    self.define(&definitions, &mut ordinals)
                        .map_err(SegmentError::Io)?
                        .map_err(damage)?;
                }
                RecordKind::Samples => {
                    for (series, t, value) in decode_samples(payload).map_err(damage)?.iter() {
                        let ordinal = ordinals.get(&series);
                        let ordinal = ordinal
                            .ok_or_else(|| damage(format!("series {series} is not defined")))?;
                        apply(window_number(t, self.block_duration_ms), *ordinal, t, value);
                    }
                }
            }
        }
    }

    /// Adds the series of a record; the inner error is damage.
    fn define(
        &self,
        definitions: &Definitions,
        ordinals: &mut HashMap<u32, u32>,
    ) -> Result<Result<(), String>> {
        let (mut refs, mut labels) = (Vec::new(), Vec::new());
        for (series, packed) in definitions.iter() {
            let Some(packed) = packed else {
                return Ok(Err(format!("the labels of series {series} are damaged")));
            };
            refs.push(series);
            labels.push(packed.to_owned());
        }
        ordinals.extend(refs.into_iter().zip(self.resolve(&labels)?));
        Ok(Ok(()))
    }

    fn resolve(&self, labels: &[Labels]) -> Result<Vec<u32>> {
        self.series.resolve_all(labels)
    }

    /// Puts the last segment on disk: the process that wrote it may have died before it did, and what is read now must
    /// not be lost once newer segments are there.
    fn settle(&self, segment: &SegmentFile) -> Result<()> {
        let TailPolicy::Truncate(fs) = &self.tail else {
            return Ok(());
        };
        let synced = fs
            .open_append(&segment.path)
            .and_then(|mut file| file.sync());
        synced.map_err(|e| unavailable("sync wal segment", &segment.path, e))
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
