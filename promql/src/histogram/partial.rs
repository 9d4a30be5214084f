//! Sums and means of histograms that are made in parts and put together: what a part is when it travels.

use super::hint::SeenHints;
use super::tally::Tally;
use super::{FloatHistogram, HistogramMean, HistogramSum, Incompatible, Total};

/// A sum or a mean of some histograms.
#[derive(Debug, Clone)]
pub(crate) enum Partial {
    /// Their sum.
    Sum(HistogramSum),
    /// Their mean.
    Mean(HistogramMean),
}

/// Bits of [`Partial::flags`].
const RESET: u8 = 1;
const NOT_RESET: u8 = 2;
const RECONCILED: u8 = 4;
const RUNNING: u8 = 8;

impl Partial {
    /// Of one.
    pub(crate) fn new(first: &FloatHistogram, mean: bool) -> Self {
        if mean {
            Self::Mean(HistogramMean::new(first))
        } else {
            Self::Sum(HistogramSum::new(first))
        }
    }

    /// Adds one more.
    ///
    /// # Errors
    /// Some have exponential, some listed bounds.
    pub(crate) fn add(&mut self, other: &FloatHistogram) -> Result<(), Incompatible> {
        match self {
            Self::Sum(sum) => sum.add(other),
            Self::Mean(mean) => mean.add(other),
        }
    }

    /// The sum or mean.
    pub(crate) fn finish(&self) -> Total {
        match self {
            Self::Sum(sum) => sum.finish(),
            Self::Mean(mean) => mean.finish(),
        }
    }

    fn total(&self) -> &HistogramSum {
        match self {
            Self::Sum(sum) => sum,
            Self::Mean(mean) => &mean.sum,
        }
    }

    /// The numbers as summed, and what rounding lost of them.
    pub(crate) fn halves(&self) -> [FloatHistogram; 2] {
        let total = &self.total().total;
        [
            total.convert(Tally::rounded),
            total.convert(|number| number.lost),
        ]
    }

    /// How many histograms a mean is of.
    pub(crate) fn count(&self) -> f64 {
        match self {
            Self::Sum(_) => 0.0,
            Self::Mean(mean) => mean.count,
        }
    }

    /// What was seen on the way, in bits below 16.
    pub(crate) fn flags(&self) -> u8 {
        let sum = self.total();
        let flag = |set, bit| if set { bit } else { 0 };
        flag(sum.hints.reset, RESET)
            | flag(sum.hints.not_reset, NOT_RESET)
            | flag(sum.reconciled, RECONCILED)
            | flag(matches!(self, Self::Mean(mean) if mean.running), RUNNING)
    }

    /// What [`Partial::halves`], [`Partial::count`] and [`Partial::flags`] have told.
    pub(crate) fn of_state(
        halves: &[FloatHistogram; 2],
        count: f64,
        flags: u8,
        mean: bool,
    ) -> Self {
        let [rounded, lost] = halves;
        let mut sum = HistogramSum::new(rounded);
        // Both halves have the same bounds.
        let _ = sum.total.add(lost);
        sum.hints = SeenHints {
            reset: flags & RESET != 0,
            not_reset: flags & NOT_RESET != 0,
        };
        sum.reconciled = flags & RECONCILED != 0;
        if !mean {
            return Self::Sum(sum);
        }
        Self::Mean(HistogramMean {
            sum,
            count,
            running: flags & RUNNING != 0,
        })
    }

    /// Puts two parts together.
    ///
    /// # Errors
    /// Some have exponential, some listed bounds.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), Incompatible> {
        match (&mut *self, other) {
            (Self::Mean(mine), Self::Mean(other)) => mine.merge(other),
            (Self::Sum(mine), other) => mine.merge(other.total()),
            (mine, Self::Sum(other)) => mine.add(&other.finish().histogram),
        }
    }
}

impl HistogramSum {
    fn merge(&mut self, other: &Self) -> Result<(), Incompatible> {
        self.hints.reset |= other.hints.reset;
        self.hints.not_reset |= other.hints.not_reset;
        self.reconciled |= other.reconciled;
        let rounded = other.total.convert(Tally::rounded);
        self.reconciled |= self.total.add(&rounded)?.reconciled;
        self.total.add(&other.total.convert(|number| number.lost))?;
        Ok(())
    }
}

impl HistogramMean {
    fn merge(&mut self, other: &Self) -> Result<(), Incompatible> {
        let count = self.count + other.count;
        if !self.running && !other.running {
            let mut next = self.sum.clone();
            next.merge(&other.sum)?;
            if !next.total.overflows() {
                (self.sum, self.count) = (next, count);
                return Ok(());
            }
        }
        let mut other = other.clone();
        for mean in [&mut *self, &mut other] {
            if !mean.running {
                mean.sum.total.divide(mean.count);
                mean.running = true;
            }
            mean.sum.total.multiply(mean.count / count);
        }
        self.count = count;
        self.sum.merge(&other.sum)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::any_exponential;
    use super::*;

    proptest! {
        #[test]
        fn parts_are_as_good_as_the_whole(
            all in prop::collection::vec(any_exponential(), 2..6), at in 1_usize..5, mean: bool,
        ) {
            // Of different layouts the result depends on the order, in Prometheus too.
            let alike = |h: &FloatHistogram| FloatHistogram {
                schema: all[0].schema,
                zero_threshold: all[0].zero_threshold,
                ..h.clone()
            };
            let all: Vec<_> = all.iter().map(alike).collect();
            let of = |some: &[FloatHistogram]| {
                let mut partial = Partial::new(&some[0], mean);
                some[1..].iter().for_each(|h| partial.add(h).expect("exponential"));
                partial
            };
            let (a, b) = all.split_at(at.min(all.len() - 1));
            let mut merged = of(a);
            let other = of(b);
            let other = Partial::of_state(&other.halves(), other.count(), other.flags(), mean);
            merged.merge(&other).expect("exponential");
            let (whole, merged) = (of(&all).finish(), merged.finish());
            prop_assert!(whole.histogram.same(&merged.histogram));
            prop_assert_eq!(whole.collision, merged.collision);
        }
    }
}
