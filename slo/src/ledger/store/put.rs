//! Changing a ledger: new files first, then the index in one step, then old files go.

use narthex_model::{Error, Result, TimeRange};

use super::{Damage, INDEX, Ledger, io_error};
use crate::ledger::manifest::{Manifest, PartEntry};
use crate::ledger::{Track, overlay, part};

/// A file is not made longer than about so many rows.
const ROWS_MAX: u64 = 1 << 20;

/// A file before the new one is merged with it if it is no longer than this many times: so a year of small steps is a few files, and each row is
/// written a few times.
const MERGED_UP_TO: u64 = 4;

impl Ledger {
    /// Puts in the slices of `span`, in place of those that are there: a group that is not among `tracks` has nothing in it. The
    /// span is clean after that, and the watermark at its end at least; what lies between it and what was there is dirty.
    ///
    /// # Errors
    /// If files cannot be read or written; then nothing has changed. If `span` or a track is not on the ledger's slices.
    pub fn put(&mut self, span: TimeRange, tracks: Vec<Track>) -> Result<()> {
        let step = self.manifest.step;
        let on_grid = |t: &Track| t.slices.grid.step == step && t.slices.grid.range() == span;
        if span.is_empty() || self.aligned(span) != span || !tracks.iter().all(on_grid) {
            return Err(Error::invalid("slices that are not on the ledger's grid"));
        }
        let mut next = self.manifest.clone();
        let merged = self.to_merge(span, &tracks);
        let parts = &self.manifest.parts[merged.clone()];
        let base = self.read_parts(&parts.iter().collect::<Vec<_>>())?;
        let all = parts.iter().fold(span, |all, part| all.union(&part.span()));
        next.check_span(all)?;
        note(&mut next, span);
        for damage in &base.damage {
            next.dirty.insert(damage.span);
            next.dirty.remove(span);
        }
        let tracks = overlay(base.tracks, tracks, span, all);
        let written = self.write_parts(&mut next, all, &tracks)?;
        let old: Vec<_> = next.parts.splice(merged, written).collect();
        self.commit(next)?;
        self.retire(&old, &base.damage);
        Ok(())
    }

    /// Notes that `span` should be counted again, as far as it was counted at all.
    ///
    /// # Errors
    /// If the index cannot be written; then nothing has changed.
    pub fn mark_dirty(&mut self, span: TimeRange) -> Result<()> {
        let known = self.span().unwrap_or(TimeRange::new(0, 0));
        let mut next = self.manifest.clone();
        next.dirty.insert(self.aligned(span).intersection(&known));
        if next == self.manifest {
            return Ok(());
        }
        self.commit(next)
    }

    /// Puts damaged files aside under another name; their spans are dirty.
    ///
    /// # Errors
    /// If the index cannot be written; then nothing has changed.
    pub fn set_aside(&mut self, damage: &[Damage]) -> Result<()> {
        let is_damaged = |part: &PartEntry| damage.iter().any(|d| d.file == part.file);
        let mut next = self.manifest.clone();
        let old: Vec<_> = next.parts.extract_if(.., |part| is_damaged(part)).collect();
        for part in &old {
            next.dirty.insert(part.span());
        }
        if old.is_empty() {
            return Ok(());
        }
        self.commit(next)?;
        self.retire(&old, damage);
        Ok(())
    }

    /// Which files are written anew together with `span`.
    fn to_merge(&self, span: TimeRange, tracks: &[Track]) -> std::ops::Range<usize> {
        let parts = &self.manifest.parts;
        let mut from = parts.partition_point(|part| part.end_ms <= span.start);
        let to = parts.partition_point(|part| part.start_ms < span.end);
        let lengths = tracks.iter().map(|track| track.slices.grid.len as u64);
        let mut rows: u64 = lengths.sum();
        // Only at the end: elsewhere, what was long enough stays.
        while to == parts.len() && from > 0 {
            let before = &parts[from - 1];
            if before.rows > rows.max(1) * MERGED_UP_TO || before.rows + rows > ROWS_MAX {
                break;
            }
            rows += before.rows;
            from -= 1;
        }
        from..to
    }

    /// Writes the slices of `span` into as many files as they need.
    fn write_parts(
        &self,
        next: &mut Manifest,
        span: TimeRange,
        tracks: &[Track],
    ) -> Result<Vec<PartEntry>> {
        let step = self.manifest.step;
        let groups = i64::try_from(tracks.len().max(1)).unwrap_or(i64::MAX);
        let slices = (2 * ROWS_MAX as i64 / groups).max(1);
        let mut entries = Vec::new();
        let mut start = span.start;
        while start < span.end {
            let piece = TimeRange::new(start, span.end.min(start + slices * step));
            let tracks: Vec<Track> = tracks.iter().map(|track| track.within(piece)).collect();
            let of = part::Of {
                slo: &next.slo,
                generation: &next.generation,
            };
            let (bytes, rows) = part::write(&tracks, of)?;
            let entry = PartEntry {
                file: format!("{:06}.parquet", next.next),
                start_ms: piece.start,
                end_ms: piece.end,
                rows,
                crc32c: crc32c::crc32c(&bytes),
            };
            let path = self.path(&entry.file);
            let about = |e: Error| e.context(path.display());
            self.files
                .write(&path, &bytes)
                .map_err(|e| about(io_error(e)))?;
            next.next += 1;
            entries.push(entry);
            start = piece.end;
        }
        Ok(entries)
    }

    fn commit(&mut self, next: Manifest) -> Result<()> {
        let path = self.path(INDEX);
        let about = |e: Error| e.context(path.display());
        let bytes = next.to_json()?;
        self.files
            .write(&path, &bytes)
            .map_err(|e| about(io_error(e)))?;
        self.manifest = next;
        Ok(())
    }

    /// Files that do not count any more go, or aside if they are damaged. If they cannot, the next owner sweeps them away.
    fn retire(&self, old: &[PartEntry], damage: &[Damage]) {
        for part in old {
            let path = self.path(&part.file);
            let is_damaged = damage.iter().any(|d| d.file == part.file);
            let gone = if is_damaged {
                self.files.rename(&path, &path.with_extension("damaged"))
            } else {
                self.files.remove(&path)
            };
            drop(gone);
        }
    }
}

/// Notes that the slices of `span` are there.
fn note(manifest: &mut Manifest, span: TimeRange) {
    if manifest.start == manifest.watermark {
        (manifest.start, manifest.watermark) = (span.start, span.end);
    }
    let known = TimeRange::new(manifest.start, manifest.watermark);
    // Empty unless something lies between.
    manifest.dirty.insert(TimeRange::new(known.end, span.start));
    manifest.dirty.insert(TimeRange::new(span.end, known.start));
    manifest.dirty.remove(span);
    let all = known.union(&span);
    (manifest.start, manifest.watermark) = (all.start, all.end);
}
