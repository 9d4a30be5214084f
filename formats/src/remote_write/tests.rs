//! Remote write against a generated codec, and against bad senders.

use narthex_model::{
    ErrorKind, Histogram, HistogramError, HistogramSample, ResetHint, Span, WriteBatch, is_stale,
    stale_nan,
};
use proptest::prelude::*;
use prost::Message as _;

use super::{Encoder, Limits, decode, decode_message, encode};

use super::witness::{
    self, BucketSpan, Count, Exemplar, Label, MetricMetadata, Sample, TimeSeries, WriteRequest,
    ZeroCount,
};

fn label(name: &str, value: &str) -> Label {
    Label {
        name: name.into(),
        value: value.into(),
    }
}

fn series(labels: &[(&str, &str)]) -> TimeSeries {
    let samples = vec![
        Sample {
            value: 1.5,
            timestamp: -3,
        },
        Sample {
            value: stale_nan(),
            timestamp: 1 << 60,
        },
    ];
    TimeSeries {
        labels: labels.iter().map(|(n, v)| label(n, v)).collect(),
        samples,
        ..Default::default()
    }
}

fn request(timeseries: Vec<TimeSeries>) -> Vec<u8> {
    WriteRequest {
        timeseries,
        metadata: Vec::new(),
    }
    .encode_to_vec()
}

#[test]
fn reads_what_others_write() {
    let mut one = series(&[("__name__", "up"), ("job", "é"), ("gone", "")]);
    one.future = Some(7);
    one.exemplars = vec![
        Exemplar {
            labels: vec![label("trace_id", "x")],
            value: 2.0,
            timestamp: 9,
        },
        Exemplar {
            labels: vec![label("a", "1"), label("a", "2")],
            value: 2.0,
            timestamp: 9,
        },
    ];
    let metadata = MetricMetadata {
        kind: 1,
        family: "up".into(),
        help: "h".into(),
        unit: "u".into(),
    };
    let message = WriteRequest {
        timeseries: vec![one],
        metadata: vec![metadata],
    }
    .encode_to_vec();
    let decoded = decode_message(&message).expect("valid");
    let batch = decoded.batch;
    assert_eq!(
        (decoded.skipped_series, batch.labels(0).to_string()),
        (0, "up{job=\"é\"}".to_owned())
    );
    assert_eq!(
        (batch.sample_series(), batch.timestamps()),
        (&[0, 0][..], &[-3, 1 << 60][..])
    );
    assert!(batch.values()[0] == 1.5 && is_stale(batch.values()[1]));
    assert_eq!(
        (batch.exemplars.len(), batch.exemplars[0].timestamp),
        (1, Some(9))
    );
    assert_eq!(batch.exemplars[0].labels, b"\x08trace_id\x01x");
    let entry = &batch.metadata[0];
    assert_eq!(
        (entry.metric.as_str(), entry.metadata.metric_type.as_str()),
        ("up", "counter")
    );
    assert_eq!(
        (entry.metadata.help.as_str(), entry.metadata.unit.as_str()),
        ("h", "u")
    );
}

#[test]
fn labels_may_stand_behind_samples() {
    let whole = series(&[("__name__", "up"), ("a", "b")]);
    let samples_only = TimeSeries {
        labels: Vec::new(),
        ..whole.clone()
    };
    let labels_only = TimeSeries {
        samples: Vec::new(),
        ..whole
    };
    let inner = [samples_only.encode_to_vec(), labels_only.encode_to_vec()].concat();
    let mut message = vec![1 << 3 | 2, inner.len() as u8];
    message.extend(inner);
    let batch = decode_message(&message).expect("valid").batch;
    assert_eq!(
        (batch.labels(0).to_string(), batch.sample_count()),
        ("up{a=\"b\"}".to_owned(), 2)
    );
}

#[test]
fn invalid_series_are_skipped() {
    let mut not_utf8 = series(&[("__name__", "up")]);
    not_utf8.labels.push(Label {
        name: b"a".to_vec(),
        value: b"\xff".to_vec(),
    });
    let message = request(vec![
        series(&[]),
        series(&[("job", "x")]),
        series(&[("__name__", "")]),
        series(&[("__name__", "up"), ("a", "1"), ("a", "2")]),
        series(&[("__name__", "up"), ("", "1")]),
        not_utf8,
        series(&[("a", "1"), ("__name__", "my.metric")]),
    ]);
    let decoded = decode_message(&message).expect("valid");
    assert_eq!(
        (decoded.skipped_series, decoded.batch.sample_count()),
        (6, 2)
    );
    assert_eq!(decoded.batch.labels(0).to_string(), "my.metric{a=\"1\"}");
}

/// A histogram of integers: buckets 2, 5, 4 in two positive runs, 1 in a negative one.
fn integer_histogram() -> witness::Histogram {
    witness::Histogram {
        count: Some(Count::Int(15)),
        sum: 18.5,
        schema: -2,
        zero_threshold: 0.001,
        zero_count: Some(ZeroCount::Int(3)),
        negative_spans: vec![BucketSpan {
            offset: 0,
            length: 1,
        }],
        negative_deltas: vec![1],
        positive_spans: vec![
            BucketSpan {
                offset: -4,
                length: 2,
            },
            BucketSpan {
                offset: 3,
                length: 1,
            },
        ],
        positive_deltas: vec![2, 3, -1],
        reset_hint: 2,
        timestamp: 42,
        ..Default::default()
    }
}

fn decode_histogram(histogram: witness::Histogram) -> narthex_model::Result<HistogramSample> {
    let labels = vec![label("__name__", "h")];
    let one = TimeSeries {
        labels,
        histograms: vec![histogram],
        ..Default::default()
    };
    let mut decoded = decode_message(&request(vec![one]))?;
    Ok(decoded.batch.histograms.remove(0))
}

#[test]
fn integer_histograms_become_absolute() {
    let want = Histogram {
        schema: -2,
        zero_threshold: 0.001,
        zero_count: 3.0,
        count: 15.0,
        sum: 18.5,
        positive_spans: vec![
            Span {
                offset: -4,
                length: 2,
            },
            Span {
                offset: 3,
                length: 1,
            },
        ],
        positive_buckets: vec![2.0, 5.0, 4.0],
        negative_spans: vec![Span {
            offset: 0,
            length: 1,
        }],
        negative_buckets: vec![1.0],
        custom_values: Vec::new(),
        reset_hint: ResetHint::NotReset,
    };
    let sample = decode_histogram(integer_histogram()).expect("valid");
    assert_eq!(
        sample,
        HistogramSample {
            series: 0,
            timestamp: 42,
            histogram: want,
            start_timestamp: None,
        }
    );
    check_encoded(&sample);
}

#[test]
fn float_histograms_with_custom_bounds() {
    let histogram = witness::Histogram {
        count: Some(Count::Float(3.5)),
        zero_count: Some(ZeroCount::Float(0.0)),
        schema: -53,
        positive_spans: vec![BucketSpan {
            offset: 0,
            length: 3,
        }],
        positive_counts: vec![1.0, 0.5, 2.0],
        custom_values: vec![0.1, 1.0],
        reset_hint: 3,
        ..Default::default()
    };
    let sample = decode_histogram(histogram).expect("valid");
    assert_eq!(sample.histogram.positive_buckets, [1.0, 0.5, 2.0]);
    assert_eq!(
        (
            sample.histogram.custom_values.as_slice(),
            sample.histogram.count
        ),
        (&[0.1, 1.0][..], 3.5)
    );
    assert_eq!(sample.histogram.reset_hint, ResetHint::Gauge);
    check_encoded(&sample);
}

/// Our encoder writes `sample` so that both decoders read it.
fn check_encoded(sample: &HistogramSample) {
    let mut batch = WriteBatch::new();
    batch.push_series(&mut [("__name__", "h")]).expect("valid");
    batch.histograms.push(sample.clone());
    let mut encoder = Encoder::new();
    let message = encoder.encode_message(&batch);
    assert_eq!(
        decode_message(message)
            .expect("own message")
            .batch
            .histograms,
        std::slice::from_ref(sample)
    );
    let others = WriteRequest::decode(message)
        .expect("own message")
        .timeseries
        .remove(0)
        .histograms
        .remove(0);
    assert_eq!(others.positive_counts, sample.histogram.positive_buckets);
    assert_eq!(
        (others.timestamp, others.schema),
        (sample.timestamp, sample.histogram.schema)
    );
}

#[test]
fn contradicting_histograms_come_as_they_are() {
    let good = integer_histogram();
    let cases = [
        (
            witness::Histogram {
                positive_deltas: vec![1],
                ..good.clone()
            },
            HistogramError::BucketCount,
        ),
        (
            witness::Histogram {
                negative_deltas: vec![],
                ..good.clone()
            },
            HistogramError::BucketCount,
        ),
        (
            witness::Histogram {
                schema: 99,
                ..good.clone()
            },
            HistogramError::Schema,
        ),
        (
            witness::Histogram {
                positive_spans: vec![
                    BucketSpan {
                        offset: 1,
                        length: 2,
                    },
                    BucketSpan {
                        offset: -1,
                        length: 1,
                    },
                ],
                ..good.clone()
            },
            HistogramError::Spans,
        ),
        (
            witness::Histogram {
                positive_spans: vec![
                    BucketSpan {
                        offset: 0,
                        length: u32::MAX
                    };
                    9
                ],
                ..good
            },
            HistogramError::Spans,
        ),
    ];
    for (histogram, want) in cases {
        let sample = decode_histogram(histogram).expect("whole");
        assert_eq!(sample.histogram.as_ref().check(), Err(want));
    }
}

#[test]
fn others_read_what_we_write() {
    let mut batch = WriteBatch::new();
    let a = batch
        .push_series(&mut [("__name__", "a"), ("x", "y")])
        .expect("valid");
    let b = batch.push_series(&mut [("__name__", "b")]).expect("valid");
    for (series, timestamp, value) in [(b, 1, 1.0), (a, -2, 2.0), (b, 3, 3.0)] {
        batch.push_sample(series, timestamp, value);
    }
    let body = encode(&batch).expect("small");
    let message = snap::raw::Decoder::new()
        .decompress_vec(&body)
        .expect("snappy");
    let sample = |timestamp, value| Sample { value, timestamp };
    let one = |labels: &[(&str, &str)], samples| TimeSeries {
        samples,
        ..series(labels)
    };
    let want = vec![
        one(&[("__name__", "a"), ("x", "y")], vec![sample(-2, 2.0)]),
        one(&[("__name__", "b")], vec![sample(1, 1.0), sample(3, 3.0)]),
    ];
    assert_eq!(
        WriteRequest::decode(&message[..])
            .expect("own message")
            .timeseries,
        want
    );
}

#[test]
fn snappy_bombs_are_refused_before_they_unfold() {
    let zeros = snap::raw::Encoder::new()
        .compress_vec(&vec![0; 1 << 20])
        .expect("small");
    let limits = Limits {
        decoded_bytes_max: (1 << 20) - 1,
    };
    let error = decode(&zeros, &limits).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::Limit);
    // A length of nearly 32 MiB on a body of five bytes.
    let error = decode(&[0xff, 0xff, 0xff, 0x0f, 0], &Limits::default()).expect_err("a lie");
    assert!(
        error.kind() == ErrorKind::Invalid && error.message().contains("more than it can hold"),
        "{error}"
    );
    for body in [&b""[..], b"\xff", b"not snappy at all", b"\x05\x00"] {
        assert_eq!(
            decode(body, &Limits::default())
                .expect_err("damaged")
                .kind(),
            ErrorKind::Invalid
        );
    }
}

#[test]
fn empty_requests_are_fine() {
    let decoded = decode(
        &encode(&WriteBatch::new()).expect("small"),
        &Limits::default(),
    )
    .expect("valid");
    assert!(decoded.batch.is_empty());
}

#[test]
fn damage_is_located() {
    let cases: [(&[u8], &str); 7] = [
        (b"\x0a\x05ab", "length beyond the end at byte 2"),
        (
            b"\x0a\x13\x0a\x0d\x0a\x08__name__\x12\x01a\x12\x02\x09\x00",
            "truncated number at byte 20",
        ),
        (b"\x08\xff", "truncated varint at byte 1"),
        (
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            "varint of more than ten bytes at byte 1",
        ),
        (b"\x0b", "unknown wire type at byte 0"),
        (b"\x00\x00", "field number out of range at byte 0"),
        (b"\x15\x00", "length beyond the end at byte 1"),
    ];
    for (message, want) in cases {
        let error = decode_message(message).expect_err(want);
        assert_eq!(
            error.message(),
            format!("malformed remote write message: {want}")
        );
    }
}

/// Spans and as many bucket counts as they hold.
fn buckets() -> impl Strategy<Value = (Vec<Span>, Vec<f64>)> {
    prop::collection::vec((0i32..40, prop::collection::vec(0.0..1e9f64, 0..5)), 0..4).prop_map(
        |runs| {
            let span = |(offset, counts): &(i32, Vec<f64>)| Span {
                offset: *offset,
                length: counts.len() as u32,
            };
            (
                runs.iter().map(span).collect(),
                runs.iter().flat_map(|run| run.1.iter().copied()).collect(),
            )
        },
    )
}

proptest! {
    #[test]
    fn histograms_are_read_back(
        schema in -4i32..=8,
        numbers in any::<[u32; 4]>(),
        (positive_spans, positive_buckets) in buckets(),
        (negative_spans, negative_buckets) in buckets(),
        timestamp in any::<i64>(),
    ) {
        let [zero_threshold, zero_count, count, sum] = numbers.map(f64::from);
        let histogram = Histogram {
            schema,
            zero_threshold,
            zero_count,
            count,
            sum,
            positive_spans,
            positive_buckets,
            negative_spans,
            negative_buckets,
            custom_values: Vec::new(),
            reset_hint: ResetHint::Reset,
        };
        check_encoded(&HistogramSample { series: 0, timestamp, histogram, start_timestamp: None });
    }
}
