//! Whether a counter began anew between two histograms.

use narthex_model::ResetHint;

use super::add::coarsened;
use super::custom::{common_bounds, onto};
use super::{Buckets, FloatHistogram};

impl FloatHistogram {
    /// Whether a reset lies between `before` and this one: by the hint if it says so, else if any count became smaller,
    /// or buckets became finer, or the zero bucket narrower.
    pub(crate) fn is_reset_after(&self, before: &Self) -> bool {
        match self.hint {
            ResetHint::Reset => true,
            ResetHint::NotReset => false,
            ResetHint::Unknown | ResetHint::Gauge => self.shrank(before),
        }
    }

    fn shrank(&self, before: &Self) -> bool {
        if self.count < before.count || self.schema > before.schema {
            return true;
        }
        if self.is_custom() {
            return !before.is_custom() || self.shrank_custom(before);
        }
        if self.zero_threshold < before.zero_threshold {
            return true;
        }
        let (zero_before, width) = before.widened_zero(self.zero_threshold);
        // A bucket that only begins within the zero bucket cannot have been merged into it.
        if width != self.zero_threshold || self.zero_count < zero_before {
            return true;
        }
        let sides = [
            (&self.positive, &before.positive),
            (&self.negative, &before.negative),
        ];
        sides.into_iter().any(|(now, before_side)| {
            let coarse = coarsened(before_side, before.schema, self.schema);
            side_shrank(now, &self.beyond_zero(coarse))
        })
    }

    fn shrank_custom(&self, before: &Self) -> bool {
        if self.bounds == before.bounds {
            return side_shrank(&self.positive, &before.positive);
        }
        let common = common_bounds(&self.bounds, &before.bounds);
        let now = onto(&self.positive, &self.bounds, &common);
        side_shrank(&now, &onto(&before.positive, &before.bounds, &common))
    }
}

/// Whether a bucket holds less than before.
pub(super) fn side_shrank(now: &Buckets, before: &Buckets) -> bool {
    let mut rest = now.iter().peekable();
    before.iter().any(|(index, held)| {
        while rest.next_if(|(at, _)| *at < index).is_some() {}
        match rest.peek() {
            Some((at, holds)) if *at == index => *holds < held,
            _ => held != 0.0,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{any_custom, any_exponential, custom, exponential};
    use super::*;

    #[test]
    fn by_hint() {
        let less = exponential(0, (0.0, 0.0), &[(0, 1.0)], &[]);
        let mut more = exponential(0, (0.0, 0.0), &[(0, 2.0)], &[]);
        assert!(less.is_reset_after(&more) && !more.is_reset_after(&less));
        more.hint = ResetHint::Reset;
        assert!(more.is_reset_after(&less));
        let mut said = less;
        said.hint = ResetHint::NotReset;
        assert!(!said.is_reset_after(&more));
    }

    #[test]
    fn by_bucket_and_layout() {
        let before = exponential(0, (0.25, 1.0), &[(0, 1.0), (2, 2.0)], &[(1, 1.0)]);
        let after = |change: &dyn Fn(&mut FloatHistogram)| {
            let mut now = before.clone();
            now.count += 9.0;
            change(&mut now);
            now.is_reset_after(&before)
        };
        assert!(!after(&|_| ()));
        assert!(after(&|now| now.positive.count[1] = 1.0));
        assert!(after(&|now| now.positive.index[1] = 3));
        assert!(after(&|now| now.negative = Buckets::default()));
        assert!(after(&|now| now.zero_count = 0.0));
        assert!(after(&|now| now.zero_threshold = 0.125));
        assert!(after(&|now| now.schema = 1));
        // A wider zero bucket takes in whole buckets only.
        assert!(after(&|now| now.zero_threshold = 0.75));
        let widened = |zero_count: f64| {
            after(&move |now: &mut FloatHistogram| {
                now.widen_zero(1.0);
                now.zero_count = zero_count;
            })
        };
        assert!(!widened(2.0) && widened(1.0));
        assert!(!after(&|now| now.coarsen(-1)));
    }

    #[test]
    fn by_listed_bounds() {
        let before = custom(&[2.0, 4.0, 6.0], &[(0, 1.0), (1, 2.0), (2, 5.0), (3, 7.0)]);
        let split = custom(
            &[2.0, 3.0, 4.0, 6.0],
            &[(0, 1.0), (2, 2.0), (3, 5.0), (4, 7.0)],
        );
        assert!(!split.is_reset_after(&before));
        let mut less = split;
        less.positive.count[1] = 1.0;
        less.count += 9.0;
        assert!(less.is_reset_after(&before));
        assert!(custom(&[], &[(0, 9.0)]).is_reset_after(&exponential(0, (0.0, 0.0), &[], &[])));
        assert!(exponential(0, (0.0, 0.0), &[], &[]).is_reset_after(&custom(&[], &[])));
    }

    proptest! {
        #[test]
        fn growth_is_no_reset(a in any_exponential(), b in any_exponential()) {
            let b = FloatHistogram { schema: a.schema, zero_threshold: 0.0, ..b };
            let mut sum = a.clone();
            sum.add(&b).expect("both are exponential");
            // A threshold that cuts a bucket means a reset.
            if a.widened_zero(sum.zero_threshold).1 == sum.zero_threshold {
                prop_assert!(!sum.is_reset_after(&a));
            }
            prop_assert!(b.count == 0.0 || a.is_reset_after(&sum));
        }

        #[test]
        fn growth_with_bounds_is_no_reset(a in any_custom(), b in any_custom()) {
            let mut sum = a.clone();
            sum.add(&b).expect("both have bounds");
            prop_assert!(!sum.is_reset_after(&a));
            prop_assert!(b.count == 0.0 || a.is_reset_after(&sum));
        }
    }
}
