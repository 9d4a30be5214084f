//! Databases over the same samples: each layout, read with partitions, batches and joins of several sizes.

use narthex_promql::ParseOptions;
use narthex_sql::{Database, DatabaseOptions, Tuning};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::layout::{Layout, Store};
use super::world::Series;

const PARTITIONS: [usize; 4] = [1, 2, 3, 8];
const BATCH_ROWS: [usize; 3] = [1, 7, 8192];
const BROADCAST_BYTES: [usize; 2] = [0, 1 << 20];

/// All stores, and one database that is as plain as can be.
pub(crate) struct Variants {
    stores: Vec<(Layout, Store)>,
    plain: Database,
    others: Vec<(String, Database)>,
    asked: usize,
}

impl Variants {
    /// How often a database is asked before it is made anew, with other sizes.
    const ASKED_MAX: usize = 10;

    /// Fills the stores.
    pub(crate) fn new(world: &[Series], rng: &mut ChaCha8Rng) -> Self {
        let stores: Vec<_> = Layout::ALL
            .map(|layout| (layout, layout.store(world, rng)))
            .into();
        let plain = Tuning {
            samples_per_partition: u64::MAX,
            ..Tuning::default()
        };
        Self {
            plain: Database::new(stores[0].1.engine.clone(), options(1, plain)),
            stores,
            others: Vec::new(),
            asked: 0,
        }
    }

    /// All samples in the head, one partition, large batches.
    pub(crate) fn plain(&self) -> &Database {
        &self.plain
    }

    /// The next layout, with sizes by chance and a name for messages.
    pub(crate) fn next(&mut self, rng: &mut ChaCha8Rng) -> &(String, Database) {
        if self
            .asked
            .is_multiple_of(self.stores.len() * Self::ASKED_MAX)
        {
            let stores = self.stores.iter();
            self.others = stores
                .map(|(layout, store)| other(*layout, store, rng))
                .collect();
        }
        self.asked += 1;
        &self.others[self.asked % self.others.len()]
    }
}

fn other(layout: Layout, store: &Store, rng: &mut ChaCha8Rng) -> (String, Database) {
    let partitions = *PARTITIONS.choose(rng).unwrap_or(&1);
    let tuning = Tuning {
        batch_rows_max: *BATCH_ROWS.choose(rng).unwrap_or(&1),
        samples_per_partition: rng.random_range(1..100),
        broadcast_bytes: *BROADCAST_BYTES.choose(rng).unwrap_or(&0),
    };
    let name = format!("{layout:?}, {partitions} partitions, {tuning:?}");
    let database = Database::new(store.engine.clone(), options(partitions, tuning));
    (name, database)
}

fn options(partitions: usize, tuning: Tuning) -> DatabaseOptions {
    DatabaseOptions {
        partitions,
        tuning,
        language: ParseOptions::all(),
        start_timestamps: true,
        ..DatabaseOptions::default()
    }
}
