//! Zero buckets of different widths.

use super::tally::Tally;
use super::{Buckets, FloatHistogram};

impl<N: Tally> FloatHistogram<N> {
    /// What the zero bucket would hold if it were at least `width` wide, and how wide it would be then: a bucket that
    /// `width` cuts goes into it whole.
    pub(super) fn widened_zero(&self, width: f64) -> (N, f64) {
        if width == self.zero_threshold {
            return (self.zero_count, width);
        }
        let (positive, negative, width) = self.within(width);
        let mut zero = self.zero_count;
        let positive = &self.positive.count[..positive];
        let negative = &self.negative.count[..negative];
        positive
            .iter()
            .chain(negative)
            .for_each(|count| zero.absorb(*count));
        (zero, width)
    }

    /// Makes the zero bucket at least `width` wide.
    pub(super) fn widen_zero(&mut self, width: f64) {
        (self.zero_count, self.zero_threshold) = self.widened_zero(width);
        let (positive, negative, _) = self.within(self.zero_threshold);
        self.positive.drop_first(positive);
        self.negative.drop_first(negative);
    }

    /// How many buckets of each side lie within `width` of zero, at least in part, and how far those reach that hold something.
    fn within(&self, width: f64) -> (usize, usize, f64) {
        let mut reach = width;
        loop {
            let (positive, wider) = self.side_within(&self.positive, reach);
            let (negative, widest) = self.side_within(&self.negative, wider);
            if widest == wider {
                return (positive, negative, wider);
            }
            reach = widest;
        }
    }

    fn side_within(&self, side: &Buckets<N>, width: f64) -> (usize, f64) {
        let begins = |index: &i32| self.bound(index.saturating_sub(1));
        let within = side.index.partition_point(|index| begins(index) < width);
        let held = side.count[..within].iter().rposition(|c| !c.is_zero());
        let last = held.map(|last| self.bound(side.index[last]));
        (within, last.map_or(width, |end| end.max(width)))
    }

    /// Widens the zero bucket until `other` can have the same. Gives what that of `other` holds then.
    pub(super) fn reconcile_zero(&mut self, other: &FloatHistogram) -> f64 {
        let (mut theirs, mut width) = (other.zero_count, other.zero_threshold);
        loop {
            if self.zero_threshold > width {
                (theirs, width) = other.widened_zero(self.zero_threshold);
            }
            if width > self.zero_threshold {
                self.widen_zero(width);
            } else {
                return theirs;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::exponential;

    #[test]
    fn whole_buckets_go_in() {
        let histogram = exponential(
            0,
            (0.001, 2.0),
            &[(0, 1.0), (1, 3.0), (2, 5.0)],
            &[(1, 4.0), (3, 7.0)],
        );
        assert_eq!(histogram.widened_zero(0.25), (2.0, 0.25));
        assert_eq!(histogram.widened_zero(0.75), (3.0, 1.0));
        assert_eq!(histogram.widened_zero(1.0), (3.0, 1.0));
        assert_eq!(histogram.widened_zero(1.5), (10.0, 2.0));
        assert_eq!(histogram.widened_zero(5.0), (22.0, 8.0));
        let empty = exponential(0, (0.001, 2.0), &[(1, 3.0), (2, 0.0)], &[]);
        assert_eq!(empty.widened_zero(3.0), (5.0, 3.0));
    }

    #[test]
    fn the_negative_side_may_widen_further() {
        // 0.6 cuts a negative bucket that ends at 4, which then cuts nothing else but takes in a positive one.
        let mut histogram =
            exponential(-1, (0.0, 1.0), &[(1, 3.0), (2, 5.0)], &[(0, 4.0), (1, 2.0)]);
        assert_eq!(histogram.widened_zero(0.6), (5.0, 1.0));
        assert_eq!(histogram.widened_zero(1.1), (10.0, 4.0));
        histogram.widen_zero(1.1);
        assert_eq!(histogram.positive.index, [2]);
        assert!(histogram.negative.is_empty());
    }
}
