//! Where buckets begin and end.

use super::bound_table::HALF_TO_ONE;
use super::{CUSTOM_SCHEMA, FloatHistogram};

/// The finest schema: 256 buckets for each power of two.
const SCHEMA_MAX: i32 = 8;
/// The coarsest exponential schema: each bucket spans sixteen powers of two.
const SCHEMA_MIN: i32 = -4;

/// The upper bound of bucket `index`. The last bucket of finite values ends at the greatest float; the next is that of
/// infinities.
pub(super) fn exponential_bound(index: i32, schema: i32) -> f64 {
    let schema = schema.clamp(SCHEMA_MIN, SCHEMA_MAX);
    let (fraction, exponent) = if schema <= 0 {
        (0.5, (i64::from(index) << -schema) + 1)
    } else {
        let within = (index & ((1 << schema) - 1)) as usize;
        let fraction = HALF_TO_ONE[within << (SCHEMA_MAX - schema)];
        (fraction, i64::from(index >> schema) + 1)
    };
    if fraction == 0.5 && exponent == 1025 {
        return f64::MAX;
    }
    times_power_of_two(fraction, exponent)
}

/// `fraction * 2^exponent`, rounded once.
fn times_power_of_two(fraction: f64, exponent: i64) -> f64 {
    let exponent = exponent.clamp(-1_500, 1_500) as i32;
    let half = exponent / 2;
    fraction * power_of_two(half) * power_of_two(exponent - half)
}

/// `2^exponent` for an exponent of a normal float.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

impl<N> FloatHistogram<N> {
    /// The upper bound of bucket `index`, away from zero for negative buckets.
    pub(super) fn bound(&self, index: i32) -> f64 {
        if self.schema == CUSTOM_SCHEMA {
            return custom_bound(index, &self.bounds);
        }
        exponential_bound(index, self.schema)
    }
}

/// The upper bound of custom bucket `index`; bucket -1 would end where the first begins.
pub(super) fn custom_bound(index: i32, bounds: &[f64]) -> f64 {
    match usize::try_from(index) {
        Ok(index) => bounds.get(index).copied().unwrap_or(f64::INFINITY),
        Err(_) => f64::NEG_INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two() {
        assert_eq!(exponential_bound(0, 0), 1.0);
        assert_eq!(exponential_bound(-1, 0), 0.5);
        assert_eq!(exponential_bound(5, 0), 32.0);
        assert_eq!(exponential_bound(2, -1), 16.0);
        assert_eq!(exponential_bound(-1, -4), 2_f64.powi(-16));
        assert_eq!(exponential_bound(4, 2), 2.0);
        assert_eq!(exponential_bound(-1074, 0), f64::from_bits(1));
        assert_eq!(exponential_bound(-1075, 0), 0.0);
    }

    #[test]
    fn the_last_buckets() {
        for schema in SCHEMA_MIN..=SCHEMA_MAX {
            let last = if schema < 0 {
                1024 >> -schema
            } else {
                1024 << schema
            };
            assert!(exponential_bound(last - 1, schema) < f64::MAX);
            assert_eq!(exponential_bound(last, schema), f64::MAX);
            assert_eq!(exponential_bound(last + 1, schema), f64::INFINITY);
            assert_eq!(exponential_bound(i32::MAX, schema), f64::INFINITY);
            assert_eq!(exponential_bound(i32::MIN, schema), 0.0);
        }
    }

    #[test]
    fn fine_schemas_are_near_the_formula() {
        for schema in 1..=SCHEMA_MAX {
            for index in -600..600 {
                let bound = exponential_bound(index, schema);
                let exact = (f64::from(index) / f64::from(1 << schema)).exp2();
                assert!((bound / exact - 1.0).abs() < 2e-15, "{index} {schema}");
                assert_eq!(bound, exponential_bound(index << (8 - schema), 8));
            }
        }
    }

    #[test]
    fn listed_bounds() {
        let bounds = [1.0, 5.0];
        let ends: Vec<_> = (-1..4).map(|i| custom_bound(i, &bounds)).collect();
        assert_eq!(
            ends,
            [f64::NEG_INFINITY, 1.0, 5.0, f64::INFINITY, f64::INFINITY]
        );
    }
}
