//! Brings ledgers up to date with the samples that are stored, and reads what is known.

use narthex_model::{Result, TimeRange, TimestampMs};

use crate::fill::{FillOptions, Filled, fill};
use crate::ledger::{Damage, Layer, Ledger, Track, overlay};
use crate::spec::Slo;
use crate::store::Store;

/// So much time is counted at once: as much as the longest blocks hold, so that each is read once.
const PIECE_MS: i64 = 8 * 86_400_000;

/// The newest slices are counted once more each time, for samples that came a little late.
const RECENT_MS: i64 = 300_000;

/// Samples that are older than this when they come are late: slices that they belong to must be marked as dirty.
pub const LATE_MS: i64 = RECENT_MS / 2;

/// A ledger is written in steps of so many rows, since each step costs a few syncs, and often a merge with the file before.
const ROWS_AT_ONCE: usize = 1 << 20;

/// What an upkeep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upkeep {
    /// About how many samples were read.
    pub samples: u64,
    /// How much time was counted, in milliseconds.
    pub counted_ms: i64,
    /// How many series the newest slices have.
    pub series: usize,
}

impl Upkeep {
    fn add(&mut self, piece: TimeRange, filled: &Filled) {
        self.samples += filled.samples;
        self.counted_ms += length(piece);
        self.series = filled.series;
    }
}

/// What is known of an SLO.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// The slices of each group, sorted by group.
    pub tracks: Vec<Track>,
    /// Files of the ledger that could not be read; their slices were counted anew.
    pub damage: Vec<Damage>,
}

/// Counts what the ledger lacks up to `until`, what is dirty, and the newest slices once more. `progress` is told of the milliseconds
/// that were counted since it was last called.
///
/// # Errors
/// Whatever the store or the disk says; what was put in until then stays.
pub fn upkeep(
    store: &dyn Store,
    slo: &Slo,
    ledger: &mut Ledger,
    until: TimestampMs,
    options: FillOptions,
    progress: &mut dyn FnMut(i64),
) -> Result<Upkeep> {
    let mut done = Upkeep::default();
    let Some(stored) = store.span() else {
        return Ok(done);
    };
    let missing = missing(stored, slo, ledger, until);
    let watermark = ledger.watermark();
    let mut waiting = Waiting::default();
    for piece in missing.into_iter().flat_map(pieces) {
        let filled = fill(store, slo, piece, options.after(piece, watermark))?;
        done.add(piece, &filled);
        progress(length(piece));
        // A series was away, and what it counted meanwhile belongs to slices that were counted without it.
        waiting.away(TimeRange::new(filled.reaches_back_to, piece.start));
        waiting.add(piece, filled.tracks);
        if waiting.rows > ROWS_AT_ONCE {
            waiting.put(ledger)?;
        }
    }
    waiting.put(ledger)?;
    let dirty: Vec<_> = ledger.dirty().iter().flat_map(pieces).collect();
    for piece in dirty {
        let filled = fill(store, slo, piece, options.far_ahead())?;
        done.add(piece, &filled);
        ledger.put(piece, filled.tracks)?;
        progress(length(piece));
    }
    Ok(done)
}

/// Slices that were counted and are not in the ledger yet.
#[derive(Debug, Default)]
struct Waiting {
    span: Option<TimeRange>,
    tracks: Vec<Track>,
    rows: usize,
    dirty: Vec<TimeRange>,
}

impl Waiting {
    fn add(&mut self, piece: TimeRange, tracks: Vec<Track>) {
        self.span = Some(self.span.map_or(piece, |span| span.union(&piece)));
        self.rows += tracks.iter().map(|t| t.slices.grid.len).sum::<usize>();
        self.tracks.extend(tracks);
    }

    fn away(&mut self, span: TimeRange) {
        if !span.is_empty() {
            self.dirty.push(span);
        }
    }

    fn put(&mut self, ledger: &mut Ledger) -> Result<()> {
        let Some(span) = self.span.take() else {
            return Ok(());
        };
        let tracks = std::mem::take(&mut self.tracks);
        ledger.put(span, overlay(tracks, Vec::new(), span))?;
        self.rows = 0;
        let dirty = self.dirty.drain(..);
        dirty
            .into_iter()
            .try_for_each(|span| ledger.mark_dirty(span))
    }
}

/// How much there is to count, in milliseconds, for a progress bar.
pub fn to_count(store: &dyn Store, slo: &Slo, ledger: &Ledger, until: TimestampMs) -> i64 {
    let missing = store
        .span()
        .and_then(|stored| missing(stored, slo, ledger, until));
    ledger.dirty().iter().chain(missing).map(length).sum()
}

/// The slices of `span`: those of the ledger, and what it lacks counted from the store, without writing anything.
///
/// # Errors
/// Whatever the store or the disk says.
pub fn known(
    store: &dyn Store,
    slo: &Slo,
    ledger: Option<&Ledger>,
    span: TimeRange,
    options: FillOptions,
) -> Result<Known> {
    let mut known = Known::default();
    let mut lacking = vec![span];
    let watermark = ledger.and_then(Ledger::watermark);
    if let Some((ledger, there)) = ledger.and_then(|ledger| Some((ledger, ledger.span()?))) {
        let loaded = ledger.load(span)?;
        known.tracks = loaded.tracks;
        lacking = vec![
            TimeRange::new(span.start, span.end.min(there.start)),
            TimeRange::new(span.start.max(there.end - RECENT_MS), span.end),
        ];
        lacking.extend(ledger.dirty().iter().map(|dirty| dirty.intersection(&span)));
        lacking.extend(
            loaded
                .damage
                .iter()
                .map(|damage| damage.span.intersection(&span)),
        );
        known.damage = loaded.damage;
    }
    let stored = store.span().unwrap_or(TimeRange::new(0, 0));
    let all = aligned(span.intersection(&stored), slo.slice_ms);
    for lacking in lacking {
        for piece in pieces(aligned(lacking.intersection(&stored), slo.slice_ms)) {
            let filled = fill(store, slo, piece, options.after(piece, watermark))?;
            let layer = |span, tracks| vec![Layer { span, tracks }];
            known.tracks = overlay(known.tracks, layer(piece, filled.tracks), all);
            // As in upkeep: a series was away.
            let before = TimeRange::new(filled.reaches_back_to, piece.start);
            for piece in pieces(aligned(before.intersection(&all), slo.slice_ms)) {
                let filled = fill(store, slo, piece, options.far_ahead())?;
                known.tracks = overlay(known.tracks, layer(piece, filled.tracks), all);
            }
        }
    }
    Ok(known)
}

/// The span after what the ledger has, or all that is stored.
fn missing(stored: TimeRange, slo: &Slo, ledger: &Ledger, until: TimestampMs) -> Option<TimeRange> {
    let end = until.div_euclid(slo.slice_ms) * slo.slice_ms;
    let start = match ledger.span() {
        Some(known) => known.start.max(known.end - RECENT_MS),
        None => stored.start,
    };
    let span = aligned(TimeRange::new(start, end.max(start)), slo.slice_ms);
    let is_longer = ledger
        .watermark()
        .is_none_or(|watermark| span.end > watermark);
    (is_longer && !span.is_empty()).then_some(span)
}

impl FillOptions {
    /// For a piece that begins where slices were counted up to `watermark`.
    fn after(self, piece: TimeRange, watermark: Option<TimestampMs>) -> Self {
        let known_ms = watermark
            .filter(|watermark| piece.start < *watermark)
            .map_or(self.ahead_ms, |watermark| watermark - LATE_MS - piece.start);
        Self { known_ms, ..self }
    }
}

fn length(span: TimeRange) -> i64 {
    span.end - span.start
}

fn aligned(span: TimeRange, step: i64) -> TimeRange {
    match span.is_empty() {
        true => span,
        false => crate::count::Grid::over(span, step).range(),
    }
}

/// A span cut where blocks are cut.
fn pieces(span: TimeRange) -> impl Iterator<Item = TimeRange> {
    let mut start = span.start;
    std::iter::from_fn(move || {
        let end = (start.div_euclid(PIECE_MS) + 1).saturating_mul(PIECE_MS);
        let piece = TimeRange::new(start, end.min(span.end));
        start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests;
