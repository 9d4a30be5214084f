//! Books of SLOs as they are and as they will be: slices that both have are counted once.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Error, Result, TimeRange};
use narthex_slo::budget::{Book, OpenBook, OpenBooks};
use narthex_slo::fill::FillOptions;
use narthex_slo::generation::{Generation, generation};
use narthex_slo::keep::known;
use narthex_slo::ledger::Track;
use narthex_slo::spec::Slo;

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
    pub(super) fn book(&mut self, slos: &[Slo], id: &str) -> Result<Option<Arc<Book>>> {
        if !slos.iter().any(|slo| slo.id == id) {
            return Ok(None);
        }
        let own = |slo: &Slo| {
            let about = |e: Error| e.context(format!("SLO {}", slo.id));
            let counted_until = self.span.end;
            let book = Book::open(slo, self.tracks(slo).map_err(about)?)?;
            Ok(OpenBook {
                book: Arc::new(book),
                counted_until,
            })
        };
        let open = OpenBooks::new(slos, own).open(id)?;
        Ok(Some(open.book))
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
