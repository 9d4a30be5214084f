//! SLOs with their slices, ready to be asked.

use std::collections::HashMap;

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::budget::Book;
use narthex_slo::fill::FillOptions;
use narthex_slo::keep::{known, to_count, upkeep};
use narthex_slo::ledger::{Damage, Ledger};
use narthex_slo::spec::{Indicator, Slo};
use narthex_slo::store::Store;

use super::{EngineStore, Shelf};

/// An SLO's book, and what of its ledger could not be read.
pub(crate) struct Opened {
    pub(crate) book: Book,
    pub(crate) damage: Vec<Damage>,
}

/// Who is told how far counting is, in milliseconds of the past.
pub(crate) trait Progress {
    /// How much there is.
    fn begin(&self, total: u64);
    /// How much is done.
    fn reach(&self, done: u64);
}

/// The books of SLOs, in their order, of all that is stored before `until`. Ledgers that are ours are brought up to date first; otherwise
/// what they lack is counted without being kept.
///
/// # Errors
/// Whatever the store or the disk says; `Invalid` for a composite of parts that are not among `slos`.
pub(crate) fn books(
    store: &EngineStore,
    shelf: &Shelf,
    slos: &[Slo],
    until: TimestampMs,
    options: FillOptions,
    progress: &dyn Progress,
) -> Result<Vec<Opened>> {
    let mut work = Vec::new();
    for slo in slos.iter().filter(|slo| !is_composite(slo)) {
        let ledger = match shelf.is_ours() {
            true => Some(shelf.own(slo)?),
            false => shelf.read(slo)?,
        };
        work.push((slo, ledger));
    }
    let left = work.iter().filter_map(|(slo, ledger)| {
        let ledger = ledger.as_ref()?;
        Some(to_count(store, slo, ledger, until).unsigned_abs())
    });
    progress.begin(left.sum());
    let (mut opened, mut done) = (HashMap::new(), 0);
    for (slo, ledger) in work {
        let mut counted = |ms: i64| {
            done += ms.unsigned_abs();
            progress.reach(done);
        };
        let book = open(store, shelf, slo, ledger, (until, options), &mut counted);
        let book = book.map_err(|e| e.context(format!("SLO {}", slo.id)))?;
        opened.insert(slo.id.as_str(), book);
    }
    compose(slos, &mut opened)?;
    let taken = slos.iter().filter_map(|slo| opened.remove(slo.id.as_str()));
    Ok(taken.collect())
}

fn is_composite(slo: &Slo) -> bool {
    matches!(slo.indicator, Indicator::Composite { .. })
}

fn open(
    store: &EngineStore,
    shelf: &Shelf,
    slo: &Slo,
    ledger: Option<Ledger>,
    (until, options): (TimestampMs, FillOptions),
    counted: &mut dyn FnMut(i64),
) -> Result<Opened> {
    if let Some(mut ledger) = ledger.filter(|_| shelf.is_ours()) {
        upkeep(store, slo, &mut ledger, until, options, counted)?;
        let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
        let loaded = ledger.load(span.intersection(&TimeRange::new(i64::MIN, until)))?;
        // What cannot be read is counted anew the next time, and is missing from this answer, which says so.
        ledger.set_aside(&loaded.damage)?;
        let book = Book::open(slo, &loaded.tracks)?;
        let damage = loaded.damage;
        return Ok(Opened { book, damage });
    }
    let span = store.span().unwrap_or(TimeRange::new(0, 0));
    let span = TimeRange::new(span.start, span.end.min(until));
    let found = known(store, slo, shelf.read(slo)?.as_ref(), span, options)?;
    Ok(Opened {
        book: Book::open(slo, &found.tracks)?,
        damage: found.damage,
    })
}

/// Makes composites of their parts, which may be composites themselves.
fn compose<'a>(slos: &'a [Slo], opened: &mut HashMap<&'a str, Opened>) -> Result<()> {
    let mut waiting: Vec<&Slo> = slos.iter().filter(|slo| is_composite(slo)).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        for slo in waiting {
            let Indicator::Composite { parts } = &slo.indicator else {
                continue;
            };
            let books: Option<Vec<_>> = parts
                .iter()
                .map(|part| Some((&opened.get(part.slo.as_str())?.book, part.weight)))
                .collect();
            let Some(books) = books else {
                later.push(slo);
                continue;
            };
            let book = Book::composite(slo, &books)?;
            let damage = Vec::new();
            opened.insert(&slo.id, Opened { book, damage });
        }
        if later.len() == before {
            let ids: Vec<_> = later.iter().map(|slo| slo.id.as_str()).collect();
            let message = format!(
                "{}: parts that no spec has, or that are made of each other; give the files of all parts",
                ids.join(", ")
            );
            return Err(Error::invalid(message));
        }
        waiting = later;
    }
    Ok(())
}
