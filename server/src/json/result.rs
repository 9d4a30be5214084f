//! The value of a query's answer in its `data`: `resultType` first, then `result`.

use narthex_model::{LabelsRef, TimestampMs, push_float};
use narthex_promql::{InstantSample, QueryValue, RangeSeries, SampleValue};

use super::histogram::push_histogram_point;
use super::{push_labels, push_list, push_string, push_timestamp};

/// Writes `"resultType":…,"result":…`, without the braces.
pub(crate) fn push_value(value: &QueryValue, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"resultType\":\"");
    out.extend_from_slice(type_name(value).as_bytes());
    out.extend_from_slice(b"\",\"result\":");
    match value {
        QueryValue::Scalar { timestamp, value } => push_point(*timestamp, *value, out),
        QueryValue::String { timestamp, value } => push_text(*timestamp, value, out),
        QueryValue::Vector(samples) => push_list(b"[]", samples, out, push_sample),
        QueryValue::Matrix(series) => {
            out.reserve(series.iter().map(|s| 128 + s.values.len() * 32).sum());
            push_list(b"[]", series, out, push_series);
        }
    }
}

fn type_name(value: &QueryValue) -> &'static str {
    match value {
        QueryValue::Scalar { .. } => "scalar",
        QueryValue::String { .. } => "string",
        QueryValue::Vector(_) => "vector",
        QueryValue::Matrix(_) => "matrix",
    }
}

fn push_sample(sample: &InstantSample, out: &mut Vec<u8>) {
    push_metric(sample.labels.as_ref(), out);
    match &sample.value {
        SampleValue::Float(value) => {
            out.extend_from_slice(b",\"value\":");
            push_point(sample.timestamp, *value, out);
        }
        SampleValue::Histogram(histogram) => {
            out.extend_from_slice(b",\"histogram\":");
            push_histogram_point(sample.timestamp, histogram, out);
        }
    }
    out.push(b'}');
}

fn push_series(series: &RangeSeries, out: &mut Vec<u8>) {
    push_metric(series.labels.as_ref(), out);
    if !series.timestamps.is_empty() {
        out.extend_from_slice(b",\"values\":");
        let points = series.timestamps.iter().zip(&series.values);
        push_list(b"[]", points, out, |(timestamp, value), out| {
            push_point(*timestamp, *value, out);
        });
    }
    if !series.histograms.is_empty() {
        out.extend_from_slice(b",\"histograms\":");
        push_list(
            b"[]",
            &series.histograms,
            out,
            |(timestamp, histogram), out| {
                push_histogram_point(*timestamp, histogram, out);
            },
        );
    }
    out.push(b'}');
}

fn push_metric(labels: LabelsRef<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"metric\":");
    push_labels(labels, out);
}

fn push_point(timestamp: TimestampMs, value: f64, out: &mut Vec<u8>) {
    out.push(b'[');
    push_timestamp(timestamp, out);
    out.extend_from_slice(b",\"");
    push_float(value, out);
    out.extend_from_slice(b"\"]");
}

fn push_text(timestamp: TimestampMs, value: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    push_timestamp(timestamp, out);
    out.push(b',');
    push_string(value, out);
    out.push(b']');
}
