//! The hints of resets that histograms of a series have when they are read.
//!
//! Prometheus keeps histograms in chunks: a chunk has no reset inside, and all that a reader learns of the first one of a chunk is
//! that nothing is known. So what a reader sees follows from each histogram and the sample before it.

use narthex_model::{ResetHint, is_stale};

use super::FloatHistogram;
use super::reset::side_shrank;

impl FloatHistogram {
    /// The hint it is read with. `before` is the sample before it as it was written, if that is a histogram.
    pub(crate) fn hint_when_read(&self, before: Option<&Self>) -> ResetHint {
        match before {
            _ if self.hint == ResetHint::Gauge => ResetHint::Gauge,
            Some(before) if self.continues(before) => ResetHint::NotReset,
            _ => ResetHint::Unknown,
        }
    }

    /// Whether it goes into the chunk of `before`.
    fn continues(&self, before: &Self) -> bool {
        let counters = before.hint != ResetHint::Gauge && self.hint != ResetHint::Reset;
        let same_buckets = self.schema == before.schema
            && self.zero_threshold == before.zero_threshold
            && self.bounds == before.bounds;
        counters
            && same_buckets
            && !is_stale(before.sum)
            && self.count >= before.count
            && self.zero_count >= before.zero_count
            && !side_shrank(&self.positive, &before.positive)
            && !side_shrank(&self.negative, &before.negative)
    }

    /// The hint for those who look at counts and sums alone, and so cannot look for resets themselves: where nothing is known,
    /// what its buckets say. `before` is the histogram before it in its series.
    pub(crate) fn hint_by_buckets(&self, before: Option<&Self>) -> ResetHint {
        match (self.hint, before) {
            (ResetHint::Unknown, Some(before)) if self.is_reset_after(before) => ResetHint::Reset,
            (ResetHint::Unknown, Some(_)) => ResetHint::NotReset,
            (hint, _) => hint,
        }
    }
}

#[cfg(test)]
mod tests {
    use ResetHint::{Gauge, NotReset, Reset, Unknown};

    use super::super::samples::exponential;
    use super::*;

    fn counter(count: f64, hint: ResetHint) -> FloatHistogram {
        FloatHistogram {
            hint,
            ..exponential(0, (0.25, 1.0), &[(0, count)], &[])
        }
    }

    #[test]
    fn a_chunk_is_read_as_one_counter() {
        let read =
            |now, before: Option<FloatHistogram>| counter(2.0, now).hint_when_read(before.as_ref());
        assert_eq!(read(Unknown, None), Unknown);
        assert_eq!(read(NotReset, None), Unknown);
        assert_eq!(read(Unknown, Some(counter(2.0, Unknown))), NotReset);
        assert_eq!(read(Unknown, Some(counter(3.0, Unknown))), Unknown);
        assert_eq!(read(Reset, Some(counter(2.0, Unknown))), Unknown);
        assert_eq!(read(Unknown, Some(counter(2.0, Gauge))), Unknown);
        assert_eq!(read(Gauge, Some(counter(2.0, Unknown))), Gauge);
        let wider = FloatHistogram {
            zero_threshold: 0.125,
            ..counter(1.0, Unknown)
        };
        assert_eq!(read(Unknown, Some(wider)), Unknown);
        let stale = FloatHistogram {
            sum: narthex_model::stale_nan(),
            ..counter(1.0, Unknown)
        };
        assert_eq!(read(Unknown, Some(stale)), Unknown);
    }

    #[test]
    fn what_the_buckets_say() {
        let said = |now, before| counter(2.0, now).hint_by_buckets(Some(&counter(before, Unknown)));
        assert_eq!(said(Unknown, 3.0), Reset);
        assert_eq!(said(Unknown, 1.0), NotReset);
        assert_eq!(said(NotReset, 3.0), NotReset);
        assert_eq!(counter(2.0, Unknown).hint_by_buckets(None), Unknown);
    }
}
