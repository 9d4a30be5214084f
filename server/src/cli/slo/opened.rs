//! SLOs with their slices, straight from a data folder or a bucket.

use std::path::Path;
use std::sync::Arc;

use narthex_importer::Progress as _;
use narthex_model::{Error, Result, TimestampMs};
use narthex_slo::fill::FillOptions;
use narthex_slo::report::Asked;
use narthex_slo::spec::{Slo, no_such};
use narthex_slo::store::Store;
use tokio::runtime::Handle;

use super::specs::SpecArguments;
use crate::cli::progress::{Bar, share_bar};
use crate::cli::source::open_store;
use crate::slos::{EngineStore, Opened, Progress, Shelf, books, damaged, told_until};
use crate::times::now_ms;

/// Which SLOs are wanted, of which store.
pub(super) struct Wanted<'a> {
    pub(super) specs: &'a SpecArguments,
    pub(super) store: &'a Path,
    /// Their ids; none: all.
    pub(super) ids: &'a [String],
    /// What is told of them.
    pub(super) shown: Asked,
    /// The instant that is told of; `None`: the newest sample.
    pub(super) at: Option<TimestampMs>,
    /// Whether what is counted has to be kept.
    pub(super) keeps: bool,
}

/// SLOs with their slices.
pub(super) struct Read {
    pub(super) slos: Vec<Opened>,
    /// The instant that is told of.
    pub(super) at: TimestampMs,
    /// What could not be kept of specs of other formats, and what of ledgers could not be read.
    pub(super) notes: Vec<String>,
}

impl Wanted<'_> {
    /// Reads specs, and brings their slices up to date.
    ///
    /// # Errors
    /// Every mistake of the specs, a line each; whatever the store says.
    pub(super) async fn read(self) -> Result<Read> {
        let specs = self.specs.read()?;
        let slos = specs.slos.iter().map(|placed| self.shown.slo(&placed.slo));
        let needed = needed(slos.collect(), self.ids)?;
        let is_wanted = |slo: &Slo| self.ids.is_empty() || self.ids.contains(&slo.id);
        self.shown
            .check(needed.iter().filter(|slo| is_wanted(slo)))?;
        let (engine, database) = open_store(self.store)?;
        let store = EngineStore::new(engine.snapshot(), Arc::new(database), Handle::current());
        let (at, too_late) = self.instant(&store);
        let shelf = Shelf::open(self.store);
        if self.keeps {
            shelf.check()?;
        }
        let shown = self.shown;
        let work = move || {
            let bar = CountBar(Bar::new(share_bar("slices")));
            let until = (at, FillOptions::threads(threads()));
            books(&store, &shelf, &needed, &shown, until, &bar)
        };
        let done = tokio::task::spawn_blocking(work).await;
        let mut slos =
            done.map_err(|e| Error::internal("counting ended early").with_source(e))??;
        let mut notes = specs.notes;
        notes.extend(too_late);
        for Opened { book, damage } in &slos {
            notes.extend(damaged(book.slo(), damage));
        }
        slos.retain(|opened| is_wanted(opened.book.slo()));
        Ok(Read { slos, at, notes })
    }
}

impl Wanted<'_> {
    /// The instant that is told of, and what is to be said of it. What is yet to come cannot be counted, nor must a ledger believe that it was.
    fn instant(&self, store: &dyn Store) -> (TimestampMs, Option<String>) {
        let newest = store.span().map(|span| span.end);
        let last = newest.map_or_else(now_ms, |newest| newest.max(now_ms()));
        match self.at {
            None => (newest.unwrap_or(0), None),
            Some(at) if at <= last => (at, None),
            Some(at) => (last, Some(told_until("all", at, last))),
        }
    }
}

/// Those with these ids, and the parts that they are made of; of no ids, all.
fn needed(mut slos: Vec<Slo>, ids: &[String]) -> Result<Vec<Slo>> {
    let all: Vec<&str> = slos.iter().map(|slo| slo.id.as_str()).collect();
    if let Some(id) = ids.iter().find(|id| !all.contains(&id.as_str())) {
        return Err(Error::invalid(no_such(id, &all).to_string()));
    }
    if ids.is_empty() {
        return Ok(slos);
    }
    let mut needed = ids.to_vec();
    let mut next = 0;
    while let Some(id) = needed.get(next).cloned() {
        next += 1;
        let parts = slos.iter().filter(|slo| slo.id == id);
        for part in parts.flat_map(Slo::parts) {
            if !needed.contains(&part.slo) {
                needed.push(part.slo.clone());
            }
        }
    }
    slos.retain(|slo| needed.contains(&slo.id));
    Ok(slos)
}

struct CountBar(Bar);

impl Progress for CountBar {
    fn begin(&self, total: u64) {
        self.0.begin(total);
    }

    fn reach(&self, done: u64) {
        self.0.reach(done);
    }
}

/// Threads that read.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
