//! The wiring: every part is started here, in one order, and stopped in the opposite one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use narthex_engine::{Options, Progress, Retention};
use narthex_ingest::DiscoveryMetrics;
use narthex_model::{Error, Result};
use narthex_sql::{Database, DatabaseOptions, Spill};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::Configuration;
use crate::flags::{ServeFlags, Settings};
use crate::limits::{DRAIN_TIME_MAX, SPILL_FOLDER};
use crate::memory::memory_bytes;
use crate::queries::QueryPool;
use crate::retention::{self, exemplars_max, retention};
use crate::ruling::{Ruling, Wiring};
use crate::scraping::Scraping;
use crate::slos::Slos;
use crate::state::Store;
use crate::storage::Storage;
use crate::times::now_ms;
use crate::{App, http, reload};

/// A running server.
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    stop_http: oneshot::Sender<()>,
    http: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Starts everything and returns when the server is ready. `progress` hears how far the replay is.
    ///
    /// # Errors
    /// The address, the folder or the configuration cannot be used.
    pub async fn start(settings: Settings, progress: Option<Arc<dyn Progress>>) -> Result<Self> {
        let flags = settings.flags.clone();
        let threads = std::thread::available_parallelism().map_or(2, usize::from);

        // 1. The socket: while the log is replayed, /-/healthy answers and /-/ready says "not yet".
        let listener = listen(&flags.listen_address).await?;
        let address = listener
            .local_addr()
            .map_err(|e| unusable(&flags.listen_address, &e))?;

        // 2. The configuration: a mistake in it shows before anything is touched.
        let configuration =
            Configuration::new(flags.config_file.clone(), address, flags.storage.read_only);
        let config = configuration.read()?;

        // 3. Query threads and HTTP.
        let queries = QueryPool::start(
            threads,
            usize::from(flags.query_max_concurrency),
            flags.query_timeout.as_std(),
        )?;
        let app = Arc::new(App::new(settings, configuration, queries, now_ms()));
        let (stop_http, stopped) = oneshot::channel();
        let http = tokio::spawn(run_http(listener, app.clone(), stopped));

        // 4. The store.
        let retention = retention(&flags, &config)?;
        retention::log(&retention);
        let exemplars_max = exemplars_max(&config);
        let mut storage = open(&flags, retention, exemplars_max, progress).await?;
        storage.keep_fresh(flags.storage.refresh_interval.as_std());
        let engine = storage.engine.clone();
        let database = Arc::new(Database::new(
            engine.clone(),
            database_options(&flags, threads),
        ));

        // 5. Scraping, SLOs and rules: a mistake in these shows before anything is scraped, and they ask once all is there.
        let discovery: Arc<DiscoveryMetrics> = Arc::default();
        let wiring = Wiring {
            app: Arc::downgrade(&app),
            sink: engine.clone(),
            discovery: discovery.clone(),
        };
        let ruling = Ruling::new(wiring, &flags, address);
        let slos = Slos::open(&flags, engine.clone(), &database, &app.queries)?;
        let mut promises = slos.read().await?;
        let alerts = std::mem::take(&mut promises.groups);
        let rules = ruling.read(&config, alerts)?;
        let scraping = Scraping::start(engine.clone(), &config, discovery.clone()).await?;
        app.config.accept(&config)?;
        app.set_store(Store {
            storage: Arc::new(storage),
            engine,
            database,
            scraping,
            ruling,
            slos,
            discovery,
        });
        app.store()?.slos.apply(promises).await?;
        app.store()?.ruling.apply(rules, &config).await;
        Ok(Self {
            app,
            address,
            stop_http,
            http,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads the configuration again; see [`crate::serve`].
    ///
    /// # Errors
    /// It is wrong; the one before stays in force.
    pub async fn reload(&self) -> Result<()> {
        reload::reload(&self.app).await
    }

    /// Stops everything, in the opposite order of the start. Samples in memory are written into blocks.
    ///
    /// # Errors
    /// The last samples cannot be written into blocks; they stay in the write-ahead log.
    pub async fn stop(self) -> Result<()> {
        let store = self.app.store()?;
        // 5. Rules, SLOs and scraping.
        store.ruling.stop().await;
        store.slos.stop().await;
        store.scraping.stop().await;
        // 4. and 3. HTTP first, so that the requests under way still find the store; then the query threads.
        let _ = self.stop_http.send(());
        if tokio::time::timeout(DRAIN_TIME_MAX, self.http)
            .await
            .is_err()
        {
            tracing::warn!("requests were still under way and are cut off");
        }
        self.app.queries.stop();
        let storage = store.storage.clone();
        blocking(move || storage.close()).await
    }
}

async fn listen(address: &str) -> Result<TcpListener> {
    // `:9090` means every address, as in Prometheus.
    let full = if address.starts_with(':') {
        format!("0.0.0.0{address}")
    } else {
        address.to_owned()
    };
    TcpListener::bind(&full)
        .await
        .map_err(|e| unusable(address, &e))
}

fn unusable(address: &str, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another program listens there: stop it or choose another --web.listen-address"
        }
        _ => "; check --web.listen-address",
    };
    Error::unavailable(format!("cannot listen on {address}: {error}{hint}"))
}

async fn run_http(
    listener: TcpListener,
    app: Arc<App>,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    axum::serve(listener, http::router(app))
        .with_graceful_shutdown(async {
            // A dropped sender means the same as a sent word.
            let _ = stopped.await;
        })
        .await
}

async fn open(
    flags: &ServeFlags,
    retention: Retention,
    exemplars_max: usize,
    progress: Option<Arc<dyn Progress>>,
) -> Result<Storage> {
    let budget = flags.memory_budget.map(|bytes| bytes.0 as u64);
    let options = Options {
        memory_budget_bytes: budget.unwrap_or_else(|| memory_bytes() / 4),
        retention,
        exemplars_max,
        ..flags.engine_options()
    };
    let (path, storage) = (flags.storage_path.clone(), flags.storage.clone());
    blocking(move || Storage::open(&path, &storage, options, progress.as_deref())).await
}

fn database_options(flags: &ServeFlags, partitions: usize) -> DatabaseOptions {
    let machine = usize::try_from(memory_bytes()).unwrap_or(usize::MAX);
    let all = flags.query_max_memory.map_or(machine / 4, |bytes| bytes.0);
    let one = flags.query_max_memory_per_query;
    // A folder that is only read belongs to somebody else.
    let own = (!flags.storage.read_only).then(|| flags.storage_path.join(SPILL_FOLDER));
    DatabaseOptions {
        lookback_ms: flags.lookback_delta.0,
        samples_max: flags.query_max_samples,
        // The query pool keeps the time and answers 503; this one is behind it.
        timeout_ms: flags
            .query_timeout
            .0
            .unsigned_abs()
            .saturating_add(3_600_000),
        series_max: flags.query_max_series,
        memory_bytes_max: all,
        query_memory_bytes_max: one.map_or(all / 2, |bytes| bytes.0),
        spill: Spill {
            folder: own,
            bytes_max: flags.query_max_spill.0 as u64,
        },
        partitions,
        language: flags.language(),
        delayed_names: flags.delayed_names(),
        start_timestamps: flags.start_timestamps(),
        ..DatabaseOptions::default()
    }
}

/// Runs work that blocks where it does not hold up others.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| {
        Err(Error::internal("a part of the server panicked; please report it").with_source(e))
    })
}
