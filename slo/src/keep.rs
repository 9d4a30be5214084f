//! Brings ledgers up to date with the samples that are stored, and reads what is known.

use narthex_model::{Result, TimeRange, TimestampMs};

use crate::count::Grid;
use crate::fill::{FillOptions, Filled, LOOK_BACK_MS};
use crate::ledger::{Ledger, Spans};
use crate::spec::Slo;
use crate::store::Store;

mod changes;
mod known;
mod stretch;
mod waiting;

pub use changes::{note_changed, note_missed};
pub use known::{Known, known};
use stretch::{Stretch, Work};
use waiting::Waiting;

/// The newest slices are counted once more each time, for samples that came a little late.
const RECENT_MS: i64 = 300_000;

/// Samples that are older than this when they come are late: slices that they belong to must be marked as dirty.
pub const LATE_MS: i64 = RECENT_MS / 2;

/// Nothing is counted further back than so many slices, 16 years of minutes: one sample with a time of 1970 would have all since then counted.
const SLICES_MAX: i64 = 1 << 23;

/// All time.
const ANYWHERE: TimeRange = TimeRange {
    start: TimestampMs::MIN,
    end: TimestampMs::MAX,
};

/// How far an upkeep goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// Slices before this time are counted.
    pub until: TimestampMs,
    /// About so much time at most, and as much again where that reaches back to; what is left is for the next upkeep. In milliseconds.
    pub at_most_ms: i64,
}

impl Goal {
    /// All slices before `until`.
    pub fn all(until: TimestampMs) -> Self {
        Self {
            until,
            at_most_ms: i64::MAX,
        }
    }
}

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
    fn add(&mut self, filled: &Filled) {
        self.samples += filled.samples;
        self.counted_ms += length(filled.span);
        self.series = filled.series;
    }
}

/// Counts what the ledger lacks, what is dirty, and the newest slices once more. `progress` is told of the milliseconds that were counted since it
/// was last called.
///
/// # Errors
/// Whatever the store or the disk says; what was put in until then stays.
pub fn upkeep(
    store: &dyn Store,
    slo: &Slo,
    ledger: &mut Ledger,
    goal: Goal,
    options: FillOptions,
    progress: &mut dyn FnMut(i64),
) -> Result<Upkeep> {
    let mut round = Round {
        work: Work {
            store,
            slo,
            options,
        },
        left_ms: goal.at_most_ms,
        progress,
        done: Upkeep::default(),
    };
    let Some(stored) = store.span() else {
        return Ok(round.done);
    };
    let watermark = ledger.watermark();
    let newest = newest(stored, slo, ledger, goal.until);
    if let Some(older) = older(stored, slo, ledger) {
        ledger.extend(older)?;
    }
    let dirty = ledger.dirty().clone();
    let newest = newest.map(|span| Stretch::newest(span, watermark));
    let dirty = together(&dirty, stored).into_iter();
    let dirty = dirty.map(|span| Stretch::anew(span, watermark));
    let mut away = Beside::default();
    for stretch in newest.into_iter().chain(dirty) {
        let reached = round.count(stretch, ANYWHERE, ledger)?;
        away.add(&reached);
    }
    // What those reach back to, and ahead, for which there is as much room again. Not further: series that are seen rarely lie across each
    // other without an end, and what was before is as it was. But what one piece reaches of another lacks it.
    round.left_ms = round.left_ms.max(goal.at_most_ms);
    for span in together(&away.before, stored) {
        round.count(Stretch::reached(span, watermark), span, ledger)?;
    }
    for span in together(&away.after, stored) {
        round.count(Stretch::after_those(span), span, ledger)?;
    }
    if round.left_ms <= 0 {
        ledger.mark_dirty(&away.after)?;
    }
    Ok(round.done)
}

/// Slices beside those that were counted that are to be counted again.
#[derive(Debug, Default)]
struct Beside {
    /// Before them: they lack what was counted there.
    before: Spans,
    /// After them: they divide what they divide with others now.
    after: Spans,
}

impl Beside {
    fn add(&mut self, other: &Self) {
        other
            .before
            .iter()
            .for_each(|span| self.before.insert(span));
        other.after.iter().for_each(|span| self.after.insert(span));
    }
}

/// An upkeep under way.
struct Round<'a> {
    work: Work<'a>,
    left_ms: i64,
    progress: &'a mut dyn FnMut(i64),
    done: Upkeep,
}

impl Round<'_> {
    /// Counts a stretch, as far as there is room for it, and puts it in. Gives what is to be counted again beside it, and of the slices before its
    /// pieces those in `reach`.
    fn count(&mut self, stretch: Stretch, reach: TimeRange, ledger: &mut Ledger) -> Result<Beside> {
        let (mut waiting, mut away) = (Waiting::default(), Beside::default());
        if self.left_ms <= 0 {
            return Ok(away);
        }
        let work = self.work;
        stretch.count(work, &mut |filled| {
            self.done.add(&filled);
            self.left_ms = self.left_ms.saturating_sub(length(filled.span));
            (self.progress)(length(filled.span));
            // A series was away, and what it counted meanwhile belongs to slices that were counted without it.
            let reached = filled.reached().intersection(&reach);
            away.before.insert(reached);
            away.after.insert(stretch.ahead(&filled));
            waiting.add(filled, reached, ledger)?;
            Ok(self.left_ms > 0)
        })?;
        waiting.put(ledger)?;
        Ok(away)
    }
}

/// How much there is to count, in milliseconds.
pub fn to_count(store: &dyn Store, slo: &Slo, ledger: &Ledger, until: TimestampMs) -> i64 {
    let Some(stored) = store.span() else {
        return 0;
    };
    let mut dirty = ledger.dirty().clone();
    if let Some(older) = older(stored, slo, ledger) {
        dirty.insert(older);
    }
    let newest = newest(stored, slo, ledger, until);
    let all = together(&dirty, stored).into_iter().chain(newest);
    all.map(length).sum()
}

/// What there is to count at the end: the span after what the ledger has, or all that is stored.
fn newest(stored: TimeRange, slo: &Slo, ledger: &Ledger, until: TimestampMs) -> Option<TimeRange> {
    let end = until.div_euclid(slo.slice_ms) * slo.slice_ms;
    let start = match ledger.span() {
        Some(known) => known.start.max(known.end - RECENT_MS),
        None => oldest(stored, slo, end),
    };
    let span = aligned(TimeRange::new(start, end.max(start)), slo.slice_ms);
    let is_longer = ledger
        .watermark()
        .is_none_or(|watermark| span.end > watermark);
    (is_longer && !span.is_empty()).then_some(span)
}

/// What is to be counted since older samples came in than the ledger knew of: as long as it is looked back, the first slices that it has may
/// be others now, too.
fn older(stored: TimeRange, slo: &Slo, ledger: &Ledger) -> Option<TimeRange> {
    let known = ledger.span()?;
    let start = oldest(stored, slo, known.end);
    let lacks = aligned(TimeRange::new(start, known.start), slo.slice_ms);
    let end = known.end.min(known.start.saturating_add(LOOK_BACK_MS));
    (!lacks.is_empty()).then(|| TimeRange::new(lacks.start, end))
}

/// Since when slices up to `end` are counted.
fn oldest(stored: TimeRange, slo: &Slo, end: TimestampMs) -> TimestampMs {
    let first = end.saturating_sub(slo.slice_ms.saturating_mul(SLICES_MAX));
    stored.start.max(first)
}

/// Spans that are so near that counting them together takes no longer, as one. What lies between is counted again, so there must be samples of it.
fn together(spans: &Spans, stored: TimeRange) -> Vec<TimeRange> {
    let mut all: Vec<TimeRange> = Vec::new();
    for span in spans.iter() {
        match all.last_mut() {
            Some(last) if last.end >= stored.start && span.start - last.end <= LOOK_BACK_MS => {
                last.end = span.end;
            }
            _ => all.push(span),
        }
    }
    all
}

fn length(span: TimeRange) -> i64 {
    span.end - span.start
}

fn aligned(span: TimeRange, step: i64) -> TimeRange {
    match span.is_empty() {
        true => span,
        false => Grid::over(span, step).range(),
    }
}

#[cfg(test)]
mod tests;
