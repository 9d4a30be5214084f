//! Books of SLOs as they are and as they will be: slices that both have are counted once.

use std::collections::BTreeMap;

use narthex_model::{Result, TimeRange};
use narthex_slo::budget::Book;
use narthex_slo::fill::FillOptions;
use narthex_slo::generation::{Generation, generation};
use narthex_slo::keep::known;
use narthex_slo::ledger::Track;
use narthex_slo::spec::{Indicator, Slo};

use crate::cli::slo::opened::threads;
use crate::slos::{EngineStore, Shelf};

/// What was counted so far.
pub(super) struct Counted<'a> {
    store: &'a EngineStore,
    shelf: &'a Shelf,
    span: TimeRange,
    tracks: BTreeMap<Generation, Vec<Track>>,
}

impl<'a> Counted<'a> {
    pub(super) fn new(store: &'a EngineStore, shelf: &'a Shelf, span: TimeRange) -> Self {
        Self {
            store,
            shelf,
            span,
            tracks: BTreeMap::new(),
        }
    }

    /// The book of one of these SLOs; `None`: there is no such one.
    pub(super) fn book(&mut self, slos: &BTreeMap<&str, &Slo>, id: &str) -> Result<Option<Book>> {
        let Some(slo) = slos.get(id) else {
            return Ok(None);
        };
        let Indicator::Composite { parts } = &slo.indicator else {
            let tracks = self.tracks(slo);
            let tracks = tracks.map_err(|e| e.context(format!("SLO {id}")))?;
            return Book::open(slo, tracks).map(Some);
        };
        // Parts are there, and none is a part of itself: otherwise the specs would not have been read.
        let mut books = Vec::new();
        for part in parts {
            let book = self.book(slos, &part.slo)?;
            books.extend(book.map(|book| (book, part.weight)));
        }
        let books: Vec<_> = books.iter().map(|(book, weight)| (book, *weight)).collect();
        Book::composite(slo, &books).map(Some)
    }

    fn tracks(&mut self, slo: &Slo) -> Result<&[Track]> {
        let of = generation(slo);
        if !self.tracks.contains_key(&of) {
            let ledger = self.shelf.read(slo)?;
            let options = FillOptions::threads(threads());
            let found = known(self.store, slo, ledger.as_ref(), self.span, options)?;
            self.tracks.insert(of, found.tracks);
        }
        Ok(self.tracks.get(&of).map_or(&[], Vec::as_slice))
    }
}
