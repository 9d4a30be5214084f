//! `histogram_quantile` of a native histogram.

use super::{Bucket, FloatHistogram, HistogramNote};

impl FloatHistogram {
    /// The value below which the share `phi` of all observations lies.
    ///
    /// Between the bounds of a bucket it is found on a logarithmic scale; in the zero bucket and with listed bounds on a
    /// linear one. Observations of NaN count as the highest ones.
    pub(crate) fn quantile(&self, phi: f64) -> (f64, Option<HistogramNote>) {
        if phi < 0.0 {
            return (f64::NEG_INFINITY, None);
        }
        if phi > 1.0 {
            return (f64::INFINITY, None);
        }
        if self.count == 0.0 || phi.is_nan() {
            return (f64::NAN, None);
        }
        // From the nearer end; but NaNs are in no bucket, so that only the lower end is certain then.
        if self.sum.is_nan() || phi < 0.5 {
            self.quantile_from(self.buckets(), phi * self.count, true)
        } else {
            self.quantile_from(self.buckets().rev(), (1.0 - phi) * self.count, false)
        }
    }

    /// The value at `rank`, counted from one end.
    fn quantile_from(
        &self,
        mut buckets: impl Iterator<Item = Bucket>,
        rank: f64,
        upwards: bool,
    ) -> (f64, Option<HistogramNote>) {
        let mut seen = 0.0;
        let mut found = Bucket::AT_ZERO;
        for bucket in buckets.by_ref() {
            seen += bucket.count;
            found = bucket;
            if seen >= rank {
                break;
            }
        }
        let nans = || self.nans(seen, buckets);
        let bucket = match self.within_reason(found) {
            Ok(bucket) => bucket,
            Err(end) => return (end, None),
        };
        // Rounding may have made the buckets larger than the whole.
        let seen = seen.min(self.count);
        if seen < rank {
            return match self.sum.is_nan() {
                true => (f64::NAN, Some(HistogramNote::QuantileIsNan)),
                false => (bucket.upper, None),
            };
        }
        let rank = if upwards {
            rank - (seen - bucket.count)
        } else {
            seen - rank
        };
        (self.between(&bucket, rank / bucket.count), nans())
    }

    /// The bucket with bounds that can be interpolated between; or the value to take instead.
    fn within_reason(&self, mut bucket: Bucket) -> Result<Bucket, f64> {
        if !self.is_custom() {
            let zero = bucket.lower < 0.0 && bucket.upper > 0.0;
            return Ok(bucket.on(self.only_side().filter(|_| zero)));
        }
        if bucket.lower == f64::NEG_INFINITY {
            if bucket.upper <= 0.0 {
                return Err(bucket.upper);
            }
            bucket.lower = 0.0;
        } else if bucket.upper == f64::INFINITY {
            return Err(bucket.lower);
        }
        Ok(bucket)
    }

    /// Whether observations of NaN push the quantile upwards: those are counted, but not in the buckets, of which `rest`
    /// are not among the `seen` ones yet.
    fn nans(&self, seen: f64, rest: impl Iterator<Item = Bucket>) -> Option<HistogramNote> {
        if !self.sum.is_nan() {
            return None;
        }
        let in_buckets = rest.fold(seen, |seen, bucket| seen + bucket.count);
        (in_buckets < self.count).then_some(HistogramNote::QuantileIsSkewed)
    }

    /// The value that has `share` of the bucket below it.
    fn between(&self, bucket: &Bucket, share: f64) -> f64 {
        let (lower, upper) = (bucket.lower, bucket.upper);
        if self.is_custom() || bucket.touches_zero() {
            return lower + (upper - lower) * share;
        }
        let (near, far) = (lower.abs().log2(), upper.abs().log2());
        if lower > 0.0 {
            (near + (far - near) * share).exp2()
        } else {
            -(far + (near - far) * (1.0 - share)).exp2()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{any_custom, any_exponential, custom, exponential};
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        a == b || (a - b).abs() < 1e-12 * (a.abs() + b.abs())
    }

    #[test]
    fn one_sided_and_two_sided() {
        let buckets = [(0, 2.0), (1, 3.0), (3, 1.0), (4, 4.0)];
        let positive = exponential(0, (0.001, 2.0), &buckets, &[]);
        let cases = [
            (1.0, 16.0),
            (0.99, 15.670_724_761_390_83),
            (0.5, 1.587_401_051_968_199_4),
            (0.1, 0.0006),
            (0.0, 0.0),
            (-1.0, f64::NEG_INFINITY),
            (1.001, f64::INFINITY),
        ];
        for (phi, value) in cases {
            let (found, note) = positive.quantile(phi);
            assert!(near(found, value) && note.is_none(), "{phi}: {found}");
        }
        let negative = exponential(0, (0.001, 2.0), &[], &buckets);
        for (phi, value) in [
            (1.0, 0.0),
            (0.9, -0.0006),
            (0.5, -1.587_401_051_968_199_6),
            (0.0, -16.0),
        ] {
            assert!(near(negative.quantile(phi).0, value));
        }
        let both = exponential(0, (0.001, 4.0), &buckets, &buckets);
        for (phi, value) in [(0.55, 0.0006), (0.5, 0.0), (0.3, -1.203_025_036_082_116_9)] {
            assert!(near(both.quantile(phi).0, value));
        }
    }

    #[test]
    fn listed_bounds() {
        let listed = custom(&[5.0, 10.0], &[(0, 1.0), (1, 2.0), (2, 1.0)]);
        assert_eq!(listed.quantile(0.5).0, 7.5);
        assert_eq!(listed.quantile(0.125).0, 2.5);
        assert_eq!(listed.quantile(0.99).0, 10.0);
        assert_eq!(custom(&[-5.0], &[(0, 1.0)]).quantile(0.3).0, -5.0);
    }

    #[test]
    fn observations_of_nan() {
        let mut nans = exponential(0, (0.0, 0.0), &[(0, 12.0)], &[]);
        nans.sum = f64::NAN;
        assert_eq!(nans.quantile(0.5).1, None);
        nans.count = 15.0;
        assert_eq!(
            nans.quantile(0.8),
            (1.0, Some(HistogramNote::QuantileIsSkewed))
        );
        let (value, note) = nans.quantile(0.81);
        assert!(value.is_nan() && note == Some(HistogramNote::QuantileIsNan));
        nans.positive = Default::default();
        assert_eq!(nans.quantile(0.4).1, Some(HistogramNote::QuantileIsNan));
    }

    #[test]
    fn nothing_in_buckets() {
        let mut nans = exponential(0, (0.0, 0.0), &[], &[]);
        nans.count = 3.0;
        assert_eq!(nans.quantile(0.4), (0.0, None));
        assert!(nans.quantile(0.0).0.is_nan());
    }

    #[test]
    fn nothing_observed() {
        assert!(
            exponential(0, (0.0, 0.0), &[], &[])
                .quantile(0.5)
                .0
                .is_nan()
        );
        assert!(custom(&[1.0], &[(0, 1.0)]).quantile(f64::NAN).0.is_nan());
    }

    proptest! {
        #[test]
        fn rises_and_undoes_the_fraction(
            histogram in prop_oneof![any_exponential(), any_custom()],
            a in 0.0_f64..1.0,
            b in 0.0_f64..1.0,
        ) {
            prop_assume!(histogram.count > 0.0);
            let (low, high) = (a.min(b), a.max(b));
            let (from, to) = (histogram.quantile(low).0, histogram.quantile(high).0);
            prop_assert!(from <= to || near(from, to));
            if !histogram.is_custom() {
                let (share, _) = histogram.fraction(f64::NEG_INFINITY, from);
                prop_assert!((share - low).abs() < 1e-9, "{} {}", share, low);
            }
        }
    }
}
