//! What every request sees: settings, the store once it is open, scraping, the server's own numbers.

use std::sync::{Arc, OnceLock};

use narthex_engine::Engine;
use narthex_ingest::DiscoveryMetrics;
use narthex_model::{Error, Result, TimestampMs};
use narthex_sql::Database;

use crate::config::Configuration;
use crate::flags::Settings;
use crate::metrics::Metrics;
use crate::queries::QueryPool;
use crate::ruling::Ruling;
use crate::scraping::Scraping;
use crate::slos::Slos;
use crate::storage::Storage;

/// The state shared by all requests.
pub(crate) struct App {
    /// Flags, and how each was written.
    pub(crate) settings: Settings,
    /// The configuration in force.
    pub(crate) config: Configuration,
    /// Where queries run.
    pub(crate) queries: QueryPool,
    /// The server's own numbers.
    pub(crate) metrics: Metrics,
    /// When the process started.
    pub(crate) started: TimestampMs,
    store: OnceLock<Store>,
}

/// What there is once the write-ahead log is replayed.
pub(crate) struct Store {
    /// What the engine was opened from, and its bucket.
    pub(crate) storage: Arc<Storage>,
    /// Writes go here.
    pub(crate) engine: Arc<Engine>,
    /// Queries go here.
    pub(crate) database: Arc<Database>,
    /// Targets and their state.
    pub(crate) scraping: Scraping,
    /// Rules and what they found.
    pub(crate) ruling: Ruling,
    /// What was promised.
    pub(crate) slos: Slos,
    /// What is counted of discovery, for both.
    pub(crate) discovery: Arc<DiscoveryMetrics>,
}

impl App {
    /// A server that is not ready yet.
    pub(crate) fn new(
        settings: Settings,
        config: Configuration,
        queries: QueryPool,
        started: TimestampMs,
    ) -> Self {
        Self {
            settings,
            config,
            queries,
            metrics: Metrics::default(),
            started,
            store: OnceLock::new(),
        }
    }

    /// From now on the server is ready.
    pub(crate) fn set_store(&self, store: Store) {
        // It is set once, by start-up; a second call would change nothing.
        let _ = self.store.set(store);
    }

    /// The store.
    ///
    /// # Errors
    /// `Unavailable` while it is being opened.
    pub(crate) fn store(&self) -> Result<&Store> {
        self.store.get().ok_or_else(|| {
            Error::unavailable("the server is starting: the write-ahead log is being replayed")
        })
    }

    /// Whether the store is open.
    pub(crate) fn is_ready(&self) -> bool {
        self.store.get().is_some()
    }
}
