//! Properties of all formats: what is written is read back, and no bytes make a reader panic.

use narthex_model::{Exemplar, Labels, Metadata, MetadataEntry, MetricType, WriteBatch};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::remote_write::{self, Encoder, Limits};
use crate::{BatchReader, Protocol, batch_text, fuzz, write_batch};

const TEXT_PROTOCOLS: [Protocol; 2] = [
    Protocol::PrometheusText1_0_0,
    Protocol::OpenMetricsText1_0_0,
];

/// Series with names that need quotes and without, values that need escapes, and a few samples each.
fn batches() -> impl Strategy<Value = WriteBatch> {
    let label = (
        "([a-d]|[a-zà-ü._\"\\\\\n]{1,4})",
        "([a-z0-9/]{0,9}|[ -~\n\\\\\"é{}#=,]{0,6})",
    );
    let value = prop_oneof![
        any::<f64>(),
        Just(f64::INFINITY),
        (-1000i32..1000).prop_map(f64::from),
        Just(f64::NAN)
    ];
    let samples = prop::collection::vec(
        (
            -1_000_000_000_000i64..4_000_000_000_000,
            value,
            any::<bool>(),
        ),
        1..4,
    );
    let series = (
        "[a-z_:.é\"]{1,8}",
        prop::collection::btree_map(label.0, label.1, 0..4),
        samples,
    );
    prop::collection::vec(series, 0..8).prop_map(|all| {
        let mut batch = WriteBatch::new();
        for (name, mut labels, samples) in all {
            labels.insert("__name__".to_owned(), name);
            let mut labels: Vec<_> = labels
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            let series = batch.push_series(&mut labels).expect("valid labels");
            for (timestamp, value, _) in &samples {
                batch.push_sample(series, *timestamp, *value);
            }
            if let Some((timestamp, value, true)) = samples.first() {
                let labels = Labels::new([("trace_id", "a\"b")])
                    .expect("valid")
                    .as_ref()
                    .as_bytes()
                    .to_vec();
                batch.exemplars.push(Exemplar {
                    series,
                    labels,
                    value: *value,
                    timestamp: Some(*timestamp),
                });
            }
        }
        batch
    })
}

/// The samples of a batch, in a form that compares NaN with NaN.
fn rows(batch: &WriteBatch) -> Vec<(String, i64, String)> {
    let rows = batch
        .sample_series()
        .iter()
        .zip(batch.timestamps())
        .zip(batch.values());
    rows.map(|((s, t), v)| {
        (
            format!("{:?}", batch.labels(*s).iter().collect::<Vec<_>>()),
            *t,
            format!("{v:?}"),
        )
    })
    .collect()
}

fn exemplars(batch: &WriteBatch) -> Vec<(String, Vec<u8>, Option<i64>, String)> {
    let describe = |e: &Exemplar| {
        (
            batch.labels(e.series).to_string(),
            e.labels.clone(),
            e.timestamp,
            format!("{:?}", e.value),
        )
    };
    batch.exemplars.iter().map(describe).collect()
}

#[test]
fn metadata_is_read_back() {
    let mut batch = WriteBatch::new();
    let series = batch
        .push_series(&mut [("__name__", "wait_seconds_bucket"), ("le", "1.0")])
        .expect("valid");
    batch.push_sample(series, 1500, 2.0);
    let metadata = Metadata {
        metric_type: MetricType::Histogram,
        help: "a \\ \"b\"\nc".into(),
        unit: "seconds".into(),
    };
    batch.metadata.push(MetadataEntry {
        metric: "wait_seconds".into(),
        metadata,
    });
    let late = Metadata {
        metric_type: MetricType::Gauge,
        help: String::new(),
        unit: String::new(),
    };
    batch.metadata.push(MetadataEntry {
        metric: "late.gauge".into(),
        metadata: late,
    });
    let text = batch_text(Protocol::OpenMetricsText1_0_0, &batch);
    let want = "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n\
                # HELP wait_seconds a \\\\ \\\"b\\\"\\nc\nwait_seconds_bucket{le=\"1.0\"} 2 1.5\n\
                # TYPE \"late.gauge\" gauge\n# EOF\n";
    assert_eq!(text, want);
    let back = write_batch(Protocol::OpenMetricsText1_0_0, text.as_bytes(), 0).expect("own text");
    assert_eq!(back.metadata, batch.metadata);
    let body = remote_write::encode(&batch).expect("small");
    assert_eq!(
        remote_write::decode(&body, &Limits::default())
            .expect("own body")
            .batch
            .metadata,
        batch.metadata
    );
}

#[test]
fn long_bodies_come_in_batches() {
    let body = b"a 1 1\na 2 2\nb 3 3\nb 4\nb 5 5\n";
    let reader = BatchReader::new(Protocol::PrometheusText0_0_4, body, 77, 2).expect("supported");
    let batches: Vec<_> = reader.map(|batch| batch.expect("valid")).collect();
    let shapes: Vec<_> = batches
        .iter()
        .map(|b| (b.series_count(), b.timestamps().to_vec()))
        .collect();
    assert_eq!(shapes, [(1, vec![1, 2]), (1, vec![3, 77]), (1, vec![5])]);
}

#[test]
fn a_bad_line_is_named() {
    for body in [
        "a 1\na{b=\"1\",b=\"2\"} 1\n",
        "a 1\na{__name__=\"b\"} 1\n",
        "a 1\na{b=\"1\"} x\n",
    ] {
        let error =
            write_batch(Protocol::PrometheusText0_0_4, body.as_bytes(), 0).expect_err("bad line");
        assert!(error.message().starts_with("line 2"), "{error}");
    }
}

proptest! {
    #[test]
    fn text_is_read_back(batch in batches()) {
        for protocol in TEXT_PROTOCOLS {
            let text = batch_text(protocol, &batch);
            let back = write_batch(protocol, text.as_bytes(), 0);
            prop_assert!(back.is_ok(), "{:?} in {text}", back);
            let back = back.expect("checked");
            prop_assert_eq!(rows(&back), rows(&batch), "{}", text);
            if protocol.is_openmetrics() {
                prop_assert_eq!(exemplars(&back), exemplars(&batch));
            }
        }
    }

    #[test]
    fn remote_write_is_read_back(batch in batches()) {
        let body = remote_write::encode(&batch).expect("small");
        let back = remote_write::decode(&body, &Limits::default()).expect("own body");
        prop_assert_eq!(back.skipped_series, 0);
        prop_assert_eq!(rows(&back.batch), rows(&batch));
        prop_assert_eq!(exemplars(&back.batch), exemplars(&batch));
    }

    #[test]
    fn random_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        fuzz::text(&bytes);
        fuzz::openmetrics(&bytes);
        fuzz::remote_write(&bytes);
        fuzz::remote_write_message(&bytes);
    }

    #[test]
    fn random_lines_are_safe(text in "([#{}\",=\\\\ \t\n.a-c0-9]|le|TYPE |HELP |UNIT |EOF|NaN|é){0,60}") {
        fuzz::text(text.as_bytes());
        fuzz::openmetrics(text.as_bytes());
        fuzz::headers(&text);
    }

    #[test]
    fn damaged_bodies_are_safe(
        batch in batches(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in any::<Index>(),
    ) {
        let spoil = |mut body: Vec<u8>| {
            for (at, byte) in &damage {
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = *byte;
                }
            }
            body.truncate(cut.index(body.len() + 1).max(body.len() / 2));
            body
        };
        fuzz::text(&spoil(batch_text(TEXT_PROTOCOLS[0], &batch).into_bytes()));
        fuzz::openmetrics(&spoil(batch_text(TEXT_PROTOCOLS[1], &batch).into_bytes()));
        let mut encoder = Encoder::new();
        fuzz::remote_write(&spoil(encoder.encode(&batch).expect("small")));
        fuzz::remote_write_message(&spoil(encoder.encode_message(&batch).to_vec()));
    }
}
