//! The operators `</` and `>/`: only observations below or above a value.

use super::bucket::Side;
use super::fraction::share_exponential;
use super::{Bucket, Buckets, FloatHistogram};

/// Which observations to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// `</`: those below.
    Below,
    /// `>/`: those above.
    Above,
}

/// What is left of a bucket: how many observations, and where they lie on average.
#[derive(Debug, Clone, Copy)]
struct Left {
    count: f64,
    middle: f64,
}

impl FloatHistogram {
    /// Only the observations on one side of `at`. A bucket that `at` cuts keeps a share; if any bucket changed, count and
    /// sum are estimated anew from what is left.
    pub(crate) fn trim(mut self, keep: Keep, at: f64) -> Self {
        self.drop_empty();
        let mut total = Left {
            count: 0.0,
            middle: 0.0,
        };
        let mut take = |left: Left| {
            total.middle += left.middle * left.count;
            total.count += left.count;
            left.count
        };
        let positive = |bucket| self.left_of(bucket, Side::Positive, keep, at);
        let negative = |bucket| self.left_of(bucket, Side::Negative, keep, at);
        let positive: Vec<_> = self.positive_buckets().map(|b| take(positive(b))).collect();
        let negative: Vec<_> = self.negative_buckets().map(|b| take(negative(b))).collect();
        let zero = match self.zero_count > 0.0 {
            true => take(left_of_zero(
                self.zero_bucket().on(self.only_side()),
                keep,
                at,
            )),
            false => self.zero_count,
        };
        if zero == self.zero_count
            && positive == self.positive.count
            && negative == self.negative.count
        {
            return self;
        }
        (self.count, self.sum, self.zero_count) = (total.count, total.middle, zero);
        set(&mut self.positive, positive);
        set(&mut self.negative, negative);
        self
    }

    fn left_of(&self, bucket: Bucket, side: Side, keep: Keep, at: f64) -> Left {
        let scale = match side {
            _ if self.is_custom() => Scale::Linear,
            side => Scale::Exponential(side),
        };
        let (whole, cut) = match keep {
            Keep::Below => (bucket.upper <= at, bucket.lower < at),
            Keep::Above => (bucket.lower >= at, bucket.upper > at),
        };
        if whole {
            return Left {
                count: bucket.count,
                middle: scale.middle(bucket.lower, bucket.upper),
            };
        }
        if !cut {
            return Left::NOTHING;
        }
        if bucket.lower == f64::NEG_INFINITY {
            return left_of_lowest(&bucket, keep, at);
        }
        if bucket.upper == f64::INFINITY {
            return left_of_highest(&bucket, keep, at);
        }
        let below = bucket.count * scale.share_below(&bucket, at);
        match keep {
            Keep::Below => Left {
                count: below,
                middle: scale.middle(bucket.lower, at),
            },
            Keep::Above => Left {
                count: bucket.count - below,
                middle: scale.middle(at, bucket.upper),
            },
        }
    }
}

impl Left {
    const NOTHING: Self = Self {
        count: 0.0,
        middle: 0.0,
    };
}

fn set(side: &mut Buckets, counts: Vec<f64>) {
    side.count = counts;
    side.drop_empty();
}

/// How observations lie inside a bucket.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Linear,
    Exponential(Side),
}

impl Scale {
    fn share_below(self, bucket: &Bucket, at: f64) -> f64 {
        match self {
            Self::Linear => (at - bucket.lower) / (bucket.upper - bucket.lower),
            Self::Exponential(_) => share_exponential(bucket, at),
        }
    }

    /// Where observations between two bounds lie on average. Towards infinity all lie at the other bound; only a bucket
    /// from -Inf to above zero is taken to begin at zero.
    fn middle(self, lower: f64, upper: f64) -> f64 {
        match (lower.is_infinite(), upper.is_infinite(), self) {
            (true, true, _) => 0.0,
            (true, false, _) if upper > 0.0 => upper / 2.0,
            (true, false, _) => upper,
            (false, true, _) => lower,
            (false, false, Self::Linear) => (lower + upper) / 2.0,
            (false, false, Self::Exponential(Side::Positive)) => (lower * upper).abs().sqrt(),
            (false, false, Self::Exponential(Side::Negative)) => -(lower * upper).abs().sqrt(),
        }
    }
}

/// What is left of a bucket that begins at -Inf and is cut: nobody knows how its observations lie, unless they can be
/// taken to lie above zero.
fn left_of_lowest(bucket: &Bucket, keep: Keep, at: f64) -> Left {
    let (count, upper) = (bucket.count, bucket.upper);
    let above_zero = upper > 0.0 && upper < f64::INFINITY;
    match keep {
        Keep::Below if above_zero && at > 0.0 => Left {
            count: count * at / upper,
            middle: at / 2.0,
        },
        Keep::Below if upper <= 0.0 => Left { count, middle: at },
        Keep::Above if above_zero && at >= 0.0 => Left {
            count: count * (1.0 - at / upper),
            middle: (at + upper) / 2.0,
        },
        _ => Left::NOTHING,
    }
}

/// What is left of a bucket that ends at +Inf and is cut: all of its observations lie above, or none is known to lie below.
fn left_of_highest(bucket: &Bucket, keep: Keep, at: f64) -> Left {
    match keep {
        Keep::Above => Left {
            count: bucket.count,
            middle: at,
        },
        Keep::Below => Left::NOTHING,
    }
}

/// What is left of the zero bucket, on whichever side it lies.
fn left_of_zero(zero: Bucket, keep: Keep, at: f64) -> Left {
    let (lower, upper) = (zero.lower, zero.upper);
    let (from, to) = match keep {
        Keep::Below if at <= lower => return Left::NOTHING,
        Keep::Below if at < upper => (lower, at),
        Keep::Above if at <= lower => (lower, upper),
        Keep::Above if at >= upper => return Left::NOTHING,
        Keep::Above => (at, upper),
        Keep::Below => (lower, upper),
    };
    let whole = (from, to) == (lower, upper);
    let share = if whole {
        1.0
    } else {
        (to - from) / (upper - lower)
    };
    Left {
        count: zero.count * share,
        middle: (from + to) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{any_exponential, custom, exponential};
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        a == b || (a - b).abs() < 1e-9 * (a.abs() + b.abs())
    }

    #[test]
    fn parts_of_buckets() {
        let mut one = exponential(
            0,
            (0.001, 1.0),
            &[(0, 2.0), (1, 4.0), (2, 8.0), (3, 16.0)],
            &[(0, 1.0), (1, 2.0)],
        );
        one.sum = 123.75;
        let below = one.clone().trim(Keep::Below, std::f64::consts::SQRT_2);
        assert!(near(below.sum, 0.257_093_886_598_984_7) && near(below.positive.count[1], 2.0));
        let above = one.clone().trim(Keep::Above, 2.0);
        assert_eq!(
            (above.count, above.positive.index.clone()),
            (24.0, vec![2, 3])
        );
        assert!(near(above.sum, 113.137_084_989_847_61) && above.zero_count == 0.0);
        assert_eq!(one.clone().trim(Keep::Above, f64::NEG_INFINITY), one);
        assert_eq!(one.clone().trim(Keep::Below, f64::INFINITY), one);
        assert_eq!(one.clone().trim(Keep::Below, f64::NEG_INFINITY).count, 0.0);
        let halved = one.clone().trim(Keep::Below, 0.0);
        assert_eq!((halved.count, halved.zero_count), (3.5, 0.5));
    }

    #[test]
    fn listed_bounds() {
        let mut listed = custom(
            &[5.0, 10.0, 15.0, 20.0],
            &[(0, 1.0), (1, 6.0), (2, 4.0), (3, 3.0), (4, 1.0)],
        );
        listed.sum = 172.5;
        let sums = |keep, at| {
            let trimmed = listed.clone().trim(keep, at);
            (trimmed.count, trimmed.sum)
        };
        assert_eq!(sums(Keep::Below, 15.0), (11.0, 97.5));
        assert_eq!(sums(Keep::Above, 15.0), (4.0, 72.5));
        assert_eq!(sums(Keep::Below, 50.0), (14.0, 150.0));
        assert_eq!(sums(Keep::Below, 0.0), (0.0, 0.0));
        assert_eq!(sums(Keep::Above, 0.0), (15.0, 172.5));
        let split = custom(&[-5.0], &[(0, 1.0), (1, 100.0)]);
        assert_eq!(split.clone().trim(Keep::Below, -10.0).sum, -10.0);
        assert_eq!(split.clone().trim(Keep::Above, -2.0).sum, -200.0);
        let single = custom(&[], &[(0, 100.0)]);
        assert_eq!(single.clone().trim(Keep::Above, 10.0).count, 0.0);
    }

    proptest! {
        #[test]
        fn both_parts_make_the_whole(histogram in any_exponential(), at in -9.0_f64..9.0) {
            let (below, above) = (histogram.clone().trim(Keep::Below, at), histogram.clone().trim(Keep::Above, at));
            prop_assert!(near(below.count + above.count, histogram.count));
            let (share, _) = histogram.fraction(f64::NEG_INFINITY, at);
            prop_assert!(histogram.count == 0.0 || (share * histogram.count - below.count).abs() < 1e-9);
        }
    }
}
