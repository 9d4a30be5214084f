//! Changing a ledger: new files first, then the index in one step, then old files go.

use std::ops::Range;

use narthex_model::{Error, Result, TimeRange, TimestampMs};

use super::{Damage, INDEX, Ledger, io_error};
use crate::count::Grid;
use crate::ledger::manifest::{Manifest, PartEntry};
use crate::ledger::seen::Seen;
use crate::ledger::{Layer, Spans, Track, overlay, part};
use crate::store::Origins;

/// A file is not made longer than about so many rows.
const ROWS_MAX: u64 = 1 << 20;

/// A file right before the new one is merged with it if it is no longer than this many times: so a year of small steps is a few files, and each
/// row is written a few times.
const MERGED_UP_TO: u64 = 4;

/// At the end at least so many slices, and twice as many at most, are in a file of their own: they are put in again and again.
const TAIL_SLICES: i64 = 16;

/// At least so long is that file's time.
const TAIL_MS: i64 = 600_000;

impl Ledger {
    /// Puts in the slices of `span`, in place of those that are there: a group that is not among `tracks` has nothing in it. The
    /// span is clean after that, and the watermark at its end at least; what lies between it and what was there is dirty.
    ///
    /// # Errors
    /// If files cannot be read or written; then nothing has changed. If `span` or a track is not on the ledger's slices.
    pub fn put(&mut self, span: TimeRange, tracks: Vec<Track>) -> Result<()> {
        self.put_and_mark(span, tracks, &Spans::default())
    }

    /// The same, and `dirty` is dirty after that, as with [`Ledger::mark_dirty`]: all in one step.
    ///
    /// # Errors
    /// As [`Ledger::put`].
    pub fn put_and_mark(
        &mut self,
        span: TimeRange,
        tracks: Vec<Track>,
        dirty: &Spans,
    ) -> Result<()> {
        let step = self.manifest.step;
        let on_grid = |t: &Track| t.slices.grid.step == step && t.slices.grid.range() == span;
        if span.is_empty() || self.aligned(span) != span || !tracks.iter().all(on_grid) {
            return Err(Error::invalid("slices that are not on the ledger's grid"));
        }
        let mut next = self.manifest.clone();
        let Touched { parts, all, tail } = self.touched(span, &tracks);
        let old = &self.manifest.parts[parts.clone()];
        let base = self.read_parts(&old.iter().collect::<Vec<_>>())?;
        next.check_span(all)?;
        note(&mut next, span);
        for damage in &base.damage {
            next.dirty.insert(damage.span);
            next.dirty.remove(span);
        }
        mark(&mut next, dirty);
        let layer = Layer { span, tracks };
        let mut tracks = overlay(base.tracks, vec![layer], all);
        tracks.retain(|track| track.begins().is_some());
        // A ledger begins with the first slice of which anything is known.
        let first = parts.start == 0;
        let begins = tracks.iter().filter_map(Track::begins).min();
        let start = begins.filter(|_| first).unwrap_or(all.start);
        let settled = TimeRange::new(start, tail);
        let mut written = self.write_parts(&mut next, settled, &tracks)?;
        let tail = TimeRange::new(tail.max(start), all.end);
        written.extend(self.write_parts(&mut next, tail, &tracks)?);
        let old: Vec<_> = next.parts.splice(parts, written).collect();
        self.commit(next)?;
        self.retire(&old, &base.damage);
        Ok(())
    }

    /// Notes that `spans` should be counted again, as far as they were counted at all.
    ///
    /// # Errors
    /// If the index cannot be written; then nothing has changed.
    pub fn mark_dirty(&mut self, spans: &Spans) -> Result<()> {
        let mut next = self.manifest.clone();
        mark(&mut next, spans);
        self.change(next)
    }

    /// Notes that all of `span` should be counted, which begins before the ledger.
    ///
    /// # Errors
    /// If the index cannot be written; then nothing has changed.
    pub fn extend(&mut self, span: TimeRange) -> Result<()> {
        let Some(known) = self.span() else {
            return Ok(());
        };
        let mut next = self.manifest.clone();
        next.start = known.start.min(self.aligned(span).start);
        let all = TimeRange::new(next.start, known.end);
        next.dirty.insert(self.aligned(span).intersection(&all));
        self.change(next)
    }

    /// Notes that what the store is made of was counted, or is dirty. It is written with the next change.
    pub fn see(&mut self, origins: &Origins) {
        self.manifest.seen = Seen::of(origins);
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
    fn touched(&self, span: TimeRange, tracks: &[Track]) -> Touched {
        let parts = &self.manifest.parts;
        let mut from = parts.partition_point(|part| part.end_ms <= span.start);
        let to = parts.partition_point(|part| part.start_ms < span.end);
        let last = parts[from..to].last().map_or(span.end, |part| part.end_ms);
        let is_end = to == parts.len() && last.max(span.end) >= self.manifest.watermark;
        let long = self.tail_ms();
        let is_tail = |part: &PartEntry| part.end_ms - part.start_ms <= 2 * long;
        if is_end && right_before(&parts[..from], span.start).is_some_and(is_tail) {
            from -= 1;
        }
        let old = &parts[from..to];
        let mut all = old.iter().fold(span, |all, part| all.union(&part.span()));
        let tail = match is_end {
            true if all.end - all.start <= 2 * long => all.start,
            true => all.end - long,
            false => all.end,
        };
        let mut size = Size::of(tracks);
        old.iter().for_each(|part| size.add(part));
        let settles = tail > all.start;
        while settles
            && let Some(before) = parts[..from].last()
            && size.merges(before, (all.end - before.start_ms) / self.manifest.step)
        {
            size.add(before);
            all.start = before.start_ms;
            from -= 1;
        }
        Touched {
            parts: from..to,
            all,
            tail,
        }
    }

    /// How long the time of the last file is at least.
    fn tail_ms(&self) -> i64 {
        let step = self.manifest.step;
        TAIL_SLICES.max(TAIL_MS / step) * step
    }

    /// Writes the slices of `span` into as many files as they need; none if there are none.
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
            start = piece.end;
            let mut tracks: Vec<Track> = tracks.iter().map(|track| track.within(piece)).collect();
            tracks.retain(|track| track.begins().is_some());
            if tracks.is_empty() {
                continue;
            }
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
                groups: tracks.len() as u64,
                crc32c: crc32c::crc32c(&bytes),
            };
            let path = self.path(&entry.file);
            let about = |e: Error| e.context(path.display());
            self.files
                .write(&path, &bytes)
                .map_err(|e| about(io_error(e)))?;
            next.next += 1;
            entries.push(entry);
        }
        Ok(entries)
    }

    fn change(&mut self, next: Manifest) -> Result<()> {
        match next == self.manifest {
            true => Ok(()),
            false => self.commit(next),
        }
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

/// What a change writes anew.
struct Touched {
    /// The files.
    parts: Range<usize>,
    /// Their time and that of the new slices.
    all: TimeRange,
    /// Since when slices are in a file of their own, because they will change.
    tail: TimestampMs,
}

/// The last of some files, if it ends at `start`.
fn right_before(parts: &[PartEntry], start: TimestampMs) -> Option<&PartEntry> {
    parts.last().filter(|part| part.end_ms == start)
}

/// How large a file will be.
struct Size {
    rows: u64,
    /// As many as the part has that has most.
    groups: u64,
}

impl Size {
    fn of(tracks: &[Track]) -> Self {
        let known = |t: &Track| {
            (0..t.slices.grid.len)
                .filter(|i| t.slices.is_known(*i))
                .count() as u64
        };
        let rows = tracks.iter().map(known).filter(|rows| *rows > 0);
        Self {
            rows: rows.clone().sum(),
            groups: rows.count() as u64,
        }
    }

    fn add(&mut self, part: &PartEntry) {
        self.rows += part.rows;
        self.groups = self.groups.max(part.groups);
    }

    /// Whether a file is merged with what comes after it, which makes so many slices. They may be apart: that takes no rows, but as much memory as
    /// if there were some.
    fn merges(&self, before: &PartEntry, slices: i64) -> bool {
        let (rows, groups) = (self.rows, self.groups.max(before.groups).max(1));
        let is_small = before.rows <= ROWS_MAX / 16;
        let fits = slices.unsigned_abs().saturating_mul(groups) <= 2 * ROWS_MAX;
        before.rows <= rows.saturating_mul(MERGED_UP_TO)
            && (is_small || before.rows + rows <= ROWS_MAX)
            && fits
    }
}

/// Notes that `spans` are dirty, as far as they were counted at all.
fn mark(manifest: &mut Manifest, spans: &Spans) {
    let known = TimeRange::new(manifest.start, manifest.watermark);
    let counted = spans.iter().map(|span| span.intersection(&known));
    for span in counted.filter(|span| !span.is_empty()) {
        manifest
            .dirty
            .insert(Grid::over(span, manifest.step).range());
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
