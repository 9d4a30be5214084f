//! Slices that were counted and are not in the ledger yet.

use narthex_model::{Result, TimeRange};

use crate::fill::Filled;
use crate::ledger::{Ledger, Spans, Track, overlay};

/// A ledger is written in steps of so many rows, since each step costs a few syncs, and often a merge with the file before.
const ROWS_AT_ONCE: usize = 1 << 20;

/// Slices that were counted and are not in the ledger yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    span: Option<TimeRange>,
    tracks: Vec<Track>,
    rows: usize,
    dirty: Spans,
}

impl Waiting {
    /// Adds what was counted in the piece after the one before, and puts it in with all others if it is much. The slices of `reached` lack some of it.
    pub(super) fn add(
        &mut self,
        filled: Filled,
        reached: TimeRange,
        ledger: &mut Ledger,
    ) -> Result<()> {
        // Long times without anything take no memory.
        if self.tracks.is_empty() != filled.tracks.is_empty() {
            self.put(ledger)?;
        }
        self.dirty.insert(reached);
        let piece = filled.span;
        self.span = Some(self.span.map_or(piece, |span| span.union(&piece)));
        let rows = filled.tracks.iter().map(|t| t.slices.grid.len);
        self.rows += rows.sum::<usize>();
        self.tracks.extend(filled.tracks);
        if self.rows > ROWS_AT_ONCE {
            self.put(ledger)?;
        }
        Ok(())
    }

    /// Puts all in.
    pub(super) fn put(&mut self, ledger: &mut Ledger) -> Result<()> {
        let Some(span) = self.span.take() else {
            return Ok(());
        };
        let tracks = std::mem::take(&mut self.tracks);
        let dirty = std::mem::take(&mut self.dirty);
        self.rows = 0;
        ledger.put_and_mark(span, overlay(tracks, Vec::new(), span), &dirty)
    }
}
