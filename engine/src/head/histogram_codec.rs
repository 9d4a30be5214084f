//! One histogram sample as bytes: counts that are whole numbers become short differences from bucket to bucket, and what
//! seldom changes (schema, width of the zero bucket, spans, custom bounds: the layout) stands once for many samples.

use narthex_model::{Histogram, HistogramRef, ResetHint, Span};

use crate::varint;

/// The two lowest bits are the reset hint.
const HINT_MASK: u8 = 0b11;
/// The layout is that of the record before it.
const SAME_LAYOUT: u8 = 1 << 2;
/// All counts are whole numbers.
const WHOLE: u8 = 1 << 3;
/// There is a start timestamp.
const STARTED: u8 = 1 << 4;
/// No histogram: the one that was there counts no more.
const REMOVED: u8 = 1 << 5;

/// Above it not every whole number is a float.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Writes records one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Encoder {
    /// The newest layout, as it stands in the bytes.
    layout: Vec<u8>,
}

/// Reads records one after the other.
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    /// What was read last; its lists are used again.
    histogram: Histogram,
}

/// What a record says.
pub(super) struct Record<'d> {
    /// From the start of the window, in milliseconds.
    pub(super) offset_ms: u32,
    /// Milliseconds since the epoch; 0 if it is not known.
    pub(super) start: i64,
    /// `None`: the histogram that was there counts no more.
    pub(super) histogram: Option<&'d Histogram>,
}

impl Encoder {
    /// The next record shall not refer to those before it.
    pub(super) fn restart(&mut self) {
        self.layout.clear();
    }

    /// Appends a histogram.
    pub(super) fn push(
        &mut self,
        offset_ms: u32,
        start: i64,
        histogram: &HistogramRef<'_>,
        out: &mut Vec<u8>,
    ) {
        let mut layout = Vec::new();
        push_layout(histogram, &mut layout);
        let same = layout == self.layout;
        let whole = counts(histogram).all(is_whole);
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        out.extend_from_slice(&offset_ms.to_le_bytes());
        out.push(
            histogram.reset_hint.code()
                | flag(same, SAME_LAYOUT)
                | flag(whole, WHOLE)
                | flag(start != 0, STARTED),
        );
        if !same {
            out.extend_from_slice(&layout);
            self.layout = layout;
        }
        if start != 0 {
            varint::push_signed(start, out);
        }
        out.extend_from_slice(&histogram.sum.to_le_bytes());
        let mut before = 0;
        for count in counts(histogram) {
            if whole {
                varint::push_signed(count as i64 - before, out);
                before = count as i64;
            } else {
                out.extend_from_slice(&count.to_le_bytes());
            }
        }
    }

    /// Appends that the histogram there counts no more.
    pub(super) fn push_removal(offset_ms: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&offset_ms.to_le_bytes());
        out.push(REMOVED);
    }
}

fn counts<'a>(histogram: &HistogramRef<'a>) -> impl Iterator<Item = f64> + use<'a> {
    let buckets = histogram.positive_buckets.iter();
    [histogram.count, histogram.zero_count]
        .into_iter()
        .chain(buckets.chain(histogram.negative_buckets).copied())
}

/// Negative zero is none: its sign would be lost.
fn is_whole(count: f64) -> bool {
    (0.0..=WHOLE_MAX).contains(&count) && count.fract() == 0.0 && count.is_sign_positive()
}

fn push_layout(histogram: &HistogramRef<'_>, out: &mut Vec<u8>) {
    varint::push_signed(i64::from(histogram.schema), out);
    out.extend_from_slice(&histogram.zero_threshold.to_le_bytes());
    for spans in [histogram.positive_spans, histogram.negative_spans] {
        varint::push(spans.len() as u64, out);
        for span in spans {
            varint::push_signed(i64::from(span.offset), out);
            varint::push(u64::from(span.length), out);
        }
    }
    varint::push(histogram.custom_values.len() as u64, out);
    for bound in histogram.custom_values {
        out.extend_from_slice(&bound.to_le_bytes());
    }
}

impl<'a> Decoder<'a> {
    /// Reads from the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            histogram: Histogram::default(),
        }
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Record<'_>> {
        let (offset_ms, rest) = self.bytes.split_first_chunk::<4>()?;
        let (flags, rest) = rest.split_first()?;
        self.bytes = rest;
        let offset_ms = u32::from_le_bytes(*offset_ms);
        if flags & REMOVED != 0 {
            return Some(Record {
                offset_ms,
                start: 0,
                histogram: None,
            });
        }
        self.histogram.reset_hint = ResetHint::of_code(flags & HINT_MASK)?;
        if flags & SAME_LAYOUT == 0 {
            self.take_layout()?;
        }
        let start = if flags & STARTED != 0 {
            varint::take_signed(&mut self.bytes)?
        } else {
            0
        };
        self.histogram.sum = varint::take_float(&mut self.bytes)?;
        self.take_counts(flags & WHOLE != 0)?;
        Some(Record {
            offset_ms,
            start,
            histogram: Some(&self.histogram),
        })
    }

    fn take_layout(&mut self) -> Option<()> {
        let (bytes, histogram) = (&mut self.bytes, &mut self.histogram);
        histogram.schema = i32::try_from(varint::take_signed(bytes)?).ok()?;
        histogram.zero_threshold = varint::take_float(bytes)?;
        for spans in [&mut histogram.positive_spans, &mut histogram.negative_spans] {
            spans.clear();
            for _ in 0..varint::take(bytes)? {
                spans.push(Span {
                    offset: i32::try_from(varint::take_signed(bytes)?).ok()?,
                    length: u32::try_from(varint::take(bytes)?).ok()?,
                });
            }
        }
        histogram.custom_values.clear();
        for _ in 0..varint::take(bytes)? {
            histogram.custom_values.push(varint::take_float(bytes)?);
        }
        Some(())
    }

    fn take_counts(&mut self, whole: bool) -> Option<()> {
        let (bytes, histogram) = (&mut self.bytes, &mut self.histogram);
        let mut before = 0_i64;
        let mut take = || {
            if !whole {
                return varint::take_float(bytes);
            }
            before = before.checked_add(varint::take_signed(bytes)?)?;
            Some(before as f64)
        };
        histogram.count = take()?;
        histogram.zero_count = take()?;
        for (spans, buckets) in [
            (&histogram.positive_spans, &mut histogram.positive_buckets),
            (&histogram.negative_spans, &mut histogram.negative_buckets),
        ] {
            buckets.clear();
            for _ in 0..spans.iter().map(|s| u64::from(s.length)).sum() {
                buckets.push(take()?);
            }
        }
        Some(())
    }
}
