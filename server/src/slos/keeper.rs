//! The rounds: every ledger is brought up to date, results are swapped in and written.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use narthex_engine::Engine;
use narthex_model::{Sink, TimestampMs};
use narthex_slo::Placed;
use narthex_slo::keep::LATE_MS;
use narthex_sql::Database;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::conditions::Conditions;
use super::kept::{Kept, LedgerCell};
use super::known::{Books, assemble};
use super::metrics::KeeperMetrics;
use super::publish::Publisher;
use super::{EngineStore, Shelf, SloFlags};
use crate::times::now_ms;

/// What keeps ledgers up to date.
pub(super) struct Keeping {
    pub(super) shelf: Shelf,
    pub(super) flags: SloFlags,
    pub(super) metrics: KeeperMetrics,
    /// Threads that count at the same time.
    pub(super) threads: usize,
    engine: Arc<Engine>,
    database: Arc<Database>,
    queries: Handle,
    kept: Mutex<Arc<Vec<Arc<Kept>>>>,
    /// What could not be kept of specs of other formats.
    notes: Mutex<Vec<String>>,
    books: Mutex<Arc<Books>>,
    conditions: Mutex<Conditions>,
    /// Whether somebody counts what is much.
    filling: AtomicBool,
    stopping: AtomicBool,
    wake: Notify,
}

impl Keeping {
    pub(super) fn new(
        shelf: Shelf,
        flags: SloFlags,
        engine: Arc<Engine>,
        database: Arc<Database>,
    ) -> Self {
        engine.watch_late(LATE_MS);
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            shelf,
            flags,
            metrics: KeeperMetrics::default(),
            threads: cores.div_ceil(2),
            engine,
            database,
            queries: Handle::current(),
            kept: Mutex::default(),
            notes: Mutex::default(),
            books: Mutex::default(),
            conditions: Mutex::default(),
            filling: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            wake: Notify::new(),
        }
    }

    /// The store as it is now.
    pub(super) fn store(&self) -> EngineStore {
        EngineStore::new(
            self.engine.snapshot(),
            self.database.clone(),
            self.queries.clone(),
        )
    }

    /// The SLOs, as they are kept.
    pub(super) fn kept(&self) -> Arc<Vec<Arc<Kept>>> {
        self.kept.lock().clone()
    }

    /// What could not be kept of specs of other formats.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().clone()
    }

    /// What is known since the last round.
    pub(super) fn books(&self) -> Arc<Books> {
        self.books.lock().clone()
    }

    /// Keeps these SLOs from now on. Ledgers whose slices mean the same go on.
    pub(super) fn apply(&self, slos: Vec<Placed>, notes: Vec<String>) {
        *self.notes.lock() = notes;
        let mut kept = self.kept.lock();
        let cells: HashMap<_, _> = kept
            .iter()
            .map(|old| ((&*old.slo().id, &*old.generation), old.ledger.clone()))
            .collect();
        let new: Vec<_> = slos
            .into_iter()
            .map(|placed| {
                if let Some(same) = kept.iter().find(|old| old.placed == placed) {
                    return same.clone();
                }
                let fresh = Kept::new(placed, Arc::<LedgerCell>::default());
                let same = cells.get(&(&*fresh.slo().id, &*fresh.generation));
                Arc::new(match same.cloned() {
                    Some(cell) => Kept::new(fresh.placed, cell),
                    None => fresh,
                })
            })
            .collect();
        drop(cells);
        // They are listed at once, even if nothing is known of them yet.
        let books = assemble(&new, now_ms(), &mut self.conditions.lock());
        *self.books.lock() = Arc::new(books);
        *kept = Arc::new(new);
        drop(kept);
        self.wake.notify_one();
    }

    /// Runs rounds until it is told to stop.
    pub(super) async fn run(self: Arc<Self>) {
        let mut publisher = Publisher::new(self.flags.publish.clone());
        while !self.stopping.load(Ordering::SeqCst) {
            let began = Instant::now();
            let keeping = self.clone();
            match tokio::task::spawn_blocking(move || keeping.round()).await {
                Ok((books, at)) => {
                    let batch = publisher.batch(&books, at);
                    let sink: &dyn Sink = &*self.engine;
                    if let Err(error) = sink.write(batch).await {
                        tracing::warn!(%error, "what came of SLOs is not stored");
                    }
                    *self.books.lock() = books;
                    self.metrics.round(began.elapsed());
                }
                Err(error) => tracing::error!(%error, "a round of SLOs ended early"),
            }
            let rest = self.flags.interval().saturating_sub(began.elapsed());
            // A change of the specs, or the end, need not wait.
            let _ = tokio::time::timeout(rest, self.wake.notified()).await;
        }
    }

    /// Ends the rounds, after the one under way.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }

    pub(super) fn round(self: &Arc<Self>) -> (Arc<Books>, TimestampMs) {
        // In this order: what is noted as changed is seen by a snapshot that is taken later.
        let late = self.engine.take_late();
        self.metrics.late(late.len());
        let now = now_ms();
        let store = self.store();
        let kept = self.kept.lock().clone();
        let mut much = false;
        for one in kept.iter().filter(|one| !one.is_composite()) {
            one.add_late(&late);
        }
        for one in kept.iter().filter(|one| !one.is_composite()) {
            if self.stopping.load(Ordering::SeqCst) {
                break;
            }
            much |= one.keep(self, &store, now);
        }
        if much && !self.filling.swap(true, Ordering::SeqCst) {
            let keeping = self.clone();
            tokio::task::spawn_blocking(move || keeping.fill());
        }
        let books = assemble(&kept, now, &mut self.conditions.lock());
        (Arc::new(books), now)
    }

    /// Counts what is much, one SLO after the other.
    fn fill(self: Arc<Self>) {
        let now = now_ms();
        let kept = self.kept.lock().clone();
        for one in kept.iter().filter(|one| one.progress() < 1.0) {
            let goes_on = || {
                let is_kept = self
                    .kept
                    .lock()
                    .iter()
                    .any(|other| Arc::ptr_eq(&other.ledger, &one.ledger));
                is_kept && !self.stopping.load(Ordering::SeqCst)
            };
            if goes_on() {
                one.fill(&self, now, &goes_on);
            }
        }
        self.filling.store(false, Ordering::SeqCst);
        self.wake.notify_one();
    }

    /// Waits until nobody counts.
    pub(super) async fn idle(&self) {
        while self.filling.load(Ordering::SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// What is told of the keeping itself.
    pub(super) fn readings(&self) -> Vec<narthex_model::Reading> {
        let mut readings = self.metrics.readings();
        for one in self.kept.lock().iter() {
            readings.extend(super::metrics::of_ledger(one));
        }
        readings
    }
}

#[cfg(test)]
mod tests;
