//! Tables with all kinds of columns.

use std::sync::Arc;

use arrow_array::builder::{MapBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, DictionaryArray, Float32Array, Int64Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field};
use narthex_engine::Options;
use narthex_model::TimeRange;
use parquet::arrow::ArrowWriter;

use super::*;

fn columns() -> Columns {
    Columns {
        timestamp: "ts".to_owned(),
        value: "v".to_owned(),
        metric: Some("name".to_owned()),
        metric_name: None,
    }
}

fn table() -> RecordBatch {
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for zone in ["x", "", "y"] {
        map.keys().append_value("zone");
        map.values().append_value(zone);
        map.append(true).expect("even");
    }
    let rack: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(8)]));
    let inner = StructArray::from(vec![(
        Arc::new(Field::new("rack", DataType::Int64, true)),
        rack,
    )]);
    let name: DictionaryArray<arrow_array::types::Int8Type> =
        vec!["a", "b", "a"].into_iter().collect();
    let times =
        TimestampMicrosecondArray::from(vec![3_000_000, 2_000_000, 1_000_000]).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "v",
            Arc::new(Float32Array::from(vec![Some(1.5), Some(2.0), Some(3.0)])),
        ),
        ("ts", Arc::new(times)),
        ("name", Arc::new(name)),
        (
            "host",
            Arc::new(StringArray::from(vec![None, Some("h"), None])),
        ),
        ("more", Arc::new(map.finish())),
        ("place", Arc::new(inner)),
    ];
    RecordBatch::try_from_iter(columns).expect("a table")
}

#[test]
fn rows_become_samples_with_the_labels_of_all_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let file = File::create(&path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, table().schema(), None).expect("a writer");
    writer.write(&table()).expect("written");
    writer.close().expect("closed");
    let options = Options {
        out_of_order_window_ms: i64::MAX / 4,
        ..Options::default()
    };
    let engine = Engine::open(&folder.path().join("data"), options, None).expect("a store");
    let report = run(&engine, &path, &columns(), &()).expect("imported");
    assert_eq!((report.samples, report.refused), (3, 0));
    let selection = engine
        .snapshot()
        .select(&[], TimeRange::ALL)
        .expect("a selection");
    let names = (0..selection.len()).map(|at| selection.series(at).labels.to_string());
    let names: Vec<_> = names.collect();
    assert_eq!(
        names,
        [
            "a{rack=\"7\", zone=\"x\"}",
            "a{rack=\"8\", zone=\"y\"}",
            "b{host=\"h\"}",
        ]
    );
    let found = selection.read(0..3).expect("samples");
    assert_eq!(
        (found.timestamps, found.values),
        (vec![3000, 1000, 2000], vec![1.5, 3.0, 2.0])
    );
    engine.close().expect("closed");
}

#[test]
fn mistakes_are_named() {
    let check = |columns: Columns, what: &str| {
        let error = convert(&table(), &columns).expect_err(what).to_string();
        assert!(error.contains(what), "{error}");
    };
    let with = |change: fn(&mut Columns)| {
        let mut columns = columns();
        change(&mut columns);
        columns
    };
    check(
        with(|c| c.timestamp = "time".to_owned()),
        "no column \"time\"",
    );
    check(with(|c| c.value = "host".to_owned()), "no number");
    check(
        with(|c| c.timestamp = "host".to_owned()),
        "neither a timestamp",
    );
    check(with(|c| c.metric = None), "no name of a metric");
}

#[test]
fn a_name_for_all_rows_and_rows_without_a_value() {
    let columns = Columns {
        metric: None,
        metric_name: Some("m".to_owned()),
        ..columns()
    };
    let table = RecordBatch::try_from_iter(vec![
        (
            "v",
            Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef,
        ),
        ("ts", Arc::new(Int64Array::from(vec![5, 6]))),
    ]);
    let (batch, left_out) = convert(&table.expect("a table"), &columns).expect("good");
    assert_eq!(
        (batch.timestamps(), batch.values(), left_out),
        (&[5][..], &[1.0][..], 1)
    );
    assert_eq!(batch.labels(0).to_string(), "m");
}
