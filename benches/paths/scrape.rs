//! A scrape: from the request to a target to what the sink says. The series are known after the first.

use std::sync::Arc;

use narthex_datasets::fleet::DEFAULT_START_MS;
use narthex_engine::WalSync;
use narthex_ingest::{Config, ScrapeManager};
use narthex_model::{Receipt, Sink, SinkFuture, WriteBatch};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::data::{Feed, INTERVAL_MS, store};
use super::exposition::text;
use super::manual_clock::ManualClock;
use super::target::Target;

/// Who keeps what was scraped.
pub(crate) enum Keeper {
    /// Nobody.
    Nobody,
    /// A store.
    Store,
}

/// A target, and who scrapes it.
pub(crate) struct Scraper {
    feed: Feed,
    target: Target,
    clock: Arc<ManualClock>,
    stored: mpsc::UnboundedReceiver<u64>,
    _manager: ScrapeManager,
    runtime: Runtime,
    _folder: TempDir,
}

/// Says how many samples were stored.
struct Told {
    keeper: Option<Arc<dyn Sink>>,
    stored: mpsc::UnboundedSender<u64>,
}

impl Sink for Told {
    fn write(&self, batch: WriteBatch) -> SinkFuture<'_> {
        Box::pin(async move {
            let receipt = match &self.keeper {
                Some(keeper) => keeper.write(batch).await?,
                None => Receipt {
                    stored: batch.sample_count() as u64,
                    ..Receipt::default()
                },
            };
            // At the end nobody listens any more.
            let _ = self.stored.send(receipt.stored);
            Ok(receipt)
        })
    }
}

impl Scraper {
    /// A target with the series of so many hosts; their labels say which host.
    pub(crate) fn new(hosts: usize, keeper: &Keeper) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let keeper: Option<Arc<dyn Sink>> = match keeper {
            Keeper::Nobody => None,
            Keeper::Store => Some(store(folder.path(), WalSync::Commit)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let (sender, stored) = mpsc::unbounded_channel();
        let clock = Arc::new(ManualClock::new(DEFAULT_START_MS));
        let told = Told {
            keeper,
            stored: sender,
        };
        let manager = ScrapeManager::new(Arc::new(told), clock.clone());
        let target = runtime.block_on(Target::start());
        let config = format!(
            "global: {{scrape_interval: {}s}}\nscrape_configs:\n  - job_name: fleet\n    honor_labels: true\n    \
             static_configs: [{{targets: ['{}']}}]\n",
            INTERVAL_MS / 1000,
            target.address
        );
        let (config, _) = Config::parse(&config, "rig.yml").expect("a sound configuration");
        runtime
            .block_on(manager.apply(&config))
            .expect("a job that can be made");
        Self {
            feed: Feed::new(hosts),
            target,
            clock,
            stored,
            _manager: manager,
            runtime,
            _folder: folder,
        }
    }

    /// Samples of a body.
    pub(crate) fn samples(&self) -> u64 {
        self.feed.samples()
    }

    /// The target's next body; returns its length.
    pub(crate) fn prepare(&mut self) -> usize {
        let body = text(&mut self.feed);
        self.target.show(&body);
        body.len()
    }

    /// Scrapes once.
    pub(crate) fn scrape(&mut self) {
        self.runtime.block_on(self.clock.until_asleep());
        self.clock.advance(INTERVAL_MS);
        let stored = self.runtime.block_on(self.stored.recv());
        assert!(
            stored.is_some_and(|n| n > self.feed.samples()),
            "{stored:?}"
        );
    }
}
