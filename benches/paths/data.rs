//! The samples: scrapes of the fleet as write batches, and a store to put them in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use narthex_datasets::fleet::DEFAULT_START_MS;
use narthex_datasets::{Fleet, FleetOptions, Host, HostKind, SERIES_PER_HOST};
use narthex_engine::{Engine, Options, WalSync};
use narthex_model::{Labels, Sink, WriteBatch};

/// Time between two scrapes of a host.
pub(crate) const INTERVAL_MS: i64 = 15_000;

/// Longer than anything here takes.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Scrapes of a fleet, one after the other.
pub(crate) struct Feed {
    hosts: Vec<(Host, Vec<Labels>)>,
    values: Vec<f64>,
}

impl Feed {
    /// The fleet of so many hosts, from its first scrape on.
    pub(crate) fn new(hosts: usize) -> Self {
        let options = FleetOptions {
            kind: HostKind::Node,
            hosts,
            seed: 1,
            start_ms: DEFAULT_START_MS,
            interval_ms: INTERVAL_MS,
            scrapes: 100_000,
        };
        let fleet = Fleet::new(options).expect("options in their ranges");
        let host = |number| (fleet.host(number), fleet.series(number));
        Self {
            hosts: (0..hosts).map(host).collect(),
            values: Vec::new(),
        }
    }

    /// Samples of each batch: one for each series.
    pub(crate) fn samples(&self) -> u64 {
        (self.hosts.len() * SERIES_PER_HOST) as u64
    }

    /// The next scrape of all hosts.
    pub(crate) fn next(&mut self) -> WriteBatch {
        let mut batch = WriteBatch::new();
        for (host, series) in &mut self.hosts {
            let at = host.scrape(&mut self.values);
            for (labels, value) in series.iter().zip(&self.values) {
                let position = batch.push_packed_series(labels.as_ref());
                batch.push_sample(position, at, *value);
            }
        }
        batch
    }
}

/// A store in `folder` that does nothing by itself.
pub(crate) fn store(folder: &Path, wal_sync: WalSync) -> Arc<Engine> {
    let options = Options {
        flush_interval: DAY,
        wal_sync,
        ..Options::default()
    };
    Engine::open(folder, options, None).expect("a folder for a store")
}

/// Writes `batch` and waits for the ack.
pub(crate) fn write(engine: &Engine, batch: WriteBatch) {
    let receipt = block_on(engine.write(batch)).expect("an ack");
    assert_eq!(receipt.rejected, 0, "{:?}", receipt.examples);
}
