//! Writes the WAL: group commit, rotation, and what happens when the disk says no.
//!
//! Invariants: with [`WalSync::Commit`], what [`WalWriter::commit`] acknowledged is on disk, else it is after the next
//! [`WalWriter::sync`]; a file that is not the newest segment ends with a whole group and is on disk; a segment defines every
//! series its samples name.
//!
//! After a failed sync the kernel may have dropped what it could not write, and say nothing the next time. So nothing is
//! synced twice: what a failed sync left in doubt is cut off and, if it was acknowledged, written again.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use narthex_model::{Error, Labels, Result};

use super::extra_records::{RECORD_EXTRAS_MAX, encode_exemplars, encode_metadata};
use super::histogram_record::HistogramRecord;
use super::record::{Definitions, PayloadEncoder, RecordKind, Samples};
use super::segment::{
    RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, segment_header, segment_path,
};
use crate::WalSync;
use crate::extras::Extras;
use crate::fs::{AppendFile, FileSystem};
use crate::limits::{
    DISK_RESERVE_WAL_SHARE, RECORD_HISTOGRAM_VALUES_MAX, RECORD_LABEL_BYTES_MAX,
    RECORD_SAMPLES_MAX, WAL_UNSYNCED_BYTES_MAX,
};
use crate::paged::Paged;

/// How the WAL is written.
pub(crate) struct WalOptions {
    pub(crate) folder: PathBuf,
    /// The first segment that may be made.
    pub(crate) first_number: u64,
    pub(crate) segment_bytes_max: u64,
    pub(crate) sync: WalSync,
}

/// A segment that gets no more records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClosedSegment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// Numbers of the windows its samples lie in.
    pub(crate) windows: BTreeSet<i64>,
    /// Whether it was written anew with its samples compressed.
    pub(crate) is_condensed: bool,
}

impl ClosedSegment {
    /// Room on the disk that its samples take in blocks, at most.
    pub(crate) fn block_bytes_max(&self) -> u64 {
        match self.is_condensed {
            true => self.bytes,
            false => self.bytes / DISK_RESERVE_WAL_SHARE,
        }
    }
}

/// The one writer of the WAL.
pub(crate) struct WalWriter {
    fs: Arc<dyn FileSystem>,
    options: WalOptions,
    encoder: PayloadEncoder,
    current: Option<OpenSegment>,
    next_number: u64,
    /// A bit per ordinal, 64 to a word: whether the open segment defines the series.
    defined: Paged<u64>,
    buffer: Vec<u8>,
    syncs: u64,
    /// Whether new segments may hold samples with start timestamps.
    is_started: bool,
}

struct OpenSegment {
    number: u64,
    path: PathBuf,
    file: Box<dyn AppendFile>,
    /// End of the last acknowledged group.
    bytes: u64,
    /// The acknowledged bytes before that end that have not been synced yet: they may have to be written again.
    unsynced: Vec<u8>,
    doubt: Doubt,
    groups: u32,
    windows: BTreeSet<i64>,
    /// Whether it may hold samples with start timestamps.
    is_started: bool,
}

/// What of a segment may not be as it should, after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    None,
    /// A failed commit may have left something behind the last acknowledged group.
    Tail,
    /// A sync has failed: what was not synced before may not be there, whatever reads say.
    Unsynced,
}

impl WalWriter {
    pub(crate) fn new(fs: Arc<dyn FileSystem>, options: WalOptions) -> Result<Self> {
        let (encoder, next_number) = (PayloadEncoder::new()?, options.first_number);
        Ok(Self {
            fs,
            options,
            encoder,
            current: None,
            next_number,
            defined: Paged::new(0),
            buffer: Vec::new(),
            syncs: 0,
            is_started: false,
        })
    }

    /// The newest closed segment: later records go to later ones.
    pub(crate) fn closed_through(&self) -> u64 {
        self.current
            .as_ref()
            .map_or(self.next_number, |c| c.number)
            .saturating_sub(1)
    }

    /// Bytes of the open segment.
    pub(crate) fn open_bytes(&self) -> u64 {
        self.current.as_ref().map_or(0, |c| c.bytes)
    }

    /// How often something was synced.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs
    }

    /// Whether there is something acknowledged that [`WalWriter::sync`] has to put on disk.
    pub(crate) fn has_unsynced(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|c| !c.unsynced.is_empty())
    }

    /// Puts everything acknowledged on disk.
    ///
    /// # Errors
    /// `Unavailable`: what was not on disk before may not be; the next call, and the next commit, try again.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.clean()?;
        let Some(current) = self.current.as_mut().filter(|c| !c.unsynced.is_empty()) else {
            return Ok(());
        };
        self.syncs += 1;
        current.sync().map_err(|e| not_stored(&current.path, e))
    }

    /// Writes samples, and puts them on disk with one fsync if each commit is to be. `labels` gives the labels of an
    /// ordinal, `windows` are where the samples lie.
    ///
    /// # Errors
    /// `Unavailable`: nothing of the group counts as written, and the next commit tries afresh.
    pub(crate) fn commit(
        &mut self,
        samples: &Samples,
        extras: &Extras<'_>,
        windows: &BTreeSet<i64>,
        labels: impl Fn(u32) -> Labels,
    ) -> Result<()> {
        self.ready()?;
        let undefined = self.undefined(samples, extras);
        let result = self
            .encode(samples, extras, &undefined, labels)
            .and_then(|()| self.append());
        let Some(current) = &mut self.current else {
            return result;
        };
        match &result {
            Ok(()) => current.windows.extend(windows),
            Err(_) => {
                self.forget(&undefined);
                // The next commit tries again if this fails too.
                let _ = self.clean();
            }
        }
        result
    }

    /// Puts the open segment on disk and closes it if it has records.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing; the segment then stays open.
    pub(crate) fn rotate(&mut self) -> Result<Option<ClosedSegment>> {
        self.sync()?;
        let Some(current) = self.current.take_if(|c| c.groups > 0) else {
            return Ok(None);
        };
        let OpenSegment {
            number,
            path,
            bytes,
            windows,
            ..
        } = current;
        Ok(Some(ClosedSegment {
            number,
            path,
            bytes,
            windows,
            is_condensed: false,
        }))
    }

    /// Whether the open segment is as large as it may get, or is none that may hold `samples`. Segments that are opened from
    /// now on may.
    pub(crate) fn is_over(&mut self, samples: &Samples) -> bool {
        self.is_started |= samples.starts.is_some();
        let current = self.current.as_ref();
        let unfit = samples.starts.is_some() && current.is_some_and(|c| !c.is_started);
        unfit || self.open_bytes() >= self.options.segment_bytes_max
    }

    /// Makes sure that there is a clean open segment.
    fn ready(&mut self) -> Result<()> {
        self.clean()?;
        let is_started = self.is_started;
        let unused = self
            .current
            .take_if(|c| c.groups == 0 && c.is_started != is_started);
        self.next_number = unused.map_or(self.next_number, |c| c.number);
        if let Some(current) = &self.current {
            if current.unsynced.len() >= WAL_UNSYNCED_BYTES_MAX {
                self.sync()?;
            }
            return Ok(());
        }
        self.defined = Paged::new(0);
        let number = self.next_number;
        let path = segment_path(&self.options.folder, number);
        let file = create_segment(
            self.fs.as_ref(),
            &self.options.folder,
            &path,
            &segment_header(number, is_started),
        );
        let file = file.map_err(|e| not_stored(&path, e))?;
        self.next_number += 1;
        let (bytes, windows) = (SEGMENT_HEADER_BYTES, BTreeSet::new());
        self.current = Some(OpenSegment {
            number,
            path,
            file,
            bytes,
            unsynced: Vec::new(),
            doubt: Doubt::None,
            groups: 0,
            windows,
            is_started,
        });
        Ok(())
    }

    /// Puts right what an error left in doubt.
    fn clean(&mut self) -> Result<()> {
        let Some(current) = self.current.as_mut().filter(|c| c.doubt > Doubt::None) else {
            return Ok(());
        };
        self.syncs += 1;
        current.clean().map_err(|e| not_stored(&current.path, e))
    }

    /// The series of a group that the open segment does not define yet, each once; marks them as defined.
    fn undefined(&mut self, samples: &Samples, extras: &Extras<'_>) -> Vec<u32> {
        let mut undefined = Vec::new();
        let of_samples = samples.series.values().iter().copied();
        for ordinal in of_samples.chain(extras.ordinals()) {
            let (word, bit) = (ordinal / 64, 1 << (ordinal % 64));
            let defined = self.defined.get(word);
            if defined & bit == 0 {
                self.defined.set(word, defined | bit);
                undefined.push(ordinal);
            }
        }
        undefined
    }

    fn forget(&mut self, undefined: &[u32]) {
        for ordinal in undefined {
            let word = ordinal / 64;
            let others = self.defined.get(word) & !(1 << (ordinal % 64));
            self.defined.set(word, others);
        }
    }

    /// Fills `buffer` with the records of a group.
    fn encode(
        &mut self,
        samples: &Samples,
        extras: &Extras<'_>,
        undefined: &[u32],
        labels: impl Fn(u32) -> Labels,
    ) -> Result<()> {
        self.buffer.clear();
        let mut records = Vec::new();
        let mut from = 0;
        while from < undefined.len() {
            let rest = undefined.get(from..).unwrap_or(&[]);
            let definitions = take_definitions(rest, &labels, &mut from);
            records.push((self.begin_record(), RecordKind::Series));
            self.encoder.definitions(definitions, &mut self.buffer)?;
        }
        let kind = match samples.starts {
            None => RecordKind::Samples,
            Some(_) => RecordKind::StartedSamples,
        };
        for offset in (0..samples.len()).step_by(RECORD_SAMPLES_MAX) {
            let len = RECORD_SAMPLES_MAX.min(samples.len() - offset);
            records.push((self.begin_record(), kind));
            self.encoder
                .samples(samples.slice(offset, len), &mut self.buffer)?;
        }
        let mut histograms = extras.histograms();
        while !histograms.is_empty() {
            let record = HistogramRecord::of(histograms, RECORD_HISTOGRAM_VALUES_MAX);
            histograms = histograms.get(record.len()..).unwrap_or(&[]);
            records.push((self.begin_record(), RecordKind::Histograms));
            record.encode(&mut self.encoder, &mut self.buffer)?;
        }
        for exemplars in extras.exemplars().chunks(RECORD_EXTRAS_MAX) {
            records.push((self.begin_record(), RecordKind::Exemplars));
            encode_exemplars(exemplars, &mut self.encoder, &mut self.buffer)?;
        }
        for known in extras.metadata().chunks(RECORD_EXTRAS_MAX) {
            records.push((self.begin_record(), RecordKind::Metadata));
            encode_metadata(known, &mut self.encoder, &mut self.buffer)?;
        }
        self.seal(&records);
        Ok(())
    }

    fn begin_record(&mut self) -> usize {
        let start = self.buffer.len();
        self.buffer.resize(start + RECORD_HEADER_BYTES, 0);
        start
    }

    /// Fills in the headers of the group's records, given where each begins.
    fn seal(&mut self, records: &[(usize, RecordKind)]) {
        let group = self.current.as_ref().map_or(0, |c| c.groups) + 1;
        let after_unsynced = self.has_unsynced();
        let mut end = self.buffer.len();
        for (i, (start, kind)) in records.iter().enumerate().rev() {
            if let Some(record) = self.buffer.get_mut(*start..end) {
                RecordHeader {
                    kind: *kind,
                    group,
                    ends_group: i + 1 == records.len(),
                    after_unsynced,
                }
                .seal(record);
            }
            end = *start;
        }
    }

    /// Appends `buffer` to the open segment, and waits for the disk if each commit has to.
    fn append(&mut self) -> Result<()> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        current.doubt = Doubt::Tail;
        let mut written = current.file.append(&self.buffer);
        if self.options.sync == WalSync::Commit {
            self.syncs += 1;
            written = written.and_then(|()| current.file.sync());
        } else if written.is_ok() {
            current.unsynced.extend_from_slice(&self.buffer);
        }
        written.map_err(|e| not_stored(&current.path, e))?;
        current.doubt = Doubt::None;
        current.bytes += self.buffer.len() as u64;
        current.groups += 1;
        Ok(())
    }
}

impl OpenSegment {
    /// Puts everything acknowledged on disk.
    fn sync(&mut self) -> io::Result<()> {
        self.doubt = Doubt::Unsynced;
        self.file.sync()?;
        self.doubt = Doubt::None;
        self.unsynced.clear();
        Ok(())
    }

    /// Cuts off what is in doubt, and writes again what of it was acknowledged.
    fn clean(&mut self) -> io::Result<()> {
        if self.doubt == Doubt::Unsynced {
            self.file
                .truncate(self.bytes - self.unsynced.len() as u64)?;
            if !self.unsynced.is_empty() {
                self.file.append(&self.unsynced)?;
            }
        } else {
            self.file.truncate(self.bytes)?;
        }
        self.sync()
    }
}

/// The error of a write that was refused.
fn not_stored(path: &Path, error: io::Error) -> Error {
    let what_to_do = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
        _ => "check the disk",
    };
    Error::unavailable(format!(
        "cannot write wal segment {}, so nothing was stored: {what_to_do} and send again, no restart is needed",
        path.display()
    ))
    .with_source(error)
}

/// Definitions of the first of `ordinals`, as many as fit a record; moves `from` behind them.
fn take_definitions(
    ordinals: &[u32],
    labels: impl Fn(u32) -> Labels,
    from: &mut usize,
) -> Definitions {
    let (mut refs, mut bytes, mut packed) = (Vec::new(), 0, BinaryBuilder::new());
    for ordinal in ordinals {
        let labels = labels(*ordinal);
        refs.push(*ordinal);
        packed.append_value(labels.as_ref().as_bytes());
        bytes += labels.as_ref().as_bytes().len();
        if bytes >= RECORD_LABEL_BYTES_MAX {
            break;
        }
    }
    *from += refs.len();
    Definitions::new(refs, packed.finish())
}

/// Makes a segment with its header, on disk when this returns. What an earlier attempt left is removed first.
fn create_segment(
    fs: &dyn FileSystem,
    folder: &Path,
    path: &Path,
    header: &[u8],
) -> io::Result<Box<dyn AppendFile>> {
    fs.remove(path)?;
    let mut file = fs.create(path)?;
    file.append(header)?;
    file.sync()?;
    fs.sync_folder(folder)?;
    Ok(file)
}
