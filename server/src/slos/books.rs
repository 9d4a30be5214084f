//! SLOs with their slices, ready to be asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::budget::{Book, OpenBook, OpenBooks};
use narthex_slo::fill::FillOptions;
use narthex_slo::keep::{Goal, known, note_missed, to_count, upkeep};
use narthex_slo::ledger::{Damage, Ledger, Track};
use narthex_slo::report::Asked;
use narthex_slo::spec::Slo;
use narthex_slo::store::Store;
use parking_lot::Mutex;

use super::{EngineStore, Shelf};

/// An SLO's book, and what of its ledger could not be read.
pub(crate) struct Opened {
    pub(crate) book: Arc<Book>,
    pub(crate) damage: Vec<Damage>,
}

/// Who is told how far counting is, in milliseconds of the past.
pub(crate) trait Progress: Sync {
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
    let opening = Opening {
        store,
        is_ours: shelf.is_ours(),
        shown,
        until,
        // Where there are enough SLOs, each is counted by one thread.
        options: FillOptions {
            threads: (options.threads / work.len().max(1)).max(1),
            ..options
        },
        progress,
        done: AtomicU64::new(0),
    };
    let mut opened = opening.all(work, options.threads)?;
    let mut damage = HashMap::new();
    let own = |slo: &Slo| {
        let opened = opened.remove(&*slo.id);
        let opened = opened.unwrap_or_else(|| Err(Error::internal("an SLO was not opened")));
        let opened = opened.map_err(|e| e.context(format!("SLO {}", slo.id)))?;
        damage.insert(slo.id.clone(), opened.damage);
        Ok(OpenBook {
            book: opened.book,
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

/// What books are opened with.
struct Opening<'a> {
    store: &'a EngineStore,
    is_ours: bool,
    shown: &'a Asked,
    until: TimestampMs,
    options: FillOptions,
    progress: &'a dyn Progress,
    /// Milliseconds of the past that were counted.
    done: AtomicU64,
}

impl Opening<'_> {
    /// Opens the books of SLOs with these ledgers side by side, on at most so many threads.
    fn all<'s>(
        &self,
        work: Vec<(&'s Slo, Option<Ledger>)>,
        threads: usize,
    ) -> Result<HashMap<&'s str, Result<Opened>>> {
        let threads = threads.clamp(1, work.len().max(1));
        let waiting = Mutex::new(work.into_iter());
        let run = || {
            let mut opened = Vec::new();
            loop {
                let next = waiting.lock().next();
                let Some((slo, ledger)) = next else {
                    return opened;
                };
                opened.push((slo.id.as_str(), self.one(slo, ledger)));
            }
        };
        thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            let panicked = |_| Error::internal("opening an SLO ended in a panic; please report it");
            let opened = running.into_iter().map(|t| t.join().map_err(panicked));
            let opened: Vec<_> = opened.collect::<Result<_>>()?;
            Ok(opened.into_iter().flatten().collect())
        })
    }

    fn one(&self, slo: &Slo, ledger: Option<Ledger>) -> Result<Opened> {
        let mut counted = |ms: i64| {
            let before = self.done.fetch_add(ms.unsigned_abs(), Ordering::Relaxed);
            self.progress.reach(before + ms.unsigned_abs());
        };
        let (ledger, when) = ((ledger, self.is_ours), (self.until, self.options));
        let (tracks, damage) = tracks(self.store, slo, ledger, when, &mut counted)?;
        let book = Arc::new(self.shown.book(slo, &tracks)?);
        Ok(Opened { book, damage })
    }
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
