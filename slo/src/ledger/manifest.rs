//! `ledger.json`: which files a ledger is made of, and how far it is.

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use serde::{Deserialize, Serialize};

use super::Spans;
use super::seen::Seen;

/// The version of the format that is written; later ones are refused.
const VERSION: u32 = 1;

/// From its first slice to its last a ledger has no more than so many: they are laid side by side in memory.
const SLICES_MAX: i64 = 1 << 25;

/// What `ledger.json` says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest {
    pub(super) slo: String,
    pub(super) generation: String,
    pub(super) step: i64,
    /// Since when there are slices.
    pub(super) start: TimestampMs,
    /// Up to when they are all there, but for those that are dirty.
    pub(super) watermark: TimestampMs,
    pub(super) dirty: Spans,
    /// In order of time, apart.
    pub(super) parts: Vec<PartEntry>,
    /// The number of the next file.
    pub(super) next: u64,
    /// What of the store it was counted from; what is dirty included.
    pub(super) seen: Seen,
}

/// A file with slices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartEntry {
    pub(super) file: String,
    pub(super) start_ms: TimestampMs,
    pub(super) end_ms: TimestampMs,
    pub(super) rows: u64,
    /// How many groups have rows; 0: nobody noted.
    #[serde(default)]
    pub(super) groups: u64,
    pub(super) crc32c: u32,
}

impl PartEntry {
    pub(super) fn span(&self) -> TimeRange {
        TimeRange::new(self.start_ms, self.end_ms)
    }
}

/// The file, field by field.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    slo: String,
    generation: String,
    slice_ms: i64,
    start_ms: TimestampMs,
    watermark_ms: TimestampMs,
    dirty: Vec<(TimestampMs, TimestampMs)>,
    parts: Vec<PartEntry>,
    next: u64,
    #[serde(default)]
    seen: Seen,
}

impl Manifest {
    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        let written = Written {
            version: VERSION,
            slo: self.slo.clone(),
            generation: self.generation.clone(),
            slice_ms: self.step,
            start_ms: self.start,
            watermark_ms: self.watermark,
            dirty: self.dirty.iter().map(|s| (s.start, s.end)).collect(),
            parts: self.parts.clone(),
            next: self.next,
            seen: self.seen.clone(),
        };
        serde_json::to_vec_pretty(&written)
            .map_err(|e| Error::internal("cannot be written as JSON").with_source(e))
    }

    pub(super) fn of_json(bytes: &[u8]) -> Result<Self> {
        let written: Written = serde_json::from_slice(bytes)
            .map_err(|e| Error::corrupt("is no ledger's index").with_source(e))?;
        if written.version > VERSION {
            let version = written.version;
            return Err(Error::invalid(format!(
                "is of version {version}; this program reads up to {VERSION}"
            )));
        }
        let dirty = written.dirty.iter().map(|(a, b)| TimeRange::new(*a, *b));
        let manifest = Self {
            slo: written.slo,
            generation: written.generation,
            step: written.slice_ms,
            start: written.start_ms,
            watermark: written.watermark_ms,
            dirty: dirty.collect(),
            parts: written.parts,
            next: written.next,
            seen: written.seen,
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether there is room for the slices from those that are there to those of `span`.
    pub(super) fn check_span(&self, span: TimeRange) -> Result<()> {
        let spans = self.parts.iter().map(PartEntry::span);
        let all = spans.fold(span, |a, b| a.union(&b));
        if all.end.saturating_sub(all.start) / self.step.max(1) <= SLICES_MAX {
            return Ok(());
        }
        Err(Error::limit(format!(
            "a ledger has at most {SLICES_MAX} slices from its first to its last"
        )))
    }

    /// Whether it makes sense.
    fn check(&self) -> Result<()> {
        let in_order = self.parts.windows(2).all(|w| w[0].end_ms <= w[1].start_ms);
        let on_grid = |t: TimestampMs| self.step > 0 && t % self.step == 0;
        let whole = |part: &PartEntry| {
            on_grid(part.start_ms) && on_grid(part.end_ms) && part.start_ms < part.end_ms
        };
        // A file's name leads nowhere but into the folder.
        let plain = |part: &PartEntry| !part.file.contains(['/', '\\']);
        if let Some(first) = self.parts.first() {
            self.check_span(first.span())?;
        }
        if in_order && self.parts.iter().all(|part| whole(part) && plain(part)) {
            return Ok(());
        }
        Err(Error::corrupt("names files that do not go together"))
    }
}
