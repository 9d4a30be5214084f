//! The one place that knows how scraping is started, changed, stopped and asked about.

mod shown;

use std::sync::Arc;

use narthex_ingest::{Config, DiscoveryMetrics, ScrapeManager, SystemClock};
use narthex_model::{Result, Sink};

pub(crate) use shown::Targets;

/// Running scrapes.
pub(crate) struct Scraping {
    manager: ScrapeManager,
}

impl Scraping {
    /// Starts to scrape what `config` names into `sink`; how it is discovered is counted in `metrics`.
    ///
    /// # Errors
    /// A job cannot be made, for instance because of its certificates.
    pub(crate) async fn start(
        sink: Arc<dyn Sink>,
        config: &Config,
        metrics: Arc<DiscoveryMetrics>,
    ) -> Result<Self> {
        let manager = ScrapeManager::new(sink, Arc::new(SystemClock::new())).counted_in(metrics);
        manager.apply(config).await?;
        Ok(Self { manager })
    }

    /// Goes over to `config`.
    ///
    /// # Errors
    /// As [`Scraping::start`]; the scrapes go on as before.
    pub(crate) async fn apply(&self, config: &Config) -> Result<()> {
        self.manager.apply(config).await
    }

    /// Ends all scrapes, after the batches they are writing.
    pub(crate) async fn stop(&self) {
        self.manager.shutdown().await;
    }

    /// The targets as they are now.
    pub(crate) fn targets(&self) -> Targets {
        Targets(self.manager.targets())
    }
}
