//! The scrape manager: brings the running loops in line with a configuration, and says how they are doing.

mod pool;
mod running;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Clock, Error, ErrorKind, Result, Sink};
use parking_lot::Mutex;

pub use status::{PoolStatus, TargetsSnapshot};

use crate::config::keys::DiscoveryKeys;
use crate::config::{Config, ScrapeConfig};
use crate::discovery::{Context as DiscoveryContext, DiscoveryMetrics, Prepared, prepare};
use crate::scrape::{Context, Job};
use pool::Pool;

/// Runs the scrape loops of a configuration. Call it inside a tokio runtime.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use narthex_ingest::{Config, ScrapeManager, SystemClock};
/// # async fn example(sink: Arc<dyn narthex_model::Sink>) -> narthex_model::Result<()> {
/// let (config, _warnings) = Config::load("prometheus.yml".as_ref())?;
/// let manager = ScrapeManager::new(sink, Arc::new(SystemClock::new()));
/// manager.apply(&config).await?;
/// println!("{} targets", manager.targets().active.len());
/// manager.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct ScrapeManager {
    context: Context,
    /// Held while a configuration is applied: one at a time.
    changing: tokio::sync::Mutex<Changing>,
    pools: Mutex<BTreeMap<String, Arc<Pool>>>,
}

/// What only changes of configuration look at.
#[derive(Default)]
struct Changing {
    closed: bool,
    /// Pools whose job is gone and whose series are being ended; a job of the same name takes its pool over.
    retired: BTreeMap<String, Arc<Pool>>,
}

impl ScrapeManager {
    /// A manager without any job, which will write to `sink`.
    pub fn new(sink: Arc<dyn Sink>, clock: Arc<dyn Clock>) -> Self {
        let discovery = DiscoveryContext {
            clock: clock.clone(),
            metrics: Arc::default(),
        };
        Self {
            context: Context {
                sink,
                clock,
                discovery,
            },
            changing: tokio::sync::Mutex::default(),
            pools: Mutex::new(BTreeMap::new()),
        }
    }

    /// The same, whose discoveries are counted in `metrics`.
    #[must_use]
    pub fn counted_in(mut self, metrics: Arc<DiscoveryMetrics>) -> Self {
        self.context.discovery.metrics = metrics;
        self
    }

    /// Makes `config` the one in force. Jobs that did not change go on undisturbed; targets that stay keep their series;
    /// those that are gone get stale markers one interval later. When it returns, every target that can be found now has
    /// its loop.
    ///
    /// # Errors
    /// A job that cannot be made, for instance because of its certificates; then nothing has changed. `Closed` after
    /// [`ScrapeManager::shutdown`].
    pub async fn apply(&self, config: &Config) -> Result<()> {
        let mut changing = self.changing.lock().await;
        if changing.closed {
            return Err(Error::new(
                ErrorKind::Closed,
                "the scrape manager was shut down",
            ));
        }
        let old = self.pools.lock().clone();
        let unchanged = |job: &&ScrapeConfig| old.get(&job.job_name).is_none_or(|p| !p.runs(job));
        let jobs = config
            .scrape_configs
            .iter()
            .filter(unchanged)
            .map(|config| ready(config, &self.context.discovery))
            .collect::<Result<Vec<_>>>()?;
        // From here on nothing can fail.
        changing.retired.retain(|_, pool| !pool.is_finished());
        for (name, pool) in &old {
            if !config
                .scrape_configs
                .iter()
                .any(|job| job.job_name == *name)
            {
                pool.retire().await;
                self.pools.lock().remove(name);
                changing.retired.insert(name.clone(), pool.clone());
            }
        }
        for (job, places) in jobs {
            let name = job.config.job_name.clone();
            let pool = match old
                .get(&name)
                .cloned()
                .or_else(|| changing.retired.remove(&name))
            {
                Some(pool) => {
                    pool.reconfigure(job, places).await;
                    pool
                }
                None => Pool::start(job, places, self.context.clone()).await,
            };
            self.pools.lock().insert(name, pool);
        }
        Ok(())
    }

    /// Ends every loop, after the batch it is writing. No stale markers are written: the targets are still there.
    pub async fn shutdown(&self) {
        let mut changing = self.changing.lock().await;
        changing.closed = true;
        let pools = std::mem::take(&mut *self.pools.lock());
        let retired = std::mem::take(&mut changing.retired);
        for pool in pools.values().chain(retired.values()) {
            pool.stop().await;
        }
    }

    /// All targets and how they are doing now, jobs in order of their names.
    pub fn targets(&self) -> TargetsSnapshot {
        let pools = self.pools.lock();
        let mut snapshot = TargetsSnapshot::default();
        for pool in pools.values() {
            pool.describe(&mut snapshot);
        }
        snapshot
    }
}

/// A job and its discoveries, neither of which runs yet.
///
/// # Errors
/// What cannot be used although it is well-formed: certificates, headers, a proxy.
pub(crate) fn ready(
    config: &ScrapeConfig,
    context: &DiscoveryContext,
) -> Result<(Job, Vec<Prepared>)> {
    let job = Job::new(config)?;
    let places = prepare(&config.discovery(), context);
    let places = places.map_err(|e| e.context(format!("job \"{}\"", job.name)))?;
    Ok((job, places))
}
