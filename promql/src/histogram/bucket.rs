//! The buckets of a histogram in the order of the values they hold.

use super::{Buckets, FloatHistogram};

/// A bucket with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bucket {
    /// Lower bound.
    pub(crate) lower: f64,
    /// Upper bound.
    pub(crate) upper: f64,
    /// Whether values at the lower bound are in it.
    pub(crate) lower_inclusive: bool,
    /// Whether values at the upper bound are in it.
    pub(crate) upper_inclusive: bool,
    /// How much is in it.
    pub(crate) count: f64,
}

impl Bucket {
    /// One that holds nothing but zero, and nothing of that.
    pub(super) const AT_ZERO: Self = Self {
        lower: 0.0,
        upper: 0.0,
        lower_inclusive: true,
        upper_inclusive: true,
        count: 0.0,
    };

    /// Whether zero lies in it or at one of its bounds.
    pub(super) fn touches_zero(&self) -> bool {
        self.lower <= 0.0 && self.upper >= 0.0
    }
}

impl FloatHistogram {
    /// All buckets that hold something, by increasing value. Those the zero bucket reaches into begin or end where it does.
    pub(crate) fn buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        let width = self.zero_threshold;
        let negative = self.negative_buckets().rev().map(move |mut bucket| {
            if bucket.upper < 0.0 && bucket.upper > -width {
                bucket.upper = -width;
            }
            bucket
        });
        let positive = self.positive_buckets().map(move |mut bucket| {
            if bucket.lower > 0.0 && bucket.lower < width {
                bucket.lower = width;
            }
            bucket
        });
        let zero = (self.zero_count > 0.0).then(|| self.zero_bucket());
        negative.chain(zero).chain(positive)
    }

    /// The bucket around zero.
    pub(super) fn zero_bucket(&self) -> Bucket {
        Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
        }
    }

    /// The positive buckets that hold something, away from zero.
    pub(super) fn positive_buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        self.positive.held().map(|(index, count)| {
            let lower = self.bound(index.saturating_sub(1));
            let custom = self.is_custom();
            Bucket {
                lower,
                upper: self.bound(index),
                lower_inclusive: custom && index == 0,
                upper_inclusive: true,
                count,
            }
        })
    }

    /// The negative buckets that hold something, away from zero.
    pub(super) fn negative_buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        self.negative.held().map(|(index, count)| Bucket {
            lower: -self.bound(index),
            upper: -self.bound(index.saturating_sub(1)),
            lower_inclusive: true,
            upper_inclusive: false,
            count,
        })
    }

    /// Which side has buckets, be they empty, if only one has: the zero bucket is taken to lie on it.
    pub(super) fn only_side(&self) -> Option<Side> {
        let has = |side: &Buckets| !side.is_empty();
        match (has(&self.negative), has(&self.positive)) {
            (false, true) => Some(Side::Positive),
            (true, false) => Some(Side::Negative),
            _ => None,
        }
    }
}

/// A side of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Above.
    Positive,
    /// Below.
    Negative,
}

impl Bucket {
    /// The part on one side of zero, if a side is given.
    pub(super) fn on(mut self, side: Option<Side>) -> Self {
        match side {
            Some(Side::Positive) => self.lower = 0.0,
            Some(Side::Negative) => self.upper = 0.0,
            None => (),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{custom, exponential};
    use super::*;

    fn shown(histogram: &FloatHistogram) -> Vec<(f64, f64, f64)> {
        let buckets = histogram.buckets();
        buckets.map(|b| (b.lower, b.upper, b.count)).collect()
    }

    #[test]
    fn by_increasing_value() {
        let both = exponential(
            0,
            (0.001, 2.0),
            &[(0, 1.0), (2, 3.0)],
            &[(1, 4.0), (3, 5.0)],
        );
        let expected = [
            (-8.0, -4.0, 5.0),
            (-2.0, -1.0, 4.0),
            (-0.001, 0.001, 2.0),
            (0.5, 1.0, 1.0),
            (2.0, 4.0, 3.0),
        ];
        assert_eq!(shown(&both), expected);
        let infinite = (f64::NEG_INFINITY, f64::INFINITY);
        let listed = custom(&[1.0, 2.0], &[(0, 1.0), (2, 3.0)]);
        assert_eq!(
            shown(&listed),
            [(infinite.0, 1.0, 1.0), (2.0, infinite.1, 3.0)]
        );
    }

    #[test]
    fn the_zero_bucket_cuts() {
        let cut = exponential(0, (0.75, 2.0), &[(0, 1.0)], &[(0, 4.0)]);
        assert_eq!(
            shown(&cut),
            [(-1.0, -0.75, 4.0), (-0.75, 0.75, 2.0), (0.75, 1.0, 1.0)]
        );
    }
}
