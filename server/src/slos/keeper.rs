//! The rounds: every ledger is brought up to date, results are swapped in and written.

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
use super::kept::Kept;
use super::known::{Books, assemble};
use super::ledgers::Ledgers;
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
    /// The threads of queries.
    queries: Handle,
    kept: Mutex<Arc<Vec<Arc<Kept>>>>,
    ledgers: Mutex<Ledgers>,
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
        queries: Handle,
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
            queries,
            kept: Mutex::default(),
            ledgers: Mutex::default(),
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

    /// Keeps these SLOs from now on. Ledgers whose slices mean the same go on. May take long: books are made.
    pub(super) fn apply(&self, slos: Vec<Placed>, notes: Vec<String>) {
        *self.notes.lock() = notes;
        let mut ledgers = self.ledgers.lock();
        let new = ledgers.taken_over(slos, &self.kept(), &self.shelf);
        drop(ledgers);
        // They are listed at once, even if nothing is known of them yet.
        let books = assemble(&new, now_ms(), &mut self.conditions.lock());
        let mut kept = self.kept.lock();
        *kept = Arc::new(new);
        *self.books.lock() = Arc::new(books);
        drop(kept);
        self.wake.notify_one();
    }

    /// Runs rounds until it is told to stop.
    pub(super) async fn run(self: Arc<Self>) {
        let publisher = Publisher::new(self.flags.publish.clone());
        let publisher = Arc::new(Mutex::new(publisher));
        while !self.stopping.load(Ordering::SeqCst) {
            let began = Instant::now();
            let (keeping, telling) = (self.clone(), publisher.clone());
            let round = move || {
                let (books, at) = keeping.round();
                telling.lock().batch(&books, at)
            };
            match tokio::task::spawn_blocking(round).await {
                Ok(batch) => {
                    let sink: &dyn Sink = &*self.engine;
                    match sink.write(batch).await {
                        Ok(_) => publisher.lock().stored(),
                        Err(error) => tracing::warn!(%error, "what came of SLOs is not stored"),
                    }
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
            let filling = Filling(self.clone());
            tokio::task::spawn_blocking(move || filling.0.fill());
        }
        let books = Arc::new(assemble(&kept, now, &mut self.conditions.lock()));
        // Others may be kept by now: then the next round is not far.
        let still = self.kept.lock();
        if Arc::ptr_eq(&kept, &still) {
            *self.books.lock() = books.clone();
        }
        drop(still);
        (books, now)
    }

    /// Counts what is much, one SLO after the other.
    fn fill(&self) {
        let (now, mut done) = (now_ms(), false);
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
                done |= one.fill(self, now, &goes_on);
            }
        }
        // Where nothing came of it, the next attempt can wait for its turn.
        if done {
            self.wake.notify_one();
        }
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

/// Somebody counts what is much, until this is dropped, be it by a panic.
struct Filling(Arc<Keeping>);

impl Drop for Filling {
    fn drop(&mut self) {
        self.0.filling.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
