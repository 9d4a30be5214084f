//! Segments on disk: their names, their header, and the records in them, read one by one.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use narthex_model::{Error, Result};

use super::contents::SegmentContents;
use super::record::{RecordKind, decode_samples};
use super::runs_record::RunsRecord;
use crate::layout::unavailable;
use crate::limits::RECORD_BYTES_MAX;

/// What every segment begins with.
const MAGIC: [u8; 8] = *b"NARTHEXW";
/// The version of segments. Version 1 has series and samples alone.
const VERSION: u32 = 2;
/// The version of segments with samples that say since when they count.
const VERSION_STARTED: u32 = 3;
/// The version of segments that were condensed after they were closed.
const VERSION_CONDENSED: u32 = 4;
/// Versions that are read.
const VERSIONS: [u32; 4] = [1, VERSION, VERSION_STARTED, VERSION_CONDENSED];
/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER_BYTES: u64 = 24;
/// Bytes of a record's header.
pub(super) const RECORD_HEADER_BYTES: usize = 16;

/// A segment in the WAL folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentFile {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// The path of segment `number`.
pub(super) fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.wal"))
}

/// The segments of a WAL folder in order. One that vanishes meanwhile is left out.
///
/// # Errors
/// `Unavailable` if the folder cannot be read.
pub(crate) fn list_segments(folder: &Path) -> Result<Vec<SegmentFile>> {
    let entries = std::fs::read_dir(folder).map_err(|e| unavailable("list", folder, e))?;
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| unavailable("list", folder, e))?.path();
        let number = path
            .extension()
            .filter(|e| *e == "wal")
            .and(path.file_stem())
            .and_then(|s| s.to_str()?.parse().ok());
        if let (Some(number), Ok(file)) = (number, path.metadata()) {
            segments.push(SegmentFile {
                number,
                path,
                bytes: file.len(),
            });
        }
    }
    segments.sort();
    Ok(segments)
}

/// The header of segment `number`, which may hold samples with start timestamps or not.
pub(super) fn segment_header(number: u64, is_started: bool) -> Vec<u8> {
    let version = if is_started { VERSION_STARTED } else { VERSION };
    header_of_version(number, version)
}

/// The header of segment `number` once it is condensed.
pub(super) fn condensed_header(number: u64) -> Vec<u8> {
    header_of_version(number, VERSION_CONDENSED)
}

fn header_of_version(number: u64, version: u32) -> Vec<u8> {
    let mut header = Vec::from(MAGIC);
    header.extend_from_slice(&version.to_le_bytes());
    header.extend_from_slice(&number.to_le_bytes());
    header.extend_from_slice(&crc32c::crc32c(&header).to_le_bytes());
    header
}

/// The header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) kind: RecordKind,
    /// Records that reached the disk by one fsync have one group number; it counts from 1 in each segment.
    pub(super) group: u32,
    /// Whether it is the last record of its group.
    pub(super) ends_group: bool,
    /// Whether it was written while groups before it in the segment had not been synced: then its being there proves
    /// nothing about them.
    pub(super) after_unsynced: bool,
}

impl RecordHeader {
    /// Fills in the header of a record whose payload follows it in `record`.
    pub(super) fn seal(self, record: &mut [u8]) {
        let Some((header, payload)) = record.split_first_chunk_mut::<RECORD_HEADER_BYTES>() else {
            return;
        };
        let len = (payload.len() as u32).to_le_bytes();
        let tail = self.tail();
        let crc = checksum(len, tail, payload).to_le_bytes();
        for (to, from) in header
            .iter_mut()
            .zip(len.into_iter().chain(crc).chain(tail))
        {
            *to = from;
        }
    }

    fn tail(self) -> [u8; 8] {
        let [a, b, c, d] = self.group.to_le_bytes();
        let (ends_group, after_unsynced) = (self.ends_group.into(), self.after_unsynced.into());
        [a, b, c, d, self.kind as u8, ends_group, after_unsynced, 0]
    }
}

fn checksum(len: [u8; 4], tail: [u8; 8], payload: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&len), &tail);
    crc32c::crc32c_append(crc, payload)
}

/// A record's header as it lies on disk.
struct RawHeader {
    len: [u8; 4],
    crc: u32,
    tail: [u8; 8],
}

impl RawHeader {
    fn split(bytes: [u8; RECORD_HEADER_BYTES]) -> Self {
        let [l0, l1, l2, l3, c0, c1, c2, c3, tail @ ..] = bytes;
        Self {
            len: [l0, l1, l2, l3],
            crc: u32::from_le_bytes([c0, c1, c2, c3]),
            tail,
        }
    }

    fn payload_bytes(&self) -> usize {
        u32::from_le_bytes(self.len) as usize
    }

    fn parse(&self) -> Option<RecordHeader> {
        let [
            g0,
            g1,
            g2,
            g3,
            kind,
            ends_group,
            after_unsynced @ (0 | 1),
            0,
        ] = self.tail
        else {
            return None;
        };
        let group = u32::from_le_bytes([g0, g1, g2, g3]);
        Some(RecordHeader {
            kind: RecordKind::from_byte(kind)?,
            group,
            ends_group: ends_group == 1,
            after_unsynced: after_unsynced == 1,
        })
    }
}

/// What is wrong with a segment, and where.
#[derive(Debug)]
pub(crate) struct Damage {
    pub(crate) offset: u64,
    pub(crate) what: String,
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum SegmentError {
    /// What a crash in the middle of a group commit leaves. In a segment that is not the last one it is damage too.
    Torn(Damage),
    Damage(Damage),
    Io(Error),
}

/// Reads a segment from its start, a record at a time.
pub(super) struct SegmentReader {
    file: BufReader<File>,
    path: PathBuf,
    /// End of the last good record.
    offset: u64,
    /// Length of the file when it was opened; what a live writer appends later is not looked at.
    bytes: u64,
    payload: Vec<u8>,
    last: Option<RecordHeader>,
    /// It was whole and on disk before it got its name, so nothing in it can be torn.
    is_condensed: bool,
}

impl SegmentReader {
    /// Opens a segment and checks its header.
    pub(super) fn open(segment: &SegmentFile) -> Result<Self, SegmentError> {
        let opened = File::open(&segment.path).and_then(|f| Ok((f.metadata()?.len(), f)));
        let (bytes, file) =
            opened.map_err(|e| SegmentError::Io(unavailable("open", &segment.path, e)))?;
        let (path, payload) = (segment.path.clone(), Vec::new());
        let mut reader = Self {
            file: BufReader::with_capacity(1 << 20, file),
            path,
            offset: 0,
            bytes,
            payload,
            last: None,
            is_condensed: false,
        };
        let mut header = [0; SEGMENT_HEADER_BYTES as usize];
        if bytes < SEGMENT_HEADER_BYTES {
            return Err(SegmentError::Torn(
                reader.damage("the segment ends inside its header"),
            ));
        }
        reader.fill(&mut header)?;
        let expected = VERSIONS.map(|version| header_of_version(segment.number, version));
        if expected.iter().all(|e| e.as_slice() != header) {
            let damage = reader.damage("the segment header is damaged or of another version");
            return Err(if bytes > SEGMENT_HEADER_BYTES {
                SegmentError::Damage(damage)
            } else {
                SegmentError::Torn(damage)
            });
        }
        reader.offset = SEGMENT_HEADER_BYTES;
        reader.is_condensed = header.as_slice() == condensed_header(segment.number);
        Ok(reader)
    }

    /// Whether it is a condensed segment.
    pub(super) fn is_condensed(&self) -> bool {
        self.is_condensed
    }

    /// End of the last good record.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record, `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<(RecordHeader, &[u8])>, SegmentError> {
        let left = self.bytes.saturating_sub(self.offset);
        if left == 0 {
            return Ok(None);
        }
        if left < RECORD_HEADER_BYTES as u64 {
            return Err(self.bad_record("the segment ends inside a record header"));
        }
        let mut header = [0; RECORD_HEADER_BYTES];
        self.fill(&mut header)?;
        let raw = RawHeader::split(header);
        let len = raw.payload_bytes();
        if len > RECORD_BYTES_MAX || len as u64 > left - RECORD_HEADER_BYTES as u64 {
            return Err(self.bad_record("the record is longer than the rest of the segment"));
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(len, 0);
        self.fill(&mut payload)?;
        self.payload = payload;
        if checksum(raw.len, raw.tail, &self.payload) != raw.crc {
            return Err(self.bad_record("the record does not match its checksum"));
        }
        let Some(header) = raw.parse().filter(|h| h.group == self.group_expected()) else {
            return Err(SegmentError::Damage(
                self.damage("the record is out of place"),
            ));
        };
        self.offset += (RECORD_HEADER_BYTES + len) as u64;
        self.last = Some(header);
        Ok(Some((header, &self.payload)))
    }

    /// The group that the next record belongs to.
    fn group_expected(&self) -> u32 {
        self.last
            .map_or(1, |last| last.group + u32::from(last.ends_group))
    }

    /// Damage after the last good record.
    pub(super) fn damage(&self, what: impl Into<String>) -> Damage {
        Damage {
            offset: self.offset,
            what: what.into(),
        }
    }

    fn bad_record(&self, what: &str) -> SegmentError {
        if self.is_condensed {
            return SegmentError::Damage(self.damage(what));
        }
        match self.is_torn_tail() {
            Ok(true) => SegmentError::Torn(self.damage(what)),
            Ok(false) => SegmentError::Damage(self.damage(what)),
            Err(e) => SegmentError::Io(e),
        }
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), SegmentError> {
        self.file
            .read_exact(out)
            .map_err(|e| SegmentError::Io(unavailable("read", &self.path, e)))
    }

    /// Whether the damage after the last good record is what a crash in the middle of a group commit leaves: whether
    /// no group after the damaged one was written once that was on disk.
    fn is_torn_tail(&self) -> Result<bool> {
        let mut rest = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            io::Seek::seek(&mut file, io::SeekFrom::Start(self.offset))?;
            // A live writer may have appended more meanwhile.
            file.take(self.bytes.saturating_sub(self.offset))
                .read_to_end(&mut rest)
        });
        read.map_err(|e| unavailable("read", &self.path, e))?;
        let torn_group = self.group_expected();
        Ok(!(1..rest.len()).any(|at| {
            rest.get(at..)
                .is_some_and(|bytes| begins_with_later_record(bytes, torn_group))
        }))
    }
}

/// Whether `bytes` begin with a whole record of a group after `group` that was written when `group` was on disk.
fn begins_with_later_record(bytes: &[u8], group: u32) -> bool {
    let Some((header, rest)) = bytes.split_first_chunk::<RECORD_HEADER_BYTES>() else {
        return false;
    };
    let raw = RawHeader::split(*header);
    let later = raw
        .parse()
        .is_some_and(|h| h.group > group && !h.after_unsynced);
    later
        && rest
            .get(..raw.payload_bytes())
            .is_some_and(|payload| checksum(raw.len, raw.tail, payload) == raw.crc)
}

/// The error for damage that is no torn tail.
pub(super) fn corrupt(segment: &SegmentFile, damage: &Damage) -> Error {
    Error::corrupt(format!(
        "wal segment {} is damaged at byte {}: {}; `narthex repair` keeps what is good and sets the rest aside",
        segment.path.display(),
        damage.offset,
        damage.what
    ))
}

/// Reads a whole segment and decodes every record: its bytes, or what is wrong. A torn tail is no damage if `is_last`.
pub(crate) fn check_segment(segment: &SegmentFile, is_last: bool) -> Result<u64, String> {
    match find_damage(segment, is_last) {
        Ok(None) => Ok(segment.bytes),
        Ok(Some(damage)) => Err(format!("byte {}: {}", damage.offset, damage.what)),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads a whole segment and decodes every record: what is wrong with it, if anything is. A torn tail is no damage if
/// `is_last`.
///
/// # Errors
/// `Unavailable` if it cannot be read.
pub(crate) fn find_damage(segment: &SegmentFile, is_last: bool) -> Result<Option<Damage>> {
    match SegmentContents::default().read(segment) {
        Ok(()) => Ok(None),
        Err(SegmentError::Torn(_)) if is_last => Ok(None),
        Err(SegmentError::Torn(damage) | SegmentError::Damage(damage)) => Ok(Some(damage)),
        Err(SegmentError::Io(error)) => Err(error),
    }
}

/// What whole records of samples stand behind damage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) records: u64,
    pub(crate) samples: u64,
    /// Oldest and newest.
    pub(crate) time: Option<(i64, i64)>,
}

/// Looks for whole records of samples at any byte from `offset` on.
///
/// # Errors
/// `Unavailable` if the segment cannot be read.
pub(crate) fn lost_after(segment: &SegmentFile, offset: u64) -> Result<Lost> {
    let mut rest = Vec::new();
    let read = File::open(&segment.path).and_then(|mut file| {
        io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
        file.read_to_end(&mut rest)
    });
    read.map_err(|e| unavailable("read", &segment.path, e))?;
    let (mut lost, mut at) = (Lost::default(), 0);
    while let Some(bytes) = rest.get(at..).filter(|bytes| !bytes.is_empty()) {
        let Some((kind, payload)) = whole_samples(bytes) else {
            at += 1;
            continue;
        };
        at += RECORD_HEADER_BYTES + payload.len();
        let Ok((samples, time)) = count_samples(payload, kind) else {
            continue;
        };
        lost.records += 1;
        lost.samples += samples;
        lost.time = lost.time.into_iter().chain(time).reduce(wider);
    }
    Ok(lost)
}

/// How many samples a record holds, and the times of the oldest and of the newest.
fn count_samples(payload: &[u8], kind: RecordKind) -> Result<(u64, Option<(i64, i64)>), String> {
    if kind == RecordKind::Runs {
        let record = RunsRecord::decode(payload)?;
        return Ok((record.samples(), record.time()));
    }
    let samples = decode_samples(payload, kind)?;
    let times = samples.timestamps.values().iter().map(|t| (*t, *t));
    Ok((samples.len() as u64, times.reduce(wider)))
}

fn wider(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The payload of the whole record of samples that `bytes` begin with.
fn whole_samples(bytes: &[u8]) -> Option<(RecordKind, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<RECORD_HEADER_BYTES>()?;
    let raw = RawHeader::split(*header);
    let kind = raw.parse()?.kind;
    let holds_samples = matches!(
        kind,
        RecordKind::Samples | RecordKind::StartedSamples | RecordKind::Runs
    );
    let payload = rest.get(..raw.payload_bytes()).filter(|_| holds_samples)?;
    (checksum(raw.len, raw.tail, payload) == raw.crc).then_some((kind, payload))
}

/// The bytes of segment `number` without records.
pub(crate) fn empty_segment(number: u64) -> Vec<u8> {
    segment_header(number, false)
}
