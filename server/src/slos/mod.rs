//! SLOs over this store: their ledgers, kept beside the blocks, and what is told of them.
//!
//! [`Slos`] is what the rest of the server sees. A *round* (`keeper.rs`) brings each ledger up to date, makes books of them, reads the
//! conditions of policies, and writes what came of it as series; alerts are rules over these (`plan.rs`).

mod ask;
mod books;
mod conditions;
mod flags;
mod incidents;
mod keeper;
mod kept;
mod known;
mod ledgers;
mod lints;
mod made;
mod metrics;
mod plan;
mod publish;
mod replay;
mod replayed;
mod shelf;
mod standing;
mod store;
mod tables;
#[cfg(test)]
mod testing;
mod what_if;
mod window;

use std::sync::Arc;

use narthex_engine::Engine;
use narthex_model::{Error, ErrorKind, Reading, Result};
use narthex_promql::ParseOptions;
use narthex_slo::budget::Book;
use narthex_slo::report::{Asked, Report};
use narthex_slo::spec::no_such;
use narthex_sql::Database;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

pub(crate) use ask::Ask;
pub(crate) use books::{Opened, Progress, books};
pub(crate) use flags::SloFlags;
pub(crate) use incidents::incidents;
pub(crate) use known::{Books, Known};
pub(crate) use lints::lints_of_data;
pub(crate) use made::{damaged, made, told_until};
pub(crate) use plan::{Plan, together};
pub(crate) use replay::{Candidate, Replay};
pub(crate) use replayed::Replayed;
pub(crate) use shelf::Shelf;
pub(crate) use standing::standing;
pub(crate) use store::EngineStore;
pub(crate) use what_if::{Looked, WhatIf};
pub(crate) use window::window;

use crate::flags::ServeFlags;
use crate::queries::QueryPool;
use crate::serve::blocking;
use ask::OpenLedgers;
use keeper::Keeping;

/// The SLOs of a server.
pub(crate) struct Slos {
    flags: SloFlags,
    language: ParseOptions,
    /// `None`: there are none.
    keeping: Option<Arc<Keeping>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Slos {
    /// Nothing is kept before [`Slos::apply`].
    ///
    /// # Errors
    /// `Invalid` if SLOs are given to a server that only reads, `Unavailable` if another process keeps the ledgers or the folder cannot be written to.
    pub(crate) fn open(
        flags: &ServeFlags,
        engine: Arc<Engine>,
        database: &Arc<Database>,
        queries: &QueryPool,
    ) -> Result<Self> {
        let slo = flags.slo.clone();
        let mut keeping = None;
        if !slo.files.is_empty() {
            if flags.storage.read_only {
                return Err(Error::invalid(
                    "--slo.files needs a data folder to keep ledgers in: a server with --read-only keeps none; use `narthex slo report` there",
                ));
            }
            let shelf = Shelf::open(&flags.storage_path);
            shelf.check()?;
            let (slo, queries) = (slo.clone(), queries.handle());
            let new = Keeping::new(shelf, slo, engine, database.clone(), queries);
            let new = Arc::new(new);
            database.bring_tables(tables::all(&new));
            keeping = Some(new);
        }
        Ok(Self {
            flags: slo,
            language: flags.language(),
            keeping,
            task: Mutex::default(),
        })
    }

    /// Reads the specs; nothing changes yet.
    ///
    /// # Errors
    /// Every mistake with file, line and field.
    pub(crate) async fn read(&self) -> Result<Plan> {
        let (flags, language) = (self.flags.clone(), self.language);
        blocking(move || Plan::read(&flags, language)).await
    }

    /// Goes over to `plan`. Ledgers of SLOs that are gone stay on the disk.
    ///
    /// # Errors
    /// None but a mistake of ours.
    pub(crate) async fn apply(&self, plan: Plan) -> Result<()> {
        let Some(keeping) = self.keeping.clone() else {
            return Ok(());
        };
        let changed = keeping.clone();
        let change = move || {
            changed.apply(plan.slos, plan.notes);
            Ok(())
        };
        blocking(change).await?;
        self.task
            .lock()
            .get_or_insert_with(|| tokio::spawn(keeping.run()));
        Ok(())
    }

    /// What is known since the last round.
    pub(crate) fn books(&self) -> Arc<Books> {
        let books = self.keeping.as_ref().map(|keeping| keeping.books());
        books.unwrap_or_default()
    }

    /// Asks the ledgers themselves, of all that they know, on a thread of its own.
    ///
    /// # Errors
    /// Whatever the disk says; `NotFound` if there is no such SLO.
    pub(crate) async fn report(&self, ask: Ask) -> Result<Report> {
        let keeping = self.keeping()?;
        blocking(move || ask.report(&keeping)).await
    }

    /// The books of all that the ledgers of these SLOs have, or those of all SLOs, with the windows and exclusions that are asked for.
    ///
    /// # Errors
    /// As [`Slos::report`].
    pub(crate) async fn ledgers(&self, ids: Vec<String>, shown: Asked) -> Result<Vec<Arc<Book>>> {
        let keeping = self.keeping()?;
        let open = blocking(move || OpenLedgers::open(&keeping, &ids, &shown)).await?;
        Ok(open.books.into_iter().map(|open| open.book).collect())
    }

    fn keeping(&self) -> Result<Arc<Keeping>> {
        self.keeping.clone().ok_or_else(none_kept)
    }

    /// There is no SLO with that id.
    pub(crate) fn unknown(&self, id: &str) -> Error {
        match self.keeping {
            Some(_) => {
                let books = self.books();
                let ids = books.all.iter().map(|known| &*known.placed.slo.id);
                no_such(id, &ids.collect::<Vec<_>>())
            }
            None => none_kept(),
        }
    }

    /// What the keeping tells of itself.
    pub(crate) fn readings(&self) -> Vec<Reading> {
        let readings = self.keeping.as_ref().map(|keeping| keeping.readings());
        readings.unwrap_or_default()
    }

    /// Ends the rounds, after the one under way.
    pub(crate) async fn stop(&self) {
        let Some(keeping) = &self.keeping else {
            return;
        };
        keeping.stop();
        let task = self.task.lock().take();
        if let Some(task) = task {
            // A round that panicked has been told of.
            let _ = task.await;
        }
        keeping.idle().await;
    }
}

fn none_kept() -> Error {
    let message = "this server keeps no SLOs: start it with --slo.files";
    Error::new(ErrorKind::NotFound, message)
}
