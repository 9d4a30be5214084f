//! Native histograms of any kind, for property tests.

use narthex_model::{Histogram, ResetHint, Span, stale_nan};
use proptest::prelude::*;

/// A histogram that makes sense: any schema, whole or broken counts, gaps, custom bounds, or a stale marker.
pub(crate) fn histogram() -> impl Strategy<Value = Histogram> {
    prop_oneof![
        6 => exponential(),
        2 => custom(),
        1 => Just(Histogram { sum: stale_nan(), ..Histogram::default() }),
    ]
}

fn count() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0..1000_u32).prop_map(f64::from),
        1 => 0.0..1e18_f64,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, -0.0, 9_007_199_254_740_992.0, 9_007_199_254_740_994.0]),
    ]
}

fn hint() -> impl Strategy<Value = ResetHint> {
    prop::sample::select(vec![
        ResetHint::Unknown,
        ResetHint::Reset,
        ResetHint::NotReset,
        ResetHint::Gauge,
    ])
}

/// Spans and a count for each of their buckets.
fn side() -> impl Strategy<Value = (Vec<Span>, Vec<f64>)> {
    let spans = (
        -20..20_i32,
        prop::collection::vec((0..4_i32, 0..4_u32), 0..4),
    );
    spans.prop_flat_map(|(first, spans)| {
        let span = |(i, (gap, length))| Span {
            offset: if i == 0 { first } else { gap },
            length,
        };
        let spans: Vec<Span> = spans.into_iter().enumerate().map(span).collect();
        let buckets = spans.iter().map(|s| s.length as usize).sum::<usize>();
        (Just(spans), prop::collection::vec(count(), buckets))
    })
}

fn exponential() -> impl Strategy<Value = Histogram> {
    let numbers = (count(), count(), any::<f64>(), 0.0..1.0_f64);
    (-4..=8_i32, numbers, side(), side(), hint()).prop_map(
        |(schema, (count, zero_count, sum, zero_threshold), positive, negative, reset_hint)| {
            Histogram {
                schema,
                zero_threshold,
                zero_count,
                count,
                sum,
                positive_spans: positive.0,
                positive_buckets: positive.1,
                negative_spans: negative.0,
                negative_buckets: negative.1,
                custom_values: Vec::new(),
                reset_hint,
            }
        },
    )
}

fn custom() -> impl Strategy<Value = Histogram> {
    let buckets = prop::collection::vec(count(), 1..8);
    (buckets, count(), any::<f64>(), hint()).prop_map(|(buckets, count, sum, reset_hint)| {
        let bounds = (1..buckets.len()).map(|i| i as f64 / 4.0);
        Histogram {
            schema: -53,
            count,
            sum,
            positive_spans: vec![Span {
                offset: 0,
                length: buckets.len() as u32,
            }],
            custom_values: bounds.collect(),
            positive_buckets: buckets,
            reset_hint,
            ..Histogram::default()
        }
    })
}
