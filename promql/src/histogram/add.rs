//! Adding and subtracting histograms, whose buckets may differ.

use std::borrow::Cow;

use super::custom::{common_bounds, onto};
use super::hint;
use super::tally::Tally;
use super::{Buckets, FloatHistogram};

/// Exponential and listed bounds do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Incompatible;

/// What there is to say of a sum or difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Combined {
    /// The hints contradicted each other.
    pub(crate) collision: bool,
    /// The listed bounds differed; only those in both are left.
    pub(crate) reconciled: bool,
}

impl<N: Tally> FloatHistogram<N> {
    /// Adds `other`. The coarser buckets and the wider zero bucket win.
    ///
    /// # Errors
    /// One has exponential, the other listed bounds.
    pub(crate) fn add(&mut self, other: &FloatHistogram) -> Result<Combined, Incompatible> {
        self.combine(other, 1.0)
    }

    /// Subtracts `other`. The hint is that of a sum; where the difference is a gauge, the caller says so.
    ///
    /// # Errors
    /// One has exponential, the other listed bounds.
    pub(crate) fn sub(&mut self, other: &FloatHistogram) -> Result<Combined, Incompatible> {
        self.combine(other, -1.0)
    }

    fn combine(&mut self, other: &FloatHistogram, sign: f64) -> Result<Combined, Incompatible> {
        if self.is_custom() != other.is_custom() {
            return Err(Incompatible);
        }
        let mut combined = Combined::default();
        (self.hint, combined.collision) = hint::combine(self.hint, other.hint);
        self.count.add(sign * other.count);
        self.sum.add(sign * other.sum);
        if self.is_custom() {
            combined.reconciled = self.combine_custom(other, sign);
        } else {
            self.combine_exponential(other, sign);
        }
        self.drop_empty();
        Ok(combined)
    }

    /// Whether the bounds differed.
    fn combine_custom(&mut self, other: &FloatHistogram, sign: f64) -> bool {
        if self.bounds == other.bounds {
            self.positive.add(&other.positive, sign);
            return false;
        }
        let common = common_bounds(&self.bounds, &other.bounds);
        self.positive = onto(&self.positive, &self.bounds, &common);
        self.positive
            .add(&onto(&other.positive, &other.bounds, &common), sign);
        self.bounds = common;
        true
    }

    fn combine_exponential(&mut self, other: &FloatHistogram, sign: f64) {
        let zero = self.reconcile_zero(other);
        self.zero_count.add(sign * zero);
        self.coarsen(other.schema);
        let [positive, negative] = [&other.positive, &other.negative].map(|side| {
            let side = coarsened(side, other.schema, self.schema);
            self.beyond_zero(side)
        });
        self.positive.add(&positive, sign);
        self.negative.add(&negative, sign);
    }

    /// Joins buckets until the schema is `schema`, if that is a coarser one.
    pub(super) fn coarsen(&mut self, schema: i32) {
        if let Ok(doublings @ 1..) = u32::try_from(self.schema - schema) {
            self.positive.coarsen(doublings);
            self.negative.coarsen(doublings);
            self.schema = schema;
        }
    }

    /// The buckets that do not end within the zero bucket.
    pub(super) fn beyond_zero<'a>(&self, mut side: Cow<'a, Buckets>) -> Cow<'a, Buckets> {
        let within = side
            .index
            .partition_point(|index| self.bound(*index) <= self.zero_threshold);
        if within > 0 {
            side.to_mut().drop_first(within);
        }
        side
    }
}

/// The buckets of a side in the schema `to`, if that is coarser than `from`.
pub(super) fn coarsened(side: &Buckets, from: i32, to: i32) -> Cow<'_, Buckets> {
    match u32::try_from(from - to) {
        Ok(doublings @ 1..) => {
            let mut coarse = side.clone();
            coarse.coarsen(doublings);
            Cow::Owned(coarse)
        }
        _ => Cow::Borrowed(side),
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::ResetHint;
    use proptest::prelude::*;

    use super::super::samples::{any_custom, any_exponential, custom, exponential};
    use super::*;

    #[test]
    fn different_schemas() {
        let mut fine = exponential(1, (0.0, 0.0), &[(1, 1.0), (2, 2.0), (3, 4.0)], &[]);
        let coarse = exponential(0, (0.0, 0.0), &[(1, 1.0)], &[(2, 1.0)]);
        let mut reverse = coarse.clone();
        assert_eq!(fine.clone().add(&coarse), Ok(Combined::default()));
        assert_eq!(reverse.add(&fine), Ok(Combined::default()));
        assert_eq!(fine.add(&coarse), Ok(Combined::default()));
        assert_eq!(
            fine,
            exponential(0, (0.0, 0.0), &[(1, 4.0), (2, 4.0)], &[(2, 1.0)])
        );
        assert_eq!(fine, reverse);
    }

    #[test]
    fn different_bounds() {
        let mut sum = custom(&[2.0, 4.0, 6.0], &[(0, 1.0), (1, 2.0), (3, 5.0)]);
        let other = custom(&[4.0, 5.0], &[(0, 1.0), (1, 1.0), (2, 1.0)]);
        assert!(sum.add(&other).is_ok_and(|combined| combined.reconciled));
        assert_eq!(sum, custom(&[4.0], &[(0, 4.0), (1, 7.0)]));
    }

    #[test]
    fn exponential_and_custom() {
        let mut sum = custom(&[1.0], &[(0, 1.0)]);
        assert_eq!(
            sum.add(&exponential(0, (0.0, 0.0), &[], &[])),
            Err(Incompatible)
        );
        assert_eq!(
            sum.sub(&exponential(0, (0.0, 0.0), &[], &[])),
            Err(Incompatible)
        );
    }

    #[test]
    fn hints_collide() {
        let mut sum = custom(&[], &[]);
        sum.hint = ResetHint::Reset;
        let mut other = custom(&[], &[]);
        other.hint = ResetHint::NotReset;
        assert!(sum.add(&other).is_ok_and(|combined| combined.collision));
        assert_eq!(sum.hint, ResetHint::Unknown);
    }

    /// How much lies at or below `at`, which must be a bound.
    fn below(histogram: &FloatHistogram, at: f64) -> f64 {
        let buckets = histogram.buckets().filter(|b| b.upper <= at);
        buckets.map(|b| b.count).sum()
    }

    proptest! {
        #[test]
        fn nothing_is_lost(a in any_exponential(), b in any_exponential()) {
            // Where a zero bucket cuts a bucket of the coarser schema, Prometheus counts observations twice.
            let cut = a.schema != b.schema;
            let mut sum = a.clone();
            sum.add(&b).expect("both are exponential");
            prop_assert_eq!(sum.count, a.count + b.count);
            prop_assert_eq!(sum.schema, a.schema.min(b.schema));
            prop_assert!(sum.zero_threshold >= a.zero_threshold.max(b.zero_threshold));
            if !cut {
                let everything = below(&sum, f64::INFINITY);
                prop_assert_eq!(everything, sum.count);
                for bucket in sum.buckets() {
                    prop_assert_eq!(below(&sum, bucket.upper), below(&a, bucket.upper) + below(&b, bucket.upper));
                }
                let mut difference = sum;
                difference.sub(&b).expect("both are exponential");
                prop_assert_eq!(below(&difference, f64::INFINITY), a.count);
            }
        }

        #[test]
        fn nothing_is_lost_with_bounds(a in any_custom(), b in any_custom()) {
            let mut sum = a.clone();
            sum.add(&b).expect("both have bounds");
            prop_assert_eq!(below(&sum, f64::INFINITY), a.count + b.count);
            for bound in sum.bounds.iter() {
                prop_assert_eq!(below(&sum, *bound), below(&a, *bound) + below(&b, *bound));
            }
        }
    }
}
