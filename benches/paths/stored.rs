//! Reading what is stored: decoding columns, and queries through the same door as the server.

use std::hint::black_box;
use std::sync::Arc;

use narthex_datasets::fleet::DEFAULT_START_MS;
use narthex_engine::block::{Block, DecodedSamples};
use narthex_engine::{Engine, WalSync};
use narthex_model::{Matcher, TimeRange};
use narthex_promql::{QueryOutput, QueryValue};
use narthex_sql::{Database, DatabaseOptions, Grid, QueryOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::data::{DAY, Feed, INTERVAL_MS, store, write};

/// Where the samples of a store are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Head,
    Block,
}

/// A store with a fleet's samples.
pub(crate) struct Stored {
    engine: Arc<Engine>,
    database: Database,
    runtime: Runtime,
    scrapes: i64,
    _folder: TempDir,
}

impl Stored {
    /// So many scrapes of so many hosts.
    pub(crate) fn new(hosts: usize, scrapes: i64, place: Place) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let engine = store(folder.path(), WalSync::Interval(DAY));
        let mut feed = Feed::new(hosts);
        for _ in 0..scrapes {
            write(&engine, feed.next());
        }
        if place == Place::Block {
            engine.flush().expect("room for blocks");
        }
        let options = DatabaseOptions {
            partitions: 1,
            ..DatabaseOptions::default()
        };
        Self {
            database: Database::new(engine.clone(), options),
            engine,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            scrapes,
            _folder: folder,
        }
    }

    /// Its blocks, opened anew.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let open = |path: &std::path::PathBuf| Block::open(path).expect("a sound block").0;
        self.engine
            .blocks()
            .iter()
            .map(|(path, _)| open(path))
            .collect()
    }

    /// Reads all samples as queries do; returns their number.
    pub(crate) fn read(&self) -> u64 {
        let selection = self
            .engine
            .snapshot()
            .select(&[] as &[Matcher], TimeRange::ALL);
        let selection = selection.expect("an index");
        let columns = selection.read(0..selection.len()).expect("sound samples");
        black_box(columns).values.len() as u64
    }

    /// Asks `query` for `steps` instants, evenly from the start of the data on over a share of its span; returns the
    /// number of points.
    pub(crate) fn query_range(&self, query: &str, share: f64, steps: i64) -> usize {
        let span = (self.scrapes as f64 * INTERVAL_MS as f64 * share) as i64;
        let step = span / steps;
        let start = DEFAULT_START_MS + step;
        let grid = Grid {
            start,
            end: start + step * (steps - 1),
            step,
        };
        let answer = self
            .database
            .query_range(query, grid, QueryOptions::default());
        points(&self.runtime.block_on(answer).expect(query))
    }

    /// Asks `query` for the middle of the data's span; returns the number of points.
    pub(crate) fn query_instant(&self, query: &str) -> usize {
        let at = DEFAULT_START_MS + self.scrapes * INTERVAL_MS / 2;
        let answer = self
            .database
            .query_instant(query, at, QueryOptions::default());
        points(&self.runtime.block_on(answer).expect(query))
    }
}

/// Decodes all samples of `block` into the memory of `samples`; returns their number.
pub(crate) fn decode(block: &Block, samples: &mut DecodedSamples) -> u64 {
    samples.timestamps.clear();
    samples.values.clear();
    samples.counts.clear();
    samples.times_at.clear();
    let ordinals: Vec<u32> = (0..block.series_count() as u32).collect();
    let read = block.read(&ordinals, TimeRange::ALL, samples);
    read.expect("sound samples");
    samples.values.len() as u64
}

fn points(output: &QueryOutput) -> usize {
    match &output.value {
        QueryValue::Matrix(series) => series.iter().map(|s| s.values.len()).sum(),
        QueryValue::Vector(samples) => samples.len(),
        QueryValue::Scalar { .. } | QueryValue::String { .. } => 1,
    }
}
