//! Sums and means of many histograms, with what rounding loses kept beside each number.

use super::hint::SeenHints;
use super::tally::Tally;
use super::{Buckets, FloatHistogram, HistogramNote, Incompatible, Operation};
use crate::kernels::sum::Compensated;

/// A sum or mean, and what there is to say of it.
#[derive(Debug, Clone)]
pub(crate) struct Total {
    /// The result.
    pub(crate) histogram: FloatHistogram,
    /// Hints contradicted each other.
    pub(crate) collision: bool,
    /// Listed bounds differed.
    pub(crate) reconciled: bool,
}

impl Total {
    /// What there is to say.
    pub(crate) fn notes(&self) -> impl Iterator<Item = HistogramNote> {
        let collision = HistogramNote::ResetCollision(Operation::Aggregation);
        let reconciled = HistogramNote::Reconciled(Operation::Aggregation);
        let collision = self.collision.then_some(collision);
        collision
            .into_iter()
            .chain(self.reconciled.then_some(reconciled))
    }
}

/// A sum of histograms.
#[derive(Debug, Clone)]
pub(crate) struct HistogramSum {
    pub(super) total: FloatHistogram<Compensated>,
    pub(super) hints: SeenHints,
    pub(super) reconciled: bool,
}

impl HistogramSum {
    /// The sum of one.
    pub(crate) fn new(first: &FloatHistogram) -> Self {
        let mut hints = SeenHints::default();
        hints.see(first.hint);
        Self {
            total: first.convert(|number| Compensated {
                sum: number,
                lost: 0.0,
            }),
            hints,
            reconciled: false,
        }
    }

    /// Adds one more.
    ///
    /// # Errors
    /// Some have exponential, some listed bounds.
    pub(crate) fn add(&mut self, other: &FloatHistogram) -> Result<(), Incompatible> {
        self.hints.see(other.hint);
        self.reconciled |= self.total.add(other)?.reconciled;
        Ok(())
    }

    /// The sum.
    pub(crate) fn finish(&self) -> Total {
        let mut histogram = self.total.convert(Tally::value);
        histogram.drop_empty();
        Total {
            histogram,
            collision: self.hints.collide(),
            reconciled: self.reconciled,
        }
    }
}

/// A mean of histograms: a sum and a count until a number would overflow, from then on a running mean.
#[derive(Debug, Clone)]
pub(crate) struct HistogramMean {
    /// The sum, or the mean once `running`.
    pub(super) sum: HistogramSum,
    pub(super) count: f64,
    pub(super) running: bool,
}

impl HistogramMean {
    /// The mean of one.
    pub(crate) fn new(first: &FloatHistogram) -> Self {
        Self {
            sum: HistogramSum::new(first),
            count: 1.0,
            running: false,
        }
    }

    /// Adds one more.
    ///
    /// # Errors
    /// Some have exponential, some listed bounds.
    pub(crate) fn add(&mut self, other: &FloatHistogram) -> Result<(), Incompatible> {
        self.count += 1.0;
        if !self.running {
            let mut next = self.sum.clone();
            next.add(other)?;
            if !next.total.overflows() {
                self.sum = next;
                return Ok(());
            }
            self.running = true;
            self.sum.total.divide(self.count - 1.0);
        }
        self.sum.total.multiply((self.count - 1.0) / self.count);
        let mut share = other.clone();
        share.divide(self.count);
        self.sum.add(&share)
    }

    /// The mean.
    pub(crate) fn finish(&self) -> Total {
        if self.running {
            return self.sum.finish();
        }
        let mut mean = self.sum.clone();
        mean.total.divide(self.count);
        mean.finish()
    }
}

impl<N: Tally> FloatHistogram<N> {
    /// The same in other numbers.
    pub(super) fn convert<M>(&self, f: impl Fn(N) -> M) -> FloatHistogram<M> {
        let side = |side: &Buckets<N>| Buckets {
            index: side.index.clone(),
            count: side.count.iter().map(|count| f(*count)).collect(),
        };
        FloatHistogram {
            schema: self.schema,
            hint: self.hint,
            zero_threshold: self.zero_threshold,
            zero_count: f(self.zero_count),
            count: f(self.count),
            sum: f(self.sum),
            positive: side(&self.positive),
            negative: side(&self.negative),
            bounds: self.bounds.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::ResetHint;
    use proptest::prelude::*;

    use super::super::samples::{any_exponential, custom, exponential};
    use super::*;

    fn with_sums(sums: &[f64]) -> Vec<FloatHistogram> {
        let one = |sum: &f64| FloatHistogram {
            sum: *sum,
            ..exponential(0, (0.0, 0.0), &[(0, 1.0)], &[])
        };
        sums.iter().map(one).collect()
    }

    fn sum(all: &[FloatHistogram]) -> Total {
        let mut sum = HistogramSum::new(&all[0]);
        all[1..]
            .iter()
            .for_each(|h| sum.add(h).expect("compatible"));
        sum.finish()
    }

    fn mean(all: &[FloatHistogram]) -> Total {
        let mut mean = HistogramMean::new(&all[0]);
        all[1..]
            .iter()
            .for_each(|h| mean.add(h).expect("compatible"));
        mean.finish()
    }

    #[test]
    fn small_sums_among_large_ones() {
        let all = with_sums(&[1.0, 1e100, 1.0, -1e100]);
        assert_eq!(sum(&all).histogram.sum, 2.0);
        assert_eq!(mean(&all).histogram.sum, 0.5);
        assert_eq!(sum(&all).histogram.positive.count, [4.0]);
    }

    #[test]
    fn means_do_not_overflow() {
        let mut all = with_sums(&[5.3, 1e100, 1.0, -1e100]);
        all[0].count = f64::MAX;
        all[1].count = 1e308;
        let total = mean(&all).histogram;
        assert!((total.count / (f64::MAX / 4.0 + 1e308 / 4.0) - 1.0).abs() < 1e-12);
        assert!((total.sum - 6.3 / 4.0).abs() < 1e-12);
        assert_eq!(sum(&all).histogram.count, f64::INFINITY);
    }

    #[test]
    fn what_there_is_to_say() {
        let mut all = vec![
            custom(&[1.0], &[(0, 1.0)]),
            custom(&[1.0, 2.0], &[(1, 1.0)]),
        ];
        all[0].hint = ResetHint::Reset;
        all[1].hint = ResetHint::NotReset;
        let notes: Vec<_> = mean(&all).notes().collect();
        let operation = Operation::Aggregation;
        let expected = [
            HistogramNote::ResetCollision(operation),
            HistogramNote::Reconciled(operation),
        ];
        assert_eq!(notes, expected);
        let mut sum = HistogramSum::new(&all[0]);
        assert_eq!(
            sum.add(&exponential(0, (0.0, 0.0), &[], &[])),
            Err(Incompatible)
        );
    }

    proptest! {
        #[test]
        fn like_adding_plainly(all in prop::collection::vec(any_exponential(), 1..6)) {
            let mut plain = all[0].clone();
            all[1..].iter().for_each(|h| { plain.add(h).expect("exponential"); });
            prop_assert_eq!(&sum(&all).histogram, &plain);
            plain.divide(all.len() as f64);
            prop_assert!(mean(&all).histogram.same(&plain));
        }
    }
}
