//! Native histograms of a remote write message.
//!
//! ```text
//! Histogram  1 count (uint64)   2 count (double)   3 sum   4 schema (sint32)   5 zero threshold
//!            6 zero count (uint64)   7 zero count (double)
//!            8 negative span*   9 negative delta* (sint64)   10 negative count* (double)
//!            11 positive span*  12 positive delta* (sint64)  13 positive count* (double)
//!            14 reset hint   15 timestamp (int64, ms)   16 custom value* (double)
//! Span       1 offset (sint32)   2 length (uint32)
//! ```
//!
//! Histograms of integers have deltas, each from the bucket before; histograms of floats have counts.

use narthex_model::{Histogram, ResetHint, Span, TimestampMs};

use super::wire::{Malformed, Message, Value, push_varint, zigzag};

/// Reads a histogram sample. Whether it makes sense is not looked at: one that does not is no reason to refuse the others.
///
/// # Errors
/// It is damaged.
pub(super) fn read_histogram(
    mut message: Message<'_>,
) -> Result<(TimestampMs, Histogram), Malformed> {
    let mut timestamp = 0;
    let mut h = Histogram::default();
    let (mut negative, mut positive) = (0, 0);
    while let Some(field) = message.field()? {
        match field {
            (1, Value::Varint(count)) => h.count = count as f64,
            (2, Value::Fixed64(bits)) => h.count = f64::from_bits(bits),
            (3, Value::Fixed64(bits)) => h.sum = f64::from_bits(bits),
            (4, Value::Varint(schema)) => h.schema = zigzag(schema) as i32,
            (5, Value::Fixed64(bits)) => h.zero_threshold = f64::from_bits(bits),
            (6, Value::Varint(count)) => h.zero_count = count as f64,
            (7, Value::Fixed64(bits)) => h.zero_count = f64::from_bits(bits),
            (8, Value::Bytes(span)) => h.negative_spans.push(read_span(span)?),
            (9, deltas) => read_deltas(deltas, &mut negative, &mut h.negative_buckets)?,
            (10, counts) => read_doubles(counts, &mut h.negative_buckets)?,
            (11, Value::Bytes(span)) => h.positive_spans.push(read_span(span)?),
            (12, deltas) => read_deltas(deltas, &mut positive, &mut h.positive_buckets)?,
            (13, counts) => read_doubles(counts, &mut h.positive_buckets)?,
            (14, Value::Varint(code)) => h.reset_hint = reset_hint(code),
            (15, Value::Varint(millis)) => timestamp = millis as i64,
            (16, values) => read_doubles(values, &mut h.custom_values)?,
            _ => {}
        }
    }
    Ok((timestamp, h))
}

fn read_span(mut message: Message<'_>) -> Result<Span, Malformed> {
    let mut span = Span {
        offset: 0,
        length: 0,
    };
    while let Some(field) = message.field()? {
        match field {
            (1, Value::Varint(offset)) => span.offset = zigzag(offset) as i32,
            (2, Value::Varint(length)) => span.length = length as u32,
            _ => {}
        }
    }
    Ok(span)
}

/// Reads deltas, packed or one by one, as counts; `count` is the last one.
fn read_deltas(value: Value<'_>, count: &mut i64, out: &mut Vec<f64>) -> Result<(), Malformed> {
    let mut push = |delta| {
        *count = count.saturating_add(zigzag(delta));
        out.push(*count as f64);
    };
    match value {
        Value::Varint(delta) => push(delta),
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                push(packed.varint()?);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Reads doubles, packed or one by one.
fn read_doubles(value: Value<'_>, out: &mut Vec<f64>) -> Result<(), Malformed> {
    match value {
        Value::Fixed64(bits) => out.push(f64::from_bits(bits)),
        Value::Bytes(mut packed) => {
            out.reserve(packed.bytes().len() / 8);
            while !packed.is_empty() {
                out.push(f64::from_bits(packed.fixed64()?));
            }
        }
        _ => {}
    }
    Ok(())
}

fn reset_hint(code: u64) -> ResetHint {
    let code = u8::try_from(code).ok();
    code.and_then(ResetHint::of_code).unwrap_or_default()
}

/// Appends the fields of a histogram sample, as a histogram of floats.
pub(super) fn push_histogram(out: &mut Vec<u8>, timestamp: TimestampMs, h: &Histogram) {
    push_double(out, 2, h.count);
    push_double(out, 3, h.sum);
    push_tagged_varint(out, 4, unzigzag(h.schema));
    push_double(out, 5, h.zero_threshold);
    push_double(out, 7, h.zero_count);
    push_spans(out, 8, &h.negative_spans);
    push_doubles(out, 10, &h.negative_buckets);
    push_spans(out, 11, &h.positive_spans);
    push_doubles(out, 13, &h.positive_buckets);
    push_tagged_varint(out, 14, u64::from(h.reset_hint.code()));
    push_tagged_varint(out, 15, timestamp as u64);
    push_doubles(out, 16, &h.custom_values);
}

fn push_tagged_varint(out: &mut Vec<u8>, field: u64, value: u64) {
    push_varint(out, field << 3);
    push_varint(out, value);
}

fn push_double(out: &mut Vec<u8>, field: u64, value: f64) {
    push_varint(out, field << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn push_doubles(out: &mut Vec<u8>, field: u64, values: &[f64]) {
    if values.is_empty() {
        return;
    }
    push_varint(out, field << 3 | 2);
    push_varint(out, values.len() as u64 * 8);
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn push_spans(out: &mut Vec<u8>, field: u64, spans: &[Span]) {
    let mut span_bytes = Vec::new();
    for span in spans {
        span_bytes.clear();
        push_tagged_varint(&mut span_bytes, 1, unzigzag(span.offset));
        push_tagged_varint(&mut span_bytes, 2, u64::from(span.length));
        push_varint(out, field << 3 | 2);
        push_varint(out, span_bytes.len() as u64);
        out.extend_from_slice(&span_bytes);
    }
}

fn unzigzag(value: i32) -> u64 {
    let value = i64::from(value);
    ((value << 1) ^ (value >> 63)) as u64
}
