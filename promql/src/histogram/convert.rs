//! From histograms with spans, as they are stored, and back.

use narthex_model::{Histogram, HistogramRef, Span};

use super::{Buckets, FloatHistogram};

impl From<&HistogramRef<'_>> for FloatHistogram {
    fn from(stored: &HistogramRef<'_>) -> Self {
        Self {
            schema: stored.schema,
            hint: stored.reset_hint,
            zero_threshold: stored.zero_threshold,
            zero_count: stored.zero_count,
            count: stored.count,
            sum: stored.sum,
            positive: sparse(stored.positive_spans, stored.positive_buckets),
            negative: sparse(stored.negative_spans, stored.negative_buckets),
            bounds: stored.custom_values.into(),
        }
    }
}

impl From<&FloatHistogram> for Histogram {
    fn from(histogram: &FloatHistogram) -> Self {
        Self {
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            zero_count: histogram.zero_count,
            count: histogram.count,
            sum: histogram.sum,
            positive_spans: spans(&histogram.positive.index),
            positive_buckets: histogram.positive.count.clone(),
            negative_spans: spans(&histogram.negative.index),
            negative_buckets: histogram.negative.count.clone(),
            custom_values: histogram.bounds.to_vec(),
            reset_hint: histogram.hint,
        }
    }
}

/// The buckets of spans with their numbers.
fn sparse(spans: &[Span], counts: &[f64]) -> Buckets {
    let mut next = 0_i32;
    let numbers = spans.iter().flat_map(|span| {
        let first = next.saturating_add(span.offset);
        next = first.saturating_add_unsigned(span.length);
        first..next
    });
    numbers.zip(counts.iter().copied()).collect()
}

/// The runs of consecutive numbers.
fn spans(index: &[i32]) -> Vec<Span> {
    let mut end = 0_i32;
    let runs = index.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let spans = runs.map(|run| {
        let first = run.first().copied().unwrap_or(end);
        let span = Span {
            offset: first.saturating_sub(end),
            length: run.len() as u32,
        };
        end = first.saturating_add_unsigned(span.length);
        span
    });
    spans.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{any_custom, any_exponential};
    use super::*;

    #[test]
    fn spans_with_gaps_and_empty_buckets() {
        let span = |offset, length| Span { offset, length };
        let stored = Histogram {
            positive_spans: vec![span(-2, 2), span(0, 1), span(3, 2)],
            positive_buckets: vec![1.0, 0.0, 2.0, 3.0, 4.0],
            ..Histogram::default()
        };
        let histogram = FloatHistogram::from(&stored.as_ref());
        let buckets: Vec<_> = histogram.positive.iter().collect();
        assert_eq!(
            buckets,
            [(-2, 1.0), (-1, 0.0), (0, 2.0), (4, 3.0), (5, 4.0)]
        );
        let back = Histogram::from(&histogram);
        assert_eq!(back.positive_spans, [span(-2, 3), span(3, 2)]);
        assert_eq!(back.as_ref().check(), Ok(()));
    }

    proptest! {
        #[test]
        fn there_and_back(histogram in prop_oneof![any_exponential(), any_custom()]) {
            let stored = Histogram::from(&histogram);
            prop_assert_eq!(stored.as_ref().check(), Ok(()));
            prop_assert_eq!(FloatHistogram::from(&stored.as_ref()), histogram);
        }
    }
}
