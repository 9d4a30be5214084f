//! `histogram_fraction` of a native histogram.

use super::{Bucket, FloatHistogram, HistogramNote};

impl FloatHistogram {
    /// The share of all observations between `lower` and `upper`, found between a bucket's bounds as quantiles are.
    /// Observations of NaN are in no share.
    pub(crate) fn fraction(&self, lower: f64, upper: f64) -> (f64, Option<HistogramNote>) {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return (f64::NAN, None);
        }
        if lower >= upper {
            return (0.0, None);
        }
        let in_buckets = self.buckets().map(|bucket| bucket.count).sum::<f64>();
        let nans = self.sum.is_nan() && in_buckets < self.count;
        let most = if self.sum.is_nan() {
            in_buckets
        } else {
            self.count
        };
        let below = |limit: f64| {
            self.rank(limit)
                .filter(|rank| *rank <= most)
                .unwrap_or(most)
        };
        let share = (below(upper) - below(lower)) / self.count;
        (share, nans.then_some(HistogramNote::FractionWithoutNans))
    }

    /// How many observations lie below `limit`; `None` if it lies above all buckets.
    fn rank(&self, limit: f64) -> Option<f64> {
        let mut rank = 0.0;
        for bucket in self.buckets() {
            let zero = bucket.touches_zero();
            let bucket = bucket.on(self.only_side().filter(|_| zero));
            if bucket.lower >= limit {
                return Some(rank);
            }
            if bucket.upper > limit {
                return Some(match self.is_custom() || zero {
                    true => rank_linear(rank, &bucket, limit),
                    false => rank + bucket.count * share_exponential(&bucket, limit),
                });
            }
            rank += bucket.count;
        }
        None
    }
}

fn rank_linear(rank: f64, bucket: &Bucket, limit: f64) -> f64 {
    // Of a bucket without lower end all is taken to lie at its end.
    if bucket.lower == f64::NEG_INFINITY {
        return bucket.count;
    }
    rank + bucket.count * (limit - bucket.lower) / (bucket.upper - bucket.lower)
}

/// The share of a bucket below `limit`, on a logarithmic scale.
pub(super) fn share_exponential(bucket: &Bucket, limit: f64) -> f64 {
    let [lower, upper, at] = [bucket.lower, bucket.upper, limit].map(|bound| bound.abs().log2());
    if limit > 0.0 {
        (at - lower) / (upper - lower)
    } else {
        1.0 - (at - upper) / (lower - upper)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{custom, exponential};
    use super::*;

    fn share(histogram: &FloatHistogram, lower: f64, upper: f64) -> f64 {
        histogram.fraction(lower, upper).0
    }

    #[test]
    fn parts_of_buckets() {
        let buckets = [(0, 2.0), (1, 3.0), (3, 1.0), (4, 4.0)];
        let one = exponential(0, (0.001, 2.0), &buckets, &[]);
        let infinity = f64::INFINITY;
        assert_eq!(share(&one, -infinity, infinity), 1.0);
        assert_eq!(share(&one, -infinity, 0.0), 0.0);
        assert_eq!(share(&one, 0.0, 0.0005), 1.0 / 12.0);
        assert_eq!(share(&one, 1.0, 2.0), 0.25);
        assert!((share(&one, 1.5, 6.0) - 0.152_506_249_879_807_24).abs() < 1e-12);
        assert_eq!(share(&one, 3.0, 2.0), 0.0);
        assert!(share(&one, f64::NAN, 2.0).is_nan());
        let mirrored = exponential(0, (0.001, 2.0), &[], &buckets);
        assert!((share(&mirrored, -6.0, -1.5) - 0.152_506_249_879_807_24).abs() < 1e-12);
    }

    #[test]
    fn listed_bounds() {
        let listed = custom(&[5.0, 10.0], &[(0, 1.0), (1, 2.0), (2, 1.0)]);
        assert_eq!(share(&listed, 5.0, 10.0), 0.5);
        assert_eq!(share(&listed, 0.0, 7.5), 0.5);
        assert_eq!(share(&listed, 12.0, f64::INFINITY), 0.25);
    }

    #[test]
    fn observations_of_nan() {
        let mut nans = exponential(0, (0.0, 0.0), &[(0, 12.0)], &[]);
        (nans.sum, nans.count) = (f64::NAN, 15.0);
        let all = nans.fraction(f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(all, (0.8, Some(HistogramNote::FractionWithoutNans)));
    }
}
