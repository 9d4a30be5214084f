//! Scans of a real store, half of it in blocks and half in the head.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use narthex_engine::{Engine, Options, Snapshot};
use narthex_model::{
    HISTOGRAMS_COLUMN, Histogram, HistogramSample, Matcher, STARTS_COLUMN, Sink, Span, TimeRange,
    WriteBatch,
};
use tempfile::TempDir;

use crate::{MetricTable, SeriesTable};

/// More than one descriptor.
const SERIES: usize = 1_300;

async fn write(engine: &Engine, times: std::ops::Range<i64>) {
    let mut batch = WriteBatch::new();
    for number in 0..SERIES {
        let id = format!("{number:04}");
        let mut labels = vec![("__name__", "m"), ("id", id.as_str())];
        if number % 2 == 0 {
            labels.push(("even", "yes"));
        }
        let series = batch.push_series(&mut labels).expect("labels");
        times
            .clone()
            .for_each(|t| batch.push_sample(series, t * 1_000, (number as i64 * t) as f64));
    }
    engine.write(batch).await.expect("written");
}

async fn store() -> (TempDir, Snapshot) {
    let folder = TempDir::new().expect("a folder");
    let engine = Engine::open(folder.path(), Options::default(), None).expect("a store");
    write(&engine, 0..5).await;
    engine.flush().expect("flushed");
    write(&engine, 5..10).await;
    (folder, engine.snapshot())
}

fn series_table(snapshot: &Snapshot) -> Arc<SeriesTable> {
    let selection = snapshot
        .select(&[Matcher::equal("__name__", "m")], TimeRange::ALL)
        .expect("selected");
    Arc::new(SeriesTable::new(selection))
}

async fn scan(
    context: &SessionContext,
    table: Arc<SeriesTable>,
    columns: &[&str],
) -> Result<Vec<RecordBatch>, DataFusionError> {
    context
        .read_table(table)?
        .select_columns(columns)?
        .collect()
        .await
}

fn context(partitions: usize) -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(partitions))
}

#[tokio::test]
async fn start_timestamps_are_a_column_where_some_are_known() {
    let folder = TempDir::new().expect("a folder");
    let engine = Engine::open(folder.path(), Options::default(), None).expect("a store");
    let mut batch = WriteBatch::new();
    for (id, start) in [("a", 0), ("b", 500)] {
        let labels = &mut [("__name__", "m"), ("id", id)];
        let series = batch.push_series(labels).expect("labels");
        batch.push_sample_with_start(series, 1000, 1.0, start);
        batch.push_sample(series, 2000, 2.0);
    }
    engine.write(batch).await.expect("written");
    let table = |id: &str| {
        let matchers = [Matcher::equal("id", id)];
        let selection = engine.snapshot().select(&matchers, TimeRange::ALL);
        Arc::new(SeriesTable::new(selection.expect("selected")))
    };
    assert!(
        table("a")
            .schema()
            .column_with_name(STARTS_COLUMN)
            .is_none()
    );
    for flushed in [false, true] {
        if flushed {
            engine.flush().expect("flushed");
        }
        let batches = scan(&context(1), table("b"), &[STARTS_COLUMN])
            .await
            .expect("read");
        let starts = batches[0].column(0).as_list::<i32>().value(0);
        assert_eq!(starts.as_primitive::<Int64Type>().values(), &[500, 0]);
    }
}

#[tokio::test]
async fn series_rows_are_whole() {
    let (_folder, snapshot) = store().await;
    let table = series_table(&snapshot);
    assert_eq!(table.label_names(), ["__name__", "even", "id"]);
    let batches = scan(
        &context(3),
        table,
        &["#values", "id", "even", "#timestamps"],
    )
    .await
    .expect("scanned");
    let mut seen = 0;
    for batch in &batches {
        let ids = batch.column(1).as_string_view();
        for row in 0..batch.num_rows() {
            let number: i64 = ids.value(row).parse().expect("a number");
            assert_eq!(batch.column(2).is_null(row), number % 2 == 1);
            let values = batch.column(0).as_list::<i32>().value(row);
            let times = batch.column(3).as_list_view::<i32>().value(row);
            let expected: Vec<f64> = (0..10).map(|t| (number * t) as f64).collect();
            assert_eq!(values.as_primitive::<Float64Type>().values()[..], expected);
            assert_eq!(
                times.as_primitive::<Int64Type>().values()[..],
                (0..10).map(|t| t * 1_000).collect::<Vec<_>>()
            );
            seen += 1;
        }
    }
    assert_eq!(seen, SERIES);
}

#[tokio::test]
async fn labels_alone_and_nothing_at_all() {
    let (_folder, snapshot) = store().await;
    let batches = scan(&context(2), series_table(&snapshot), &["even"])
        .await
        .expect("scanned");
    let present: usize = batches
        .iter()
        .map(|b| b.num_rows() - b.column(0).null_count())
        .sum();
    assert_eq!(present, SERIES / 2);
    let count = context(2)
        .read_table(series_table(&snapshot))
        .expect("a table")
        .count()
        .await
        .expect("counted");
    assert_eq!(count, SERIES);
    let rows = MetricTable::new(snapshot, "m").expect("a table");
    let count = context(2)
        .read_table(Arc::new(rows))
        .expect("a table")
        .count()
        .await
        .expect("counted");
    assert_eq!(count, SERIES * 10);
}

#[tokio::test]
async fn decoding_needs_memory() {
    let (_folder, snapshot) = store().await;
    let runtime =
        RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(10_000)));
    let context = SessionContext::new_with_config_rt(
        SessionConfig::new(),
        runtime.build_arc().expect("a runtime"),
    );
    let error = scan(&context, series_table(&snapshot), &["#values"])
        .await
        .expect_err("too little memory");
    assert!(
        matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)),
        "{error}"
    );
}

#[tokio::test]
async fn native_histograms_are_a_column_of_their_own() {
    let folder = TempDir::new().expect("a folder");
    let engine = Engine::open(folder.path(), Options::default(), None).expect("a store");
    let mut batch = WriteBatch::new();
    for (name, count) in [("h", 3.0), ("h", 4.0), ("m", 0.0)] {
        let series = batch
            .push_series(&mut [("__name__", name)])
            .expect("labels");
        let t = (count * 1_000.0) as i64;
        if name == "m" {
            batch.push_sample(series, t, 1.0);
            continue;
        }
        let span = |offset, length| Span { offset, length };
        batch.histograms.push(HistogramSample {
            series,
            timestamp: t,
            start_timestamp: Some(7),
            histogram: Histogram {
                schema: 1,
                count,
                positive_spans: vec![span(-1, 2), span(3, 1)],
                positive_buckets: vec![1.0, 2.0, count],
                ..Histogram::default()
            },
        });
    }
    engine.write(batch).await.expect("written");
    assert!(
        !series_table(&engine.snapshot())
            .schema()
            .fields()
            .iter()
            .any(|f| f.name() == HISTOGRAMS_COLUMN)
    );
    let selection = engine
        .snapshot()
        .select(&[Matcher::equal("__name__", "h")], TimeRange::ALL)
        .expect("selected");
    let table = Arc::new(SeriesTable::new(selection));
    let batches = scan(&context(1), table, &[HISTOGRAMS_COLUMN, "#values"])
        .await
        .expect("scanned");
    let text = pretty_format_batches(&batches)
        .expect("printed")
        .to_string();
    let both = text.contains("at: 3000, start: 7, schema: 1") && text.contains("at: 4000");
    assert!(
        both && text.contains("positive_index: [-1, 0, 4], positive_count: [1.0, 2.0, 4.0]"),
        "{text}"
    );
}
