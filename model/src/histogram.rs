//! Native histograms: one sample that holds a whole distribution.

use std::fmt;

/// The schema whose bounds are listed in `custom_values`.
const CUSTOM_BOUNDS_SCHEMA: i32 = -53;

/// Whether the buckets of a histogram may be compared with the sample before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResetHint {
    /// Nothing is known; compare the buckets.
    #[default]
    Unknown,
    /// A counter reset lies before this sample.
    Reset,
    /// No counter reset lies before this sample.
    NotReset,
    /// Not a counter at all.
    Gauge,
}

impl ResetHint {
    /// All of them, by their code in files, on the wire and in columns.
    const BY_CODE: [Self; 4] = [Self::Unknown, Self::Reset, Self::NotReset, Self::Gauge];

    /// Its code, 0..=3.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The hint of a code.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::BY_CODE.get(usize::from(code)).copied()
    }
}

/// A run of consecutive buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Gap to the span before, in buckets; for the first span, the index of its first bucket.
    pub offset: i32,
    /// Number of buckets in the run.
    pub length: u32,
}

/// A native histogram with absolute (not cumulative, not delta) bucket counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// -4..=8: bucket `i` ends at `2^(i * 2^-schema)`; -53: the bounds are `custom_values`.
    pub schema: i32,
    /// Half-width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of the observed values; the stale NaN marks a stale sample.
    pub sum: f64,
    /// Where the positive buckets lie.
    pub positive_spans: Vec<Span>,
    /// Counts of the positive buckets, as many as the spans hold.
    pub positive_buckets: Vec<f64>,
    /// Where the negative buckets lie.
    pub negative_spans: Vec<Span>,
    /// Counts of the negative buckets, as many as the spans hold.
    pub negative_buckets: Vec<f64>,
    /// Upper bounds with schema -53, increasing, without +Inf; else empty.
    pub custom_values: Vec<f64>,
    /// What is known of resets.
    pub reset_hint: ResetHint,
}

/// A histogram whose lists lie elsewhere; the fields are those of [`Histogram`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(missing_docs, reason = "they are described at `Histogram`")]
pub struct HistogramRef<'a> {
    pub schema: i32,
    pub zero_threshold: f64,
    pub zero_count: f64,
    pub count: f64,
    pub sum: f64,
    pub positive_spans: &'a [Span],
    pub positive_buckets: &'a [f64],
    pub negative_spans: &'a [Span],
    pub negative_buckets: &'a [f64],
    pub custom_values: &'a [f64],
    pub reset_hint: ResetHint,
}

/// Why a histogram is refused: as in Prometheus, so that what it stores is stored here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HistogramError {
    /// Neither -4..=8 nor -53.
    Schema,
    /// A span after the first begins before the one before it has ended, or buckets are numbered beyond `i32`.
    Spans,
    /// There are more or fewer buckets than the spans hold.
    BucketCount,
    /// A count is negative.
    NegativeCount,
    /// The width of the zero bucket is negative or not a number.
    ZeroThreshold,
    /// Custom bounds that do not increase, are no numbers or end with +Inf; or there are bounds with another schema.
    CustomBounds,
    /// Zero bucket or negative buckets beside custom bounds, or a bucket without bound.
    CustomBuckets,
}

impl HistogramError {
    /// The words of an error message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "native histogram has an unknown schema; known are -4 to 8 and -53",
            Self::Spans => "native histogram has spans that overlap or end beyond the last bucket",
            Self::BucketCount => "native histogram has other buckets than its spans hold",
            Self::NegativeCount => "native histogram has a negative count",
            Self::ZeroThreshold => "native histogram has a zero bucket without a width",
            Self::CustomBounds => {
                "native histogram has custom bounds that do not increase or do not fit its schema"
            }
            Self::CustomBuckets => "native histogram has buckets that do not fit its custom bounds",
        }
    }
}

impl fmt::Display for HistogramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Histogram {
    /// The same, borrowed.
    pub fn as_ref(&self) -> HistogramRef<'_> {
        HistogramRef {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count,
            count: self.count,
            sum: self.sum,
            positive_spans: &self.positive_spans,
            positive_buckets: &self.positive_buckets,
            negative_spans: &self.negative_spans,
            negative_buckets: &self.negative_buckets,
            custom_values: &self.custom_values,
            reset_hint: self.reset_hint,
        }
    }

    /// Bytes of its lists.
    pub fn list_bytes(&self) -> usize {
        let spans = self.positive_spans.len() + self.negative_spans.len();
        spans * size_of::<Span>() + self.as_ref().value_count() * 8
    }
}

impl HistogramRef<'_> {
    /// The same with lists of its own.
    pub fn to_owned(&self) -> Histogram {
        Histogram {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count,
            count: self.count,
            sum: self.sum,
            positive_spans: self.positive_spans.to_vec(),
            positive_buckets: self.positive_buckets.to_vec(),
            negative_spans: self.negative_spans.to_vec(),
            negative_buckets: self.negative_buckets.to_vec(),
            custom_values: self.custom_values.to_vec(),
            reset_hint: self.reset_hint,
        }
    }

    /// How many buckets and custom bounds it has.
    pub fn value_count(&self) -> usize {
        self.positive_buckets.len() + self.negative_buckets.len() + self.custom_values.len()
    }

    /// Whether both are the same to the last bit, that of NaNs included.
    pub fn same_bits(&self, other: &HistogramRef<'_>) -> bool {
        let same = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        let numbers = |h: &HistogramRef<'_>| [h.zero_threshold, h.zero_count, h.count, h.sum];
        self.schema == other.schema
            && self.reset_hint == other.reset_hint
            && same(&numbers(self), &numbers(other))
            && self.positive_spans == other.positive_spans
            && self.negative_spans == other.negative_spans
            && same(self.positive_buckets, other.positive_buckets)
            && same(self.negative_buckets, other.negative_buckets)
            && same(self.custom_values, other.custom_values)
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), HistogramError> {
        check_spans(self.positive_spans, self.positive_buckets)?;
        check_spans(self.negative_spans, self.negative_buckets)?;
        let buckets = self.positive_buckets.iter().chain(self.negative_buckets);
        if buckets
            .chain([&self.zero_count, &self.count])
            .any(|count| *count < 0.0)
        {
            return Err(HistogramError::NegativeCount);
        }
        match self.schema {
            -4..=8 if self.custom_values.is_empty() => match self.zero_threshold {
                width if width >= 0.0 => Ok(()),
                _ => Err(HistogramError::ZeroThreshold),
            },
            -4..=8 => Err(HistogramError::CustomBounds),
            CUSTOM_BOUNDS_SCHEMA => self.check_custom(),
            _ => Err(HistogramError::Schema),
        }
    }

    fn check_custom(&self) -> Result<(), HistogramError> {
        let bounds = self.custom_values;
        let increasing = bounds.is_sorted_by(|a, b| a < b);
        if !increasing || bounds.iter().any(|b| b.is_nan()) || bounds.last() == Some(&f64::INFINITY)
        {
            return Err(HistogramError::CustomBounds);
        }
        // Behind the last bound there is one more bucket.
        let spanned: i64 = self
            .positive_spans
            .iter()
            .map(|s| i64::from(s.offset) + i64::from(s.length))
            .sum();
        let begins_early = self.positive_spans.first().is_some_and(|s| s.offset < 0);
        let other_buckets = !self.negative_spans.is_empty()
            || !self.negative_buckets.is_empty()
            || self.zero_count != 0.0
            || self.zero_threshold != 0.0;
        if begins_early || other_buckets || spanned > bounds.len() as i64 + 1 {
            return Err(HistogramError::CustomBuckets);
        }
        Ok(())
    }
}

fn check_spans(spans: &[Span], buckets: &[f64]) -> Result<(), HistogramError> {
    let (mut held, mut end) = (0_u64, 0_i64);
    for (i, span) in spans.iter().enumerate() {
        held += u64::from(span.length);
        end += i64::from(span.offset) + i64::from(span.length);
        if (i > 0 && span.offset < 0) || i32::try_from(end).is_err() {
            return Err(HistogramError::Spans);
        }
    }
    if held == buckets.len() as u64 {
        Ok(())
    } else {
        Err(HistogramError::BucketCount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stale_nan;

    fn spans(spans: &[(i32, u32)]) -> Vec<Span> {
        let span = |(offset, length): &(i32, u32)| Span {
            offset: *offset,
            length: *length,
        };
        spans.iter().map(span).collect()
    }

    fn good() -> Histogram {
        Histogram {
            schema: 3,
            zero_threshold: 0.001,
            zero_count: 1.0,
            count: 7.0,
            sum: 2.5,
            positive_spans: spans(&[(-2, 2), (1, 1)]),
            positive_buckets: vec![1.0, 2.0, 3.0],
            ..Histogram::default()
        }
    }

    fn custom() -> Histogram {
        Histogram {
            schema: CUSTOM_BOUNDS_SCHEMA,
            count: 3.0,
            positive_spans: spans(&[(0, 1), (1, 1)]),
            positive_buckets: vec![1.0, 2.0],
            custom_values: vec![0.5, 1.0],
            ..Histogram::default()
        }
    }

    fn check(change: impl Fn(&mut Histogram), of: Histogram) -> Result<(), HistogramError> {
        let mut histogram = of;
        change(&mut histogram);
        histogram.as_ref().check()
    }

    #[test]
    fn what_makes_sense() {
        assert_eq!(check(|_| (), good()), Ok(()));
        assert_eq!(check(|_| (), custom()), Ok(()));
        assert_eq!(check(|h| h.sum = stale_nan(), Histogram::default()), Ok(()));
        assert_eq!(check(|h| h.positive_buckets[0] = f64::NAN, good()), Ok(()));
        assert_eq!(
            check(
                |h| h.custom_values = vec![],
                Histogram {
                    positive_spans: vec![],
                    positive_buckets: vec![],
                    ..custom()
                }
            ),
            Ok(())
        );
    }

    #[test]
    fn what_does_not() {
        use HistogramError::*;
        assert_eq!(check(|h| h.schema = 9, good()), Err(Schema));
        assert_eq!(
            check(|h| h.positive_spans[1].offset = -1, good()),
            Err(Spans)
        );
        assert_eq!(
            check(|h| h.positive_spans[0].offset = i32::MAX, good()),
            Err(Spans)
        );
        assert_eq!(
            check(|h| h.positive_spans[1].length = u32::MAX, good()),
            Err(Spans)
        );
        assert_eq!(
            check(|h| h.positive_buckets.truncate(2), good()),
            Err(BucketCount)
        );
        assert_eq!(
            check(|h| h.negative_buckets.push(1.0), good()),
            Err(BucketCount)
        );
        assert_eq!(
            check(|h| h.positive_buckets[1] = -1.0, good()),
            Err(NegativeCount)
        );
        assert_eq!(check(|h| h.count = -1.0, good()), Err(NegativeCount));
        assert_eq!(
            check(|h| h.zero_threshold = f64::NAN, good()),
            Err(ZeroThreshold)
        );
        assert_eq!(
            check(|h| h.custom_values.push(1.0), good()),
            Err(CustomBounds)
        );
        assert_eq!(
            check(|h| h.custom_values[1] = 0.5, custom()),
            Err(CustomBounds)
        );
        assert_eq!(
            check(|h| h.custom_values[1] = f64::NAN, custom()),
            Err(CustomBounds)
        );
        assert_eq!(
            check(|h| h.custom_values[1] = f64::INFINITY, custom()),
            Err(CustomBounds)
        );
        assert_eq!(
            check(|h| h.positive_spans[1].offset = 2, custom()),
            Err(CustomBuckets)
        );
        assert_eq!(check(|h| h.zero_count = 1.0, custom()), Err(CustomBuckets));
    }

    #[test]
    fn borrowed_and_back() {
        for histogram in [good(), custom()] {
            assert_eq!(histogram.as_ref().to_owned(), histogram);
            assert!(histogram.as_ref().same_bits(&histogram.as_ref()));
        }
        assert!(!good().as_ref().same_bits(&custom().as_ref()));
    }
}
