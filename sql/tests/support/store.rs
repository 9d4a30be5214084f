//! Two hours of a few series, one sample a minute: the first hour in blocks, the second in the head.

use std::sync::Arc;

use narthex_engine::{Engine, Options};
use narthex_model::{Label, Sink, WriteBatch, stale_nan};
use narthex_sql::{Database, DatabaseOptions};
use tempfile::TempDir;

use super::made::Pages;

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;
const STEP_MS: i64 = 60_000;
const MINUTES: i64 = 120;

/// A series' labels, and its value at each minute.
type Series = (&'static [Label<'static>], fn(i64) -> Option<f64>);

const SERIES: &[Series] = &[
    (
        &[
            ("__name__", "http_requests_total"),
            ("job", "api"),
            ("host", "a"),
            ("code", "200"),
        ],
        |i| Some(10.0 * i as f64),
    ),
    (
        &[
            ("__name__", "http_requests_total"),
            ("job", "api"),
            ("host", "a"),
            ("code", "500"),
        ],
        |i| Some(i as f64),
    ),
    (
        &[
            ("__name__", "http_requests_total"),
            ("job", "api"),
            ("host", "b"),
            ("code", "200"),
        ],
        |i| Some(20.0 * i as f64),
    ),
    (
        &[
            ("__name__", "http_requests_total"),
            ("job", "api"),
            ("host", "b"),
            ("code", "500"),
        ],
        |i| Some(2.0 * i as f64),
    ),
    (
        &[
            ("__name__", "temperature_celsius"),
            ("host", "a"),
            ("room", "lab"),
        ],
        |i| Some(20.0 + 0.5 * (i % 10) as f64),
    ),
    // The last sample is a stale marker, which is no row.
    (&[("__name__", "temperature_celsius"), ("host", "b")], |i| {
        Some(if i == MINUTES - 1 {
            stale_nan()
        } else {
            30.0 + (i % 4) as f64
        })
    }),
    (&[("__name__", "up"), ("job", "api"), ("host", "a")], |_| {
        Some(1.0)
    }),
    (&[("__name__", "up"), ("job", "api"), ("host", "b")], |i| {
        Some(if i % 60 == 30 { 0.0 } else { 1.0 })
    }),
    (
        &[("__name__", "node_memory_MemTotal_bytes"), ("host", "a")],
        |_| Some(16e9),
    ),
    (
        &[("__name__", "node_memory_MemTotal_bytes"), ("host", "b")],
        |_| Some(32e9),
    ),
    (
        &[
            ("__name__", "odd"),
            ("timestamp", "morning"),
            ("value", "high"),
        ],
        |i| (i == 0).then_some(1.0),
    ),
];

/// The store, in a folder that goes with it.
pub(crate) struct Store {
    engine: Arc<Engine>,
    database: Arc<Database>,
    _folder: TempDir,
}

impl Store {
    /// Makes the store.
    pub(crate) async fn fill() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let engine = Engine::open(folder.path(), Options::default(), None).expect("an empty store");
        write(&engine, 0, MINUTES / 2).await;
        let flushed = engine.clone();
        tokio::task::spawn_blocking(move || flushed.flush())
            .await
            .expect("no panic")
            .expect("flushed");
        write(&engine, MINUTES / 2, MINUTES).await;
        let database = Arc::new(Database::new(engine.clone(), DatabaseOptions::default()));
        database.bring_tables(vec![Arc::new(Pages)]);
        Self {
            engine,
            database,
            _folder: folder,
        }
    }

    /// A database over the same samples with other limits.
    #[allow(dead_code, reason = "each test binary uses its part of the support")]
    pub(crate) fn database_with(&self, options: DatabaseOptions) -> Database {
        Database::new(self.engine.clone(), options)
    }

    /// Its database.
    pub(crate) fn database(&self) -> Arc<Database> {
        self.database.clone()
    }
}

async fn write(engine: &Engine, from: i64, to: i64) {
    let mut batch = WriteBatch::new();
    for (labels, value) in SERIES {
        let series = batch
            .push_series(&mut labels.to_vec())
            .expect("labels of a series");
        for minute in from..to {
            if let Some(value) = value(minute) {
                batch.push_sample(series, START_MS + minute * STEP_MS, value);
            }
        }
    }
    let receipt = engine.write(batch).await.expect("written");
    assert_eq!(receipt.rejected, 0, "{:?}", receipt.examples);
}
