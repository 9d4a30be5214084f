//! Every format with rows, without rows, and read back.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMillisecondArray};

use super::*;

fn batch() -> RecordBatch {
    let columns: [(&str, ArrayRef); 4] = [
        (
            "job",
            Arc::new(StringArray::from(vec![Some("a,\"b\""), None])),
        ),
        (
            "timestamp",
            Arc::new(TimestampMillisecondArray::from(vec![1_500, 2_000]).with_timezone("UTC")),
        ),
        ("value", Arc::new(Float64Array::from(vec![0.5, f64::NAN]))),
        ("count", Arc::new(Int64Array::from(vec![1, 2]))),
    ];
    RecordBatch::try_from_iter(columns).expect("one length")
}

fn encoded(format: RowFormat, batches: &[RecordBatch]) -> Vec<u8> {
    let mut encoder = format.encoder(&batch().schema()).expect("known types");
    for batch in batches {
        encoder.write(batch).expect("known types");
    }
    encoder.finish(&[]).expect("finished");
    encoder.take()
}

#[test]
fn json_is_an_envelope() {
    let body = encoded(RowFormat::Json, &[batch(), batch()]);
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(json["status"], "success");
    assert_eq!(
        json["data"]["columns"][2],
        serde_json::json!({"name": "value", "type": "Float64"})
    );
    let rows = json["data"]["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 4);
    let want = serde_json::json!({"job": "a,\"b\"", "timestamp": "1970-01-01T00:00:01.500Z", "value": 0.5, "count": 1});
    assert_eq!(rows[0], want);
    assert_eq!(
        (&rows[3]["job"], &rows[3]["value"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );

    let empty: serde_json::Value =
        serde_json::from_slice(&encoded(RowFormat::Json, &[])).expect("JSON");
    assert_eq!(empty["data"]["rows"], serde_json::json!([]));
}

#[test]
fn warnings_stand_behind_the_rows() {
    let mut encoder = RowFormat::Json
        .encoder(&batch().schema())
        .expect("known types");
    encoder.write(&batch()).expect("known types");
    let warnings = ["block \"a\" is damaged".to_owned()];
    encoder.finish(&warnings).expect("finished");
    let json: serde_json::Value = serde_json::from_slice(&encoder.take()).expect("JSON");
    assert_eq!(json["data"]["rows"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["warnings"], serde_json::json!(warnings));
}

#[test]
fn csv_has_one_header() {
    let text = String::from_utf8(encoded(RowFormat::Csv, &[batch(), batch()])).expect("UTF-8");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], "job,timestamp,value,count");
    assert_eq!(lines[1], "\"a,\"\"b\"\"\",1970-01-01T00:00:01.500Z,0.5,1");
    assert_eq!(encoded(RowFormat::Csv, &[]), b"job,timestamp,value,count\n");
}

#[test]
fn arrow_reads_back() {
    let bytes = encoded(RowFormat::Arrow, &[batch()]);
    let reader =
        arrow_ipc::reader::StreamReader::try_new(bytes.as_slice(), None).expect("a stream");
    let rows: usize = reader.map(|b| b.expect("a batch").num_rows()).sum();
    assert_eq!(rows, 2);
}

#[test]
fn parquet_reads_back() {
    let bytes = bytes::Bytes::from(encoded(RowFormat::Parquet, &[batch(), batch()]));
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes, 100)
        .expect("a file");
    let rows: usize = reader.map(|b| b.expect("a batch").num_rows()).sum();
    assert_eq!(rows, 4);
}

#[test]
fn names_of_formats() {
    assert_eq!("csv".parse::<RowFormat>().ok(), Some(RowFormat::Csv));
    assert!("xml".parse::<RowFormat>().is_err());
}
