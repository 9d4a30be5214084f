//! One SLO whose ledger is kept up to date.

use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Instant;

use narthex_model::{Result, TimeRange, TimestampMs};
use narthex_slo::Placed;
use narthex_slo::budget::Book;
use narthex_slo::fill::FillOptions;
use narthex_slo::generation::generation;
use narthex_slo::keep::{Goal, Upkeep, note_changed, note_missed, to_count, upkeep};
use narthex_slo::ledger::{Damage, Ledger, Spans};
use narthex_slo::report::numbers::share;
use narthex_slo::spec::{Slo, Window};
use narthex_slo::store::Store;
use parking_lot::Mutex;

use super::Shelf;
use super::keeper::Keeping;

const DAY_MS: i64 = 86_400_000;

/// So much of the past, in milliseconds, is worth saying that it is not counted yet.
const BEHIND_MS: i64 = 600_000;

/// Whoever has more to count than this is counted apart, so that others need not wait.
const MUCH_MS: i64 = 2 * DAY_MS;

/// So much is counted before it is asked whether to go on.
const STEP_MS: i64 = 8 * DAY_MS;

/// An SLO whose ledger is kept up to date.
pub(super) struct Kept {
    pub(super) placed: Placed,
    pub(super) generation: String,
    pub(super) ledger: Arc<LedgerCell>,
    /// Shared with whoever keeps the same SLO from another place of the specs.
    seen: Arc<Mutex<Seen>>,
}

/// A ledger, which outlives changes of the spec that do not concern it.
#[derive(Default)]
pub(super) struct LedgerCell {
    ledger: Mutex<Option<Ledger>>,
    /// What changed since it was counted.
    late: Mutex<Spans>,
    /// Whether somebody came upon a file that cannot be read.
    is_suspect: AtomicBool,
    /// Milliseconds of slices: how many there are, and how many still have to be counted.
    there_ms: AtomicI64,
    missing_ms: AtomicI64,
    /// Whether it was not told of what changed for a while.
    is_behind: AtomicBool,
}

impl LedgerCell {
    /// What changed was not noted for a while: nobody wanted the SLO.
    pub(super) fn missed_some(&self) {
        self.is_behind.store(true, Ordering::Relaxed);
    }
}

/// What was made of the ledger last.
#[derive(Default, Clone)]
pub(super) struct Seen {
    pub(super) book: Option<Arc<Book>>,
    /// Up to when it was counted.
    pub(super) watermark: Option<TimestampMs>,
    pub(super) error: Option<String>,
    /// Whether the book may be older than the ledger.
    is_old: bool,
}

impl Kept {
    pub(super) fn new(placed: Placed, ledger: Arc<LedgerCell>) -> Self {
        Self {
            generation: generation(&placed.slo).to_string(),
            placed,
            ledger,
            seen: Arc::default(),
        }
    }

    /// The same after another that has the same slices.
    #[must_use]
    pub(super) fn after(self, old: &Self) -> Self {
        let seen = match self.placed.slo == old.placed.slo {
            true => old.seen.clone(),
            false => self.seen,
        };
        Self { seen, ..self }.with(old.ledger.clone())
    }

    /// The same with this ledger.
    #[must_use]
    pub(super) fn with(self, ledger: Arc<LedgerCell>) -> Self {
        Self { ledger, ..self }
    }

    /// Makes a book of what the ledger has, if there is none yet, so that others need not wait until it is up to date.
    pub(super) fn look(&self, shelf: &Shelf) {
        if self.is_composite() || self.seen.lock().book.is_some() {
            return;
        }
        let looked = shelf
            .read(self.slo())
            .and_then(|ledger| ledger.map_or(Ok(None), |ledger| self.book(&ledger)));
        match looked {
            // It may be counted at the same time.
            Ok(Some((book, seen_until, _))) => self.saw(book, seen_until, true),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(slo = self.slo().id, %error, "the ledger cannot be read yet");
            }
        }
    }

    pub(super) fn slo(&self) -> &Slo {
        &self.placed.slo
    }

    /// Whether it is made of others.
    pub(super) fn is_composite(&self) -> bool {
        self.slo().is_composite()
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().clone()
    }

    /// Takes note of times that changed.
    pub(super) fn add_late(&self, spans: &[TimeRange]) {
        let mut late = self.ledger.late.lock();
        spans.iter().for_each(|span| late.insert(*span));
    }

    /// Has all files looked at in the next round: one cannot be read.
    pub(super) fn suspect(&self) {
        self.ledger.is_suspect.store(true, Ordering::Relaxed);
    }

    /// The fraction of all slices that were counted.
    pub(super) fn progress(&self) -> f64 {
        let missing = self.ledger.missing_ms.load(Ordering::Relaxed) as f64;
        let there = self.ledger.there_ms.load(Ordering::Relaxed) as f64;
        if missing > 0.0 {
            there / (there + missing)
        } else {
            1.0
        }
    }

    /// Why not all is told of it, if so.
    pub(super) fn lag(&self) -> Vec<String> {
        let (id, progress) = (&self.slo().id, self.progress());
        // What the next round counts is no news.
        let behind_ms = self.ledger.missing_ms.load(Ordering::Relaxed);
        let missing = (behind_ms >= BEHIND_MS)
            .then(|| format!("{id}: only {} of its past is counted yet", share(progress)));
        let error = self.seen().error;
        let error = error.map(|error| format!("{id}: its ledger is not up to date: {error}"));
        missing.into_iter().chain(error).collect()
    }

    /// Counts what is new, unless that is much or somebody else is at it. Gives whether it was much.
    pub(super) fn keep(&self, keeping: &Keeping, store: &dyn Store, now: TimestampMs) -> bool {
        let Some(mut cell) = self.ledger.ledger.try_lock() else {
            return false;
        };
        match self.try_keep(&mut cell, keeping, store, now) {
            Ok(much) => {
                // What is much is left to others, whose mistake stays until it is done.
                if !much {
                    self.seen.lock().error = None;
                }
                much
            }
            Err(error) => {
                tracing::error!(slo = self.slo().id, %error, "the ledger is not up to date");
                self.seen.lock().error = Some(error.to_string());
                false
            }
        }
    }

    fn try_keep(
        &self,
        cell: &mut Option<Ledger>,
        keeping: &Keeping,
        store: &dyn Store,
        now: TimestampMs,
    ) -> Result<bool> {
        let ledger = self.opened(cell, keeping, store)?;
        self.mark_late(ledger, store)?;
        self.set_suspects_aside(ledger)?;
        let missing = to_count(store, self.slo(), ledger, now);
        self.note(ledger, missing);
        if missing > MUCH_MS {
            return Ok(true);
        }
        let done = upkeep(
            store,
            self.slo(),
            ledger,
            Goal::all(now),
            keeping.options(),
            &mut |_| (),
        )?;
        keeping.metrics.counted(&done);
        self.note(ledger, 0);
        if done.counted_ms > 0 || self.is_out_of_date() {
            self.read(ledger)?;
        }
        Ok(false)
    }

    /// Counts all that is missing, step by step, as long as `goes_on` says so. Gives whether it is done.
    pub(super) fn fill(
        &self,
        keeping: &Keeping,
        now: TimestampMs,
        goes_on: &dyn Fn() -> bool,
    ) -> bool {
        let begun = Instant::now();
        let Some(mut cell) = self.ledger.ledger.try_lock() else {
            return false;
        };
        let mut all = Upkeep::default();
        let filled = self.try_fill(&mut cell, keeping, now, goes_on, &mut all);
        let slo = &self.slo().id;
        match &filled {
            Ok(false) => {}
            Ok(true) => {
                let took_seconds = begun.elapsed().as_secs_f64();
                let samples = all.samples;
                tracing::info!(slo, samples, took_seconds, "slo ledger filled");
            }
            Err(error) => {
                tracing::error!(slo, %error, "the ledger cannot be filled");
                self.seen.lock().error = Some(error.to_string());
            }
        }
        filled.unwrap_or(false)
    }

    /// `false`: it was not to go on.
    fn try_fill(
        &self,
        cell: &mut Option<Ledger>,
        keeping: &Keeping,
        now: TimestampMs,
        goes_on: &dyn Fn() -> bool,
        all: &mut Upkeep,
    ) -> Result<bool> {
        let ledger = self.opened(cell, keeping, &keeping.store())?;
        loop {
            let store = keeping.store();
            let goal = Goal {
                until: now,
                at_most_ms: STEP_MS,
            };
            let done = upkeep(
                &store,
                self.slo(),
                ledger,
                goal,
                keeping.options(),
                &mut |_| (),
            )?;
            keeping.metrics.counted(&done);
            all.samples += done.samples;
            let missing = to_count(&store, self.slo(), ledger, now);
            self.note(ledger, missing);
            if missing == 0 {
                return Ok(true);
            }
            if !goes_on() {
                return Ok(false);
            }
        }
    }

    fn opened<'c>(
        &self,
        cell: &'c mut Option<Ledger>,
        keeping: &Keeping,
        store: &dyn Store,
    ) -> Result<&'c mut Ledger> {
        let ledger = match cell.take() {
            Some(ledger) => ledger,
            None => {
                let ledger = keeping.shelf.own(self.slo())?;
                self.ledger.missed_some();
                ledger
            }
        };
        let ledger = cell.insert(ledger);
        if self.ledger.is_behind.swap(false, Ordering::Relaxed) {
            note_missed(store, ledger).inspect_err(|_| self.ledger.missed_some())?;
        }
        Ok(ledger)
    }

    /// What changed is to be counted anew, as far as there are samples of it still.
    fn mark_late(&self, ledger: &mut Ledger, store: &dyn Store) -> Result<()> {
        let late = std::mem::take(&mut *self.ledger.late.lock());
        let marked = note_changed(store, ledger, late.iter());
        if marked.is_err() {
            self.add_late(&late.iter().collect::<Vec<_>>());
        }
        marked
    }

    /// Looks at all files if one of them cannot be read.
    fn set_suspects_aside(&self, ledger: &mut Ledger) -> Result<()> {
        let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
        match self.ledger.is_suspect.swap(false, Ordering::Relaxed) {
            true => self.set_aside(ledger, &ledger.load(span)?.damage),
            false => Ok(()),
        }
    }

    /// What was in damaged files is dirty then, and counted by the next upkeep.
    fn set_aside(&self, ledger: &mut Ledger, damage: &[Damage]) -> Result<()> {
        for damage in damage {
            tracing::error!(
                slo = self.slo().id,
                file = damage.file,
                reason = damage.reason,
                "a file of the ledger is damaged and is counted anew"
            );
        }
        ledger.set_aside(damage)
    }

    fn note(&self, ledger: &Ledger, missing: i64) {
        let there = ledger.span().map_or(0, |span| span.end - span.start);
        self.ledger.there_ms.store(there, Ordering::Relaxed);
        self.ledger.missing_ms.store(missing, Ordering::Relaxed);
    }

    /// Makes a book of what is recent enough to matter now.
    fn read(&self, ledger: &mut Ledger) -> Result<()> {
        if let Some((book, until, damage)) = self.book(ledger)? {
            self.set_aside(ledger, &damage)?;
            self.saw(book, until, false);
        }
        Ok(())
    }

    /// A book of what is recent enough to matter now, up to when it was counted, and what could not be read.
    fn book(&self, ledger: &Ledger) -> Result<Option<(Book, TimestampMs, Vec<Damage>)>> {
        let Some(span) = ledger.span() else {
            return Ok(None);
        };
        let recent = TimeRange::new(span.end.saturating_sub(matters(self.slo())), span.end);
        let loaded = ledger.load(recent)?;
        let book = Book::open(self.slo(), &loaded.tracks)?;
        Ok(Some((book, span.end, loaded.damage)))
    }

    fn saw(&self, book: Book, until: TimestampMs, is_old: bool) {
        let mut seen = self.seen.lock();
        seen.book = Some(Arc::new(book));
        seen.watermark = Some(until);
        seen.is_old = is_old;
    }

    fn is_out_of_date(&self) -> bool {
        let seen = self.seen.lock();
        seen.is_old || seen.book.is_none()
    }
}

/// So much of the past matters to what is going on: the windows twice, for their burn-downs and the periods before.
fn matters(slo: &Slo) -> i64 {
    let longest = slo.windows.iter().map(Window::nominal_ms).max();
    let twice = longest.unwrap_or(0).max(18 * DAY_MS).saturating_mul(2);
    twice.saturating_add(3 * DAY_MS)
}

impl Keeping {
    /// How counting goes about it.
    fn options(&self) -> FillOptions {
        FillOptions::threads(self.threads)
    }
}

impl Borrow<Slo> for Kept {
    fn borrow(&self) -> &Slo {
        self.slo()
    }
}
