//! Native histograms as the API shows them: count, sum, and buckets with their bounds.

use narthex_model::{Histogram, TimestampMs, push_float};
use narthex_promql::histograms::{ShownBucket, buckets};

use super::{push_list, push_timestamp};

/// Writes `[time,{"count":…,"sum":…,"buckets":[[rule,lower,upper,count],…]}]`.
pub(super) fn push_histogram_point(
    timestamp: TimestampMs,
    histogram: &Histogram,
    out: &mut Vec<u8>,
) {
    out.push(b'[');
    push_timestamp(timestamp, out);
    out.extend_from_slice(b",{\"count\":");
    push_quoted(histogram.count, out);
    out.extend_from_slice(b",\"sum\":");
    push_quoted(histogram.sum, out);
    let buckets = buckets(histogram);
    if !buckets.is_empty() {
        out.extend_from_slice(b",\"buckets\":");
        push_list(b"[]", &buckets, out, push_bucket);
    }
    out.extend_from_slice(b"}]");
}

fn push_bucket(bucket: &ShownBucket, out: &mut Vec<u8>) {
    out.push(b'[');
    out.push(b'0' + bucket.boundary_rule);
    for number in [bucket.lower, bucket.upper, bucket.count] {
        out.push(b',');
        push_quoted(number, out);
    }
    out.push(b']');
}

fn push_quoted(v: f64, out: &mut Vec<u8>) {
    out.push(b'"');
    push_float(v, out);
    out.push(b'"');
}
