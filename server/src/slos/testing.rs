//! A store whose SLOs are kept, for tests.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use clap::Parser;
use futures::TryStreamExt;
use narthex_engine::{Engine, Options};
use narthex_model::{Labels, Result, Sink, TimestampMs, WriteBatch};
use narthex_slo::{Options as SpecOptions, Placed, Text, parse};
use narthex_sql::{Database, DatabaseOptions};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::keeper::Keeping;
use super::known::Books;
use super::{Shelf, SloFlags, tables};

/// A minute, in milliseconds.
pub(super) const MINUTE: i64 = 60_000;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    slo: SloFlags,
}

/// A store whose SLOs are kept.
pub(super) struct Bench {
    pub(super) folder: TempDir,
    pub(super) engine: Arc<Engine>,
    pub(super) database: Arc<Database>,
    pub(super) keeping: Arc<Keeping>,
}

impl Bench {
    /// An empty store, with the SLOs of these specs.
    pub(super) fn open(specs: &str) -> Self {
        Self::over(TempDir::new().expect("a folder"), specs)
    }

    /// The same in a folder that is there already.
    pub(super) fn over(folder: TempDir, specs: &str) -> Self {
        let engine = Engine::open(folder.path(), Options::default(), None).expect("a store");
        let database = Database::new(engine.clone(), DatabaseOptions::default());
        let database = Arc::new(database);
        let flags = Flags::parse_from(["narthex"]).slo;
        let shelf = Shelf::open(folder.path());
        let keeping = Arc::new(Keeping::new(
            shelf,
            flags,
            engine.clone(),
            database.clone(),
            Handle::current(),
        ));
        keeping.apply(self::specs(specs), Vec::new());
        database.bring_tables(tables::all(&keeping));
        Self {
            folder,
            engine,
            database,
            keeping,
        }
    }

    /// Stores the samples of a series.
    pub(super) async fn write(
        &self,
        labels: &[(&str, &str)],
        samples: impl IntoIterator<Item = (TimestampMs, f64)>,
    ) {
        let labels = Labels::new(labels.iter().copied()).expect("valid labels");
        let mut batch = WriteBatch::new();
        let series = batch.push_packed_series(labels.as_ref());
        for (t, value) in samples {
            batch.push_sample(series, t, value);
        }
        let receipt = self.engine.write(batch).await.expect("written");
        assert_eq!(receipt.rejected, 0);
    }

    /// Puts all samples into blocks.
    pub(super) async fn flush(&self) {
        let engine = self.engine.clone();
        let flush = tokio::task::spawn_blocking(move || engine.flush());
        flush.await.expect("no panic").expect("flushed");
    }

    /// Ends all, and leaves the folder.
    pub(super) async fn close(self) -> TempDir {
        self.keeping.idle().await;
        let Self {
            folder,
            engine,
            database,
            keeping,
        } = self;
        drop((database, keeping));
        let close = tokio::task::spawn_blocking(move || engine.close());
        close.await.expect("no panic").expect("closed");
        folder
    }

    /// Has ledgers brought up to date.
    pub(super) async fn round(&self) -> Arc<Books> {
        let keeping = self.keeping.clone();
        let round = tokio::task::spawn_blocking(move || keeping.round().0);
        let books = round.await.expect("no panic");
        self.keeping.idle().await;
        books
    }

    /// The rows of a statement as texts, cells apart by spaces.
    pub(super) async fn sql(&self, statement: &str) -> Result<Vec<String>> {
        let rows = self.database.sql(statement).await?;
        let rows: Vec<RecordBatch> = rows
            .try_collect()
            .await
            .map_err(narthex_sql::from_datafusion)?;
        Ok(rows.iter().flat_map(lines).collect())
    }

    /// The files of the ledger of an SLO, oldest first.
    pub(super) fn ledger_files(&self, slo: &str) -> Vec<std::path::PathBuf> {
        let mut files = Vec::new();
        let folder = self.folder.path().join("slo").join(slo);
        for generation in entries(&folder) {
            let is_part =
                |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "parquet");
            files.extend(entries(&generation).into_iter().filter(is_part));
        }
        files.sort();
        files
    }
}

/// The SLOs of a spec.
pub(super) fn specs(text: &str) -> Vec<Placed> {
    let file = "slos.yaml";
    let specs = parse(&[Text { file, text }], &SpecOptions::default());
    specs.expect("good specs").slos
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn lines(rows: &RecordBatch) -> Vec<String> {
    let line = |row| {
        let cells = rows.columns().iter();
        let cells = cells.map(|column| array_value_to_string(column, row).expect("a text"));
        cells.collect::<Vec<_>>().join(" ")
    };
    (0..rows.num_rows()).map(line).collect()
}
