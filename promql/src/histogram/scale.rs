//! Multiplying and dividing a histogram by a number.

use narthex_model::ResetHint;

use super::tally::Tally;
use super::{Buckets, FloatHistogram};

impl<N: Tally> FloatHistogram<N> {
    /// Multiplies all counts and the sum. A negative factor makes a gauge.
    pub(crate) fn multiply(&mut self, factor: f64) {
        self.map(|count| count * factor);
        if factor < 0.0 {
            self.hint = ResetHint::Gauge;
        }
    }

    /// Divides all counts and the sum. Division by zero leaves no buckets; by a negative number, a gauge.
    pub(crate) fn divide(&mut self, divisor: f64) {
        if divisor == 0.0 {
            self.positive = Buckets::default();
            self.negative = Buckets::default();
        }
        self.map(|count| count / divisor);
        if divisor < 0.0 {
            self.hint = ResetHint::Gauge;
        }
    }

    /// Applies a linear `f` to all counts and the sum.
    fn map(&mut self, f: impl Fn(f64) -> f64) {
        for number in [&mut self.zero_count, &mut self.count, &mut self.sum] {
            number.map(&f);
        }
        let sides = self
            .positive
            .count
            .iter_mut()
            .chain(&mut self.negative.count);
        sides.for_each(|count| count.map(&f));
        self.drop_empty();
    }

    /// Whether a count or the sum is infinite.
    pub(super) fn overflows(&self) -> bool {
        let numbers = [self.zero_count, self.count, self.sum];
        let sides = self.positive.count.iter().chain(&self.negative.count);
        let mut all = numbers.iter().chain(sides);
        all.any(|number| number.rounded().is_infinite())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::exponential;
    use super::*;

    #[test]
    fn signs_and_zero() {
        let one = exponential(0, (0.001, 3.0), &[(0, 3.0)], &[(1, 6.0)]);
        let mut twice = one.clone();
        twice.multiply(2.0);
        assert_eq!(
            twice,
            exponential(0, (0.001, 6.0), &[(0, 6.0)], &[(1, 12.0)])
        );
        let mut negative = one.clone();
        negative.divide(-3.0);
        assert_eq!((negative.count, negative.hint), (-4.0, ResetHint::Gauge));
        let mut none = one.clone();
        none.multiply(0.0);
        assert_eq!(none, exponential(0, (0.001, 0.0), &[], &[]));
        let mut unknown = exponential(0, (0.001, 1.0), &[(0, 3.0), (1, 0.0)], &[]);
        unknown.multiply(f64::INFINITY);
        assert!(unknown.positive.count[1].is_nan());
        let mut infinite = one;
        infinite.divide(0.0);
        assert!(infinite.positive.is_empty() && infinite.negative.is_empty());
        assert_eq!(
            (infinite.zero_count, infinite.count),
            (f64::INFINITY, f64::INFINITY)
        );
        assert!(infinite.sum.is_nan() && infinite.overflows());
    }
}
