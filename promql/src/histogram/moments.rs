//! Mean, variance and standard deviation of a native histogram.

use super::{Bucket, FloatHistogram};
use crate::kernels::sum::Compensated;

impl FloatHistogram {
    /// The mean of all observations.
    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// The variance, as if all observations of a bucket lay in its middle.
    pub(crate) fn variance(&self) -> f64 {
        let mean = self.mean();
        let mut squares = Compensated::default();
        for bucket in self.buckets() {
            let delta = self.middle(&bucket) - mean;
            squares.add(bucket.count * delta * delta);
        }
        (squares.sum + squares.lost) / self.count
    }

    /// The square root of the variance.
    pub(crate) fn standard_deviation(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Halfway between the bounds: on a logarithmic scale, but zero around zero, and linear with listed bounds.
    fn middle(&self, bucket: &Bucket) -> f64 {
        if self.is_custom() {
            return (bucket.upper + bucket.lower) / 2.0;
        }
        if bucket.touches_zero() {
            return 0.0;
        }
        (bucket.upper * bucket.lower).sqrt().copysign(bucket.upper)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{custom, exponential};

    #[test]
    fn middles_of_buckets() {
        // 1, 2, 3 and 4.
        let mut four = exponential(
            2,
            (0.0, 0.0),
            &[(0, 1.0), (4, 1.0), (7, 1.0), (8, 1.0)],
            &[],
        );
        four.sum = 10.0;
        assert_eq!(four.mean(), 2.5);
        assert!((four.variance() - 1.163_807_968_526_718).abs() < 1e-12);
        assert!((four.standard_deviation() - 1.078_799_318_004_381_1).abs() < 1e-12);
        let mut below = exponential(0, (0.0, 0.0), &[], &[(4, 10.0)]);
        below.sum = -100.0;
        assert!((below.variance() - 1.725_830_020_304_794).abs() < 1e-9);
        let mut listed = custom(&[0.0, 2.0], &[(1, 4.0)]);
        listed.sum = 8.0;
        assert_eq!(listed.variance(), 1.0);
    }

    #[test]
    fn nothing_observed() {
        let nothing = exponential(0, (0.0, 0.0), &[], &[]);
        assert!(nothing.mean().is_nan() && nothing.variance().is_nan());
    }
}
