//! SLOs with their slices, ready to be asked.

use std::collections::HashMap;
use std::sync::Arc;

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::budget::{Book, OpenBook, OpenBooks};
use narthex_slo::fill::FillOptions;
use narthex_slo::keep::{Goal, known, note_missed, to_count, upkeep};
use narthex_slo::ledger::{Damage, Ledger, Track};
use narthex_slo::report::Asked;
use narthex_slo::spec::Slo;
use narthex_slo::store::Store;

use super::{EngineStore, Shelf};

/// An SLO's book, and what of its ledger could not be read.
pub(crate) struct Opened {
    pub(crate) book: Arc<Book>,
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
    shown: &Asked,
    (until, options): (TimestampMs, FillOptions),
    progress: &dyn Progress,
) -> Result<Vec<Opened>> {
    let mut work = Vec::new();
    for slo in slos.iter().filter(|slo| !slo.is_composite()) {
        let ledger = match shelf.is_ours() {
            true => {
                let mut ledger = shelf.own(slo)?;
                note_missed(store, &mut ledger)?;
                Some(ledger)
            }
            false => shelf.read(slo)?,
        };
        work.push((slo, ledger));
    }
    let left = work.iter().filter_map(|(slo, ledger)| {
        let ledger = ledger.as_ref()?;
        Some(to_count(store, slo, ledger, until).unsigned_abs())
    });
    progress.begin(left.sum());
    let (mut ledgers, mut damage, mut done) = (HashMap::new(), HashMap::new(), 0);
    ledgers.extend(work.into_iter().map(|(slo, ledger)| (&*slo.id, ledger)));
    let own = |slo: &Slo| {
        let mut counted = |ms: i64| {
            done += ms.unsigned_abs();
            progress.reach(done);
        };
        let ledger = (ledgers.remove(&*slo.id).flatten(), shelf.is_ours());
        let tracks = tracks(store, slo, ledger, (until, options), &mut counted);
        let about = |e: Error| e.context(format!("SLO {}", slo.id));
        let (tracks, lost) = tracks.map_err(about)?;
        damage.insert(slo.id.clone(), lost);
        Ok(OpenBook {
            book: Arc::new(shown.book(slo, &tracks).map_err(about)?),
            counted_until: until,
        })
    };
    let mut open = OpenBooks::new(slos, own);
    let books: Result<Vec<_>> = slos.iter().map(|slo| open.open(&slo.id)).collect();
    let opened = books?.into_iter().map(|OpenBook { book, .. }| Opened {
        damage: damage.remove(&book.slo().id).unwrap_or_default(),
        book,
    });
    Ok(opened.collect())
}

/// The slices of an SLO, and what of its ledger could not be read; the ledger is kept if it is ours.
fn tracks(
    store: &EngineStore,
    slo: &Slo,
    (ledger, is_ours): (Option<Ledger>, bool),
    (until, options): (TimestampMs, FillOptions),
    counted: &mut dyn FnMut(i64),
) -> Result<(Vec<Track>, Vec<Damage>)> {
    match ledger {
        Some(mut ledger) if is_ours => {
            upkeep(store, slo, &mut ledger, Goal::all(until), options, counted)?;
            let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
            let loaded = ledger.load(span.intersection(&TimeRange::new(i64::MIN, until)))?;
            // What cannot be read is counted anew the next time, and is missing from this answer, which says so.
            ledger.set_aside(&loaded.damage)?;
            Ok((loaded.tracks, loaded.damage))
        }
        ledger => {
            let span = store.span().unwrap_or(TimeRange::new(0, 0));
            let span = TimeRange::new(span.start, span.end.min(until));
            let found = known(store, slo, ledger.as_ref(), span, options)?;
            Ok((found.tracks, found.damage))
        }
    }
}
