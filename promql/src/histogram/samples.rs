//! Histograms for tests.

use narthex_model::ResetHint;
use proptest::prelude::*;

use super::{CUSTOM_SCHEMA, FloatHistogram};

/// An exponential one; `zero` is the width of the zero bucket and what is in it. Its count is that of its buckets.
pub(super) fn exponential(
    schema: i32,
    zero: (f64, f64),
    positive: &[(i32, f64)],
    negative: &[(i32, f64)],
) -> FloatHistogram {
    let buckets = positive.iter().chain(negative);
    FloatHistogram {
        schema,
        hint: ResetHint::Unknown,
        zero_threshold: zero.0,
        zero_count: zero.1,
        count: zero.1 + buckets.map(|(_, count)| count).sum::<f64>(),
        sum: 0.0,
        positive: positive.iter().copied().collect(),
        negative: negative.iter().copied().collect(),
        bounds: [].into(),
    }
}

/// One with listed bounds.
pub(super) fn custom(bounds: &[f64], buckets: &[(i32, f64)]) -> FloatHistogram {
    FloatHistogram {
        bounds: bounds.into(),
        ..exponential(CUSTOM_SCHEMA, (0.0, 0.0), buckets, &[])
    }
}

fn side() -> impl Strategy<Value = Vec<(i32, f64)>> {
    prop::collection::btree_map(-6_i32..7, (1_u8..9).prop_map(f64::from), 0..5)
        .prop_map(|buckets| buckets.into_iter().collect())
}

/// Any exponential one whose zero bucket cuts none of its buckets.
pub(super) fn any_exponential() -> impl Strategy<Value = FloatHistogram> {
    let zero = (0_i32..6, (0_u8..4).prop_map(f64::from));
    (-2_i32..3, zero, side(), side(), -9_i8..9).prop_map(
        |(schema, (width, in_zero), positive, negative, sum)| {
            let zero = (2_f64.powi(width - 3), in_zero);
            let mut histogram = exponential(schema, zero, &positive, &negative);
            histogram.zero_threshold = 0.0;
            histogram.sum = f64::from(sum);
            histogram.widen_zero(zero.0);
            histogram
        },
    )
}

/// Any one with listed bounds.
pub(super) fn any_custom() -> impl Strategy<Value = FloatHistogram> {
    let bounds = prop::collection::btree_set(-4_i8..5, 0..5);
    bounds.prop_flat_map(|bounds| {
        let bounds: Vec<f64> = bounds.into_iter().map(f64::from).collect();
        let numbers = 0..=bounds.len() as i32;
        let counts = (1_u8..9).prop_map(f64::from);
        prop::collection::btree_map(numbers, counts, 0..5).prop_map(move |buckets| {
            let buckets: Vec<_> = buckets.into_iter().collect();
            custom(&bounds, &buckets)
        })
    })
}
