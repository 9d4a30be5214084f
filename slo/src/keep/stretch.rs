//! A stretch of time that is counted piece by piece.

use narthex_model::{Result, TimeRange, TimestampMs};

use super::LATE_MS;
use crate::fill::{FillOptions, Filled, fill};
use crate::spec::Slo;
use crate::store::Store;

/// So much time is counted at once: a few times as much as the longest blocks hold, since samples next to a piece are read, too, each
/// with its page.
pub(super) const PIECE_MS: i64 = 32 * 86_400_000;

/// What is counted, and how.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) slo: &'a Slo,
    pub(super) options: FillOptions,
}

/// A stretch of time, whole slices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    span: TimeRange,
    /// The slices of the ledger go up to here.
    watermark: Option<TimestampMs>,
    kind: Kind,
}

/// What lies beside a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing after it, as far as is known.
    Newest,
    /// Slices that were counted before, on both sides.
    Anew,
    /// The same, and nobody looks at what its pieces reach back to: each looks ahead for itself.
    Reached,
    /// The same, and those before it were counted with all that is known now.
    Ahead,
}

impl Stretch {
    /// The newest slices.
    pub(super) fn newest(span: TimeRange, watermark: Option<TimestampMs>) -> Self {
        Self {
            span,
            watermark,
            kind: Kind::Newest,
        }
    }

    /// Slices that were counted before, or lie between such.
    pub(super) fn anew(span: TimeRange, watermark: Option<TimestampMs>) -> Self {
        let kind = Kind::Anew;
        Self {
            span,
            watermark,
            kind,
        }
    }

    /// Slices that were counted before, and that others reach back to.
    pub(super) fn reached(span: TimeRange, watermark: Option<TimestampMs>) -> Self {
        let kind = Kind::Reached;
        Self {
            span,
            watermark,
            kind,
        }
    }

    /// Slices that were counted before, after such as were counted anew.
    pub(super) fn after_those(span: TimeRange) -> Self {
        Self {
            span,
            watermark: None,
            kind: Kind::Ahead,
        }
    }

    /// Has it counted in pieces that end where blocks end, as long as `each` says so.
    pub(super) fn count(
        &self,
        work: Work<'_>,
        each: &mut dyn FnMut(Filled) -> Result<bool>,
    ) -> Result<()> {
        let mut rest = self.span;
        while !rest.is_empty() {
            let end = (rest.start.div_euclid(PIECE_MS) + 1).saturating_mul(PIECE_MS);
            let piece = TimeRange::new(rest.start, end.min(rest.end));
            let filled = fill(work.store, work.slo, piece, self.options(work, piece))?;
            rest.start = filled.span.end;
            if !each(filled)? {
                break;
            }
        }
        Ok(())
    }

    /// The slices after a piece, where slices that were counted before end with it, that divide what they divide with others now.
    pub(super) fn ahead(&self, piece: &Filled) -> TimeRange {
        let is_last = piece.span.end >= self.span.end && self.kind == Kind::Anew;
        let known = self.watermark.filter(|_| is_last);
        let known = TimeRange::new(TimestampMs::MIN, known.unwrap_or(TimestampMs::MIN));
        piece.ahead().intersection(&known)
    }

    fn options(&self, work: Work<'_>, piece: TimeRange) -> FillOptions {
        let mut options = work.options;
        if self.kind == Kind::Ahead {
            options.known_ms = i64::MAX;
            return options.far_ahead();
        }
        // The slices before the first piece are those of the ledger, which knew no more than was there then.
        if let Some(watermark) = self.watermark.filter(|watermark| piece.start < *watermark) {
            options.known_ms = options.known_ms.min(watermark - LATE_MS - piece.start);
        }
        // After all others comes a piece that tells of what lies across.
        let is_end = piece.end == self.span.end && self.kind == Kind::Anew;
        if is_end || self.kind == Kind::Reached {
            options = options.far_ahead();
        }
        options
    }
}
