//! The folder of a ledger: reading it, and changing it in whole steps.

use std::io::ErrorKind as IoKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{Error, ErrorKind, Result, TimeRange, TimestampMs};

use super::files::Files;
use super::manifest::{Manifest, PartEntry};
use super::seen::Seen;
use super::{Spans, Track, overlay, part};
use crate::count::Grid;
use crate::store::Origins;

mod put;

/// The name of the file that says which others count.
const INDEX: &str = "ledger.json";

/// So often a reader begins anew whose files the owner has replaced.
pub(super) const TRIES: usize = 3;

/// The slices of an SLO and generation, in a folder. It is changed by one owner; others may read meanwhile.
#[derive(Clone)]
pub struct Ledger {
    files: Arc<dyn Files>,
    folder: PathBuf,
    manifest: Manifest,
}

/// Slices that were read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// Those of each group, sorted by group, all on one grid; none if no slice is known.
    pub tracks: Vec<Track>,
    /// What could not be read.
    pub damage: Vec<Damage>,
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Its name in the ledger's folder.
    pub file: String,
    /// The time whose slices were in it.
    pub span: TimeRange,
    /// What is wrong with it.
    pub reason: String,
}

impl Ledger {
    /// Where the ledger of a generation lies: `DATA/slo/ID/GENERATION`.
    pub fn folder(data: &Path, slo: &str, generation: &str) -> PathBuf {
        data.join("slo").join(slo).join(generation)
    }

    /// Opens a ledger to read it; `None` if there is none.
    ///
    /// # Errors
    /// If its index cannot be read.
    pub fn open(files: Arc<dyn Files>, folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(INDEX);
        let about = |e: Error| e.context(path.display());
        let bytes = match files.read(&path) {
            Err(e) if e.kind() == IoKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|e| about(io_error(e)))?,
        };
        Ok(Some(Self {
            manifest: Manifest::of_json(&bytes).map_err(about)?,
            folder: folder.to_owned(),
            files,
        }))
    }

    /// Opens a ledger to change it, and begins one if there is none. Files that an owner before left behind half-way are removed.
    ///
    /// # Errors
    /// If its index cannot be read, is of another SLO, generation or slice, or its folder cannot be read.
    pub fn own(
        files: Arc<dyn Files>,
        folder: &Path,
        slo: &str,
        generation: &str,
        slice_ms: i64,
    ) -> Result<Self> {
        let ledger = match Self::open(files.clone(), folder)? {
            Some(ledger) => ledger,
            None => Self::begin(files, folder, slo, generation, slice_ms),
        };
        let Manifest { step, .. } = ledger.manifest;
        let same = ledger.manifest.slo == slo && ledger.manifest.generation == generation;
        if !same || step != slice_ms.max(1) {
            let folder = folder.display();
            return Err(Error::invalid(format!(
                "{folder} is the ledger of another SLO, generation or slice"
            )));
        }
        ledger.sweep()?;
        Ok(ledger)
    }

    fn begin(files: Arc<dyn Files>, folder: &Path, slo: &str, generation: &str, step: i64) -> Self {
        Self {
            files,
            folder: folder.to_owned(),
            manifest: Manifest {
                slo: slo.to_owned(),
                generation: generation.to_owned(),
                step: step.max(1),
                start: 0,
                watermark: 0,
                dirty: Spans::default(),
                parts: Vec::new(),
                next: 0,
                seen: Seen::default(),
            },
        }
    }

    /// How long a slice is, in milliseconds.
    pub fn slice_ms(&self) -> i64 {
        self.manifest.step
    }

    /// The time whose slices were put in; `None`: nothing yet.
    pub fn span(&self) -> Option<TimeRange> {
        let span = TimeRange::new(self.manifest.start, self.manifest.watermark);
        (!span.is_empty()).then_some(span)
    }

    /// Up to when slices were put in; `None`: nothing yet.
    pub fn watermark(&self) -> Option<TimestampMs> {
        self.span().map(|span| span.end)
    }

    /// The spans before the watermark that should be counted again.
    pub fn dirty(&self) -> &Spans {
        &self.manifest.dirty
    }

    /// The times before the watermark in which samples in blocks of a store changed, and nobody took note.
    pub fn missed(&self, origins: &Origins) -> Vec<TimeRange> {
        self.manifest.seen.missed(origins)
    }

    /// How many files it is made of.
    pub fn file_count(&self) -> usize {
        self.manifest.parts.len()
    }

    /// The slices of `span`. A damaged file is told of, the others are read.
    ///
    /// # Errors
    /// If files cannot be read for reasons other than damage.
    pub fn load(&self, span: TimeRange) -> Result<Loaded> {
        let mut newer = None;
        for _ in 0..TRIES {
            let ledger: &Self = newer.as_ref().unwrap_or(self);
            match ledger.load_parts(span) {
                // The owner has replaced files meanwhile.
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    newer = self.newest()?;
                }
                loaded => return loaded,
            }
        }
        Err(self.changes_too_fast())
    }

    /// The same as it is now; `None` if it is gone.
    pub(super) fn newest(&self) -> Result<Option<Self>> {
        Self::open(self.files.clone(), &self.folder)
    }

    pub(super) fn changes_too_fast(&self) -> Error {
        Error::unavailable(format!(
            "{}: its files change faster than they can be read",
            self.folder.display()
        ))
    }

    /// Its files, in order of time.
    pub(super) fn parts(&self) -> impl Iterator<Item = &PartEntry> {
        self.manifest.parts.iter()
    }

    fn load_parts(&self, span: TimeRange) -> Result<Loaded> {
        let parts = self.manifest.parts.iter();
        let parts: Vec<_> = parts.filter(|part| part.span().overlaps(&span)).collect();
        let mut loaded = self.read_parts(&parts)?;
        // From the first slice to the end, also where there are no files since nothing was seen.
        let begins = self.manifest.parts.first().map_or(0, |part| part.start_ms);
        let known = TimeRange::new(begins, self.manifest.watermark);
        let mut all = self.aligned(span.intersection(&known));
        let unread = loaded.damage.last().map(|damage| damage.span);
        if let Some(unread) = unread.filter(|unread| unread.end >= all.end) {
            all.end = all.start.max(unread.start);
        }
        loaded.tracks = overlay(loaded.tracks, Vec::new(), all);
        Ok(loaded)
    }

    /// The slices of parts, each on a grid over its part.
    fn read_parts(&self, parts: &[&PartEntry]) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        for entry in parts {
            match self.read_part(entry) {
                Ok(tracks) => loaded.tracks.extend(tracks),
                Err(e) if e.kind() == ErrorKind::Corrupt => loaded.damage.push(Damage {
                    file: entry.file.clone(),
                    span: entry.span(),
                    reason: e.to_string(),
                }),
                Err(e) => return Err(e.context(self.path(&entry.file).display())),
            }
        }
        Ok(loaded)
    }

    fn read_part(&self, entry: &PartEntry) -> Result<Vec<Track>> {
        part::read(self.bytes(entry)?, entry.span(), self.manifest.step)
    }

    /// All of a file.
    pub(super) fn bytes(&self, entry: &PartEntry) -> Result<Vec<u8>> {
        let path = self.path(&entry.file);
        let bytes = self.files.read(&path).map_err(io_error)?;
        if crc32c::crc32c(&bytes) != entry.crc32c {
            return Err(Error::corrupt("its checksum is wrong"));
        }
        Ok(bytes)
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Removes files that do not count.
    fn sweep(&self) -> Result<()> {
        let counts = |name: &str| self.manifest.parts.iter().any(|part| part.file == name);
        for name in self.files.names(&self.folder).map_err(io_error)? {
            let is_ours = name.ends_with(".parquet") || name.ends_with(".tmp");
            if is_ours && !counts(&name) {
                self.files.remove(&self.path(&name)).map_err(io_error)?;
            }
        }
        Ok(())
    }

    /// The slices that touch `span`, whole.
    fn aligned(&self, span: TimeRange) -> TimeRange {
        Grid::over(span, self.manifest.step).range()
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("folder", &self.folder)
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

fn io_error(e: std::io::Error) -> Error {
    let kind = match e.kind() {
        IoKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, "the disk says").with_source(e)
}
