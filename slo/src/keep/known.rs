//! What is known of an SLO, without writing anything.

use narthex_model::{Result, TimeRange, TimestampMs};

use super::changes;
use super::stretch::{Stretch, Work};
use super::{Beside, RECENT_MS, aligned, older, oldest, together};
use crate::fill::FillOptions;
use crate::ledger::{Damage, Layer, Ledger, Spans, Track, overlay};
use crate::spec::Slo;
use crate::store::Store;

/// What is known of an SLO.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// The slices of each group, sorted by group.
    pub tracks: Vec<Track>,
    /// Files of the ledger that could not be read; their slices were counted anew.
    pub damage: Vec<Damage>,
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
    let stored = store.span().unwrap_or(TimeRange::new(0, 0));
    let all = TimeRange::new(oldest(stored, slo, span.end), stored.end);
    let mut counting = Counting {
        work: Work {
            store,
            slo,
            options,
        },
        all: aligned(span.intersection(&all), slo.slice_ms),
        stored,
        watermark: ledger.and_then(Ledger::watermark),
        layers: Vec::new(),
    };
    let (mut known, mut lacking) = (Known::default(), Spans::from_iter([counting.all]));
    if let Some(ledger) = ledger.filter(|ledger| ledger.span().is_some()) {
        let loaded = ledger.load(span)?;
        (known.tracks, known.damage) = (loaded.tracks, loaded.damage);
        lacking = counting.lacking(ledger, &known.damage);
    }
    // As in upkeep: what a series counted while it was away.
    let watermark = counting.watermark;
    let anew = |span| Stretch::anew(span, watermark);
    let beside = counting.count(&lacking, &anew)?;
    counting.count(&beside.before, &|span| Stretch::reached(span, watermark))?;
    counting.count(&beside.after, &Stretch::after_those)?;
    known.tracks = counting.over(known.tracks);
    Ok(known)
}

/// What is counted besides what a ledger has.
struct Counting<'a> {
    work: Work<'a>,
    /// The slices that are asked for and may be counted.
    all: TimeRange,
    stored: TimeRange,
    watermark: Option<TimestampMs>,
    layers: Vec<Layer>,
}

impl Counting<'_> {
    /// What a ledger lacks.
    fn lacking(&self, ledger: &Ledger, damage: &[Damage]) -> Spans {
        let Work { store, slo, .. } = self.work;
        let newest = ledger
            .watermark()
            .map(|end| TimeRange::new(end - RECENT_MS, i64::MAX));
        let mut lacking = changes::dirty(store, ledger);
        let damaged = damage.iter().map(|damage| damage.span);
        let others = older(self.stored, slo, ledger)
            .into_iter()
            .chain(newest)
            .chain(damaged);
        others.for_each(|span| lacking.insert(span));
        self.asked(lacking.iter())
    }

    /// The slices of spans that are asked for.
    fn asked(&self, spans: impl Iterator<Item = TimeRange>) -> Spans {
        let within = spans.map(|span| span.intersection(&self.all));
        within
            .map(|span| aligned(span, self.work.slo.slice_ms))
            .collect()
    }

    /// Counts spans above all that was counted before. Gives what is to be counted again beside them.
    fn count(&mut self, spans: &Spans, stretch: &dyn Fn(TimeRange) -> Stretch) -> Result<Beside> {
        let mut beside = Beside::default();
        for span in together(spans, self.stored) {
            let stretch = stretch(span);
            stretch.count(self.work, &mut |filled| {
                beside.before.insert(filled.reached());
                beside.after.insert(stretch.ahead(&filled));
                self.layers.push(Layer {
                    span: filled.span,
                    tracks: filled.tracks,
                });
                Ok(true)
            })?;
        }
        Ok(Beside {
            before: self.asked(beside.before.iter()),
            after: self.asked(beside.after.iter()),
        })
    }

    /// All that was counted over what a ledger has. As that, it begins with the first slice of which anything is known.
    fn over(self, base: Vec<Track>) -> Vec<Track> {
        let counted = self.layers.iter().flat_map(|layer| &layer.tracks);
        let Some(begins) = counted.chain(&base).filter_map(Track::begins).min() else {
            return base;
        };
        let layers = self
            .layers
            .into_iter()
            .filter_map(|layer| layer.since(begins));
        let all = TimeRange::new(begins, begins.max(self.all.end));
        overlay(base, layers.collect(), all)
    }
}
