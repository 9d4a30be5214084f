//! All notes a query can say, in Prometheus' words.

use std::fmt::{self, Display, Formatter};

use narthex_model::TimestampMs;
use narthex_syntax::Quoted;

use super::number::General;
use crate::kernels::calendar::rfc3339;

/// How serious a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something is probably wrong.
    Warning,
    /// Something is worth knowing.
    Info,
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Info => "info",
        })
    }
}

/// A note. `metric` is the metric's name, empty if it is not known any more.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Note<'a> {
    InvalidRatio {
        got: f64,
        capped: f64,
    },
    InvalidQuantile(f64),
    BadBucketLabel {
        label: &'a str,
        metric: &'a str,
    },
    MixedFloatsHistograms {
        metric: &'a str,
    },
    MixedFloatsHistogramsAggregation,
    MixedClassicNative {
        metric: &'a str,
    },
    NotCounter {
        metric: &'a str,
    },
    NotGauge {
        metric: &'a str,
    },
    MixedExponentialCustom {
        metric: &'a str,
    },
    IncompatibleBucketLayout {
        operator: &'a str,
    },
    SortInRangeQuery,
    /// The operation is `aggregation`, `addition` or `subtraction`.
    CounterResetCollision {
        operation: &'a str,
    },
    StartTimeOverlap {
        metric: &'a str,
    },
    PossibleNonCounter {
        metric: &'a str,
    },
    ForcedMonotonicity {
        metric: &'a str,
        forced: Forced,
    },
    /// The sides are `float` or `histogram`.
    IncompatibleTypes {
        left: &'a str,
        operator: &'a str,
        right: &'a str,
    },
    HistogramIgnoredInAggregation {
        aggregation: &'a str,
    },
    HistogramIgnoredInMixedRange {
        metric: &'a str,
    },
    QuantileIsNan {
        metric: &'a str,
    },
    QuantileIsSkewed {
        metric: &'a str,
    },
    FractionWithoutNans {
        metric: &'a str,
    },
    /// The operation is `aggregation`, `addition`, `subtraction` or `division`.
    MismatchedCustomBuckets {
        operation: &'a str,
    },
}

impl Note<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::InvalidRatio { .. }
            | Self::InvalidQuantile(_)
            | Self::BadBucketLabel { .. }
            | Self::MixedFloatsHistograms { .. }
            | Self::MixedFloatsHistogramsAggregation
            | Self::MixedClassicNative { .. }
            | Self::NotCounter { .. }
            | Self::NotGauge { .. }
            | Self::MixedExponentialCustom { .. }
            | Self::IncompatibleBucketLayout { .. }
            | Self::SortInRangeQuery
            | Self::CounterResetCollision { .. }
            | Self::StartTimeOverlap { .. } => Kind::Warning,
            Self::PossibleNonCounter { .. }
            | Self::ForcedMonotonicity { .. }
            | Self::IncompatibleTypes { .. }
            | Self::HistogramIgnoredInAggregation { .. }
            | Self::HistogramIgnoredInMixedRange { .. }
            | Self::QuantileIsNan { .. }
            | Self::QuantileIsSkewed { .. }
            | Self::FractionWithoutNans { .. }
            | Self::MismatchedCustomBuckets { .. } => Kind::Info,
        }
    }

    /// What is summed up over all notes of the same text.
    pub(super) fn forced(&self) -> Option<Forced> {
        match self {
            Self::ForcedMonotonicity { forced, .. } => Some(*forced),
            _ => None,
        }
    }
}

/// The text without kind and place.
impl Display for Note<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::InvalidRatio { got, capped } => write!(
                f,
                "ratio value should be between -1 and 1, got {}, capping to {}",
                General::shortest(got),
                General::shortest(capped)
            ),
            Self::InvalidQuantile(got) => write!(
                f,
                "quantile value should be between 0 and 1, got {}",
                General::shortest(got)
            ),
            Self::BadBucketLabel { label, metric } => write!(
                f,
                "bucket label \"le\" is missing or has a malformed value of {}{}",
                Quoted(label),
                OfMetric(metric)
            ),
            Self::MixedFloatsHistograms { metric } => write!(
                f,
                "encountered a mix of histograms and floats for metric name {}",
                Quoted(metric)
            ),
            Self::MixedFloatsHistogramsAggregation => {
                f.write_str("encountered a mix of histograms and floats for aggregation")
            }
            Self::MixedClassicNative { metric } => write!(
                f,
                "vector contains a mix of classic and native histograms{}",
                OfMetric(metric)
            ),
            Self::NotCounter { metric } => write!(
                f,
                "this native histogram metric is not a counter: {}",
                Quoted(metric)
            ),
            Self::NotGauge { metric } => write!(
                f,
                "this native histogram metric is not a gauge: {}",
                Quoted(metric)
            ),
            Self::MixedExponentialCustom { metric } => write!(
                f,
                "vector contains a mix of histograms with exponential and custom buckets schemas for metric name {}",
                Quoted(metric)
            ),
            Self::IncompatibleBucketLayout { operator } => write!(
                f,
                "incompatible bucket layout encountered for binary operator {operator}"
            ),
            Self::SortInRangeQuery => f.write_str(
                "sort is ineffective for range queries since results are always ordered by labels",
            ),
            Self::CounterResetCollision { operation } => {
                write!(f, "conflicting counter resets during histogram {operation}")
            }
            Self::StartTimeOverlap { metric } => write!(
                f,
                "sample has start time that overlaps with previous sample timestamp for metric {}",
                Quoted(metric)
            ),
            Self::PossibleNonCounter { metric } => write!(
                f,
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                Quoted(metric)
            ),
            Self::ForcedMonotonicity { metric, .. } => write!(
                f,
                "input to histogram_quantile needed to be fixed for monotonicity (see \
                 https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}",
                OfMetric(metric)
            ),
            Self::IncompatibleTypes {
                left,
                operator,
                right,
            } => write!(
                f,
                "incompatible sample types encountered for binary operator {}: {left} {operator} {right}",
                Quoted(operator)
            ),
            Self::HistogramIgnoredInAggregation { aggregation } => {
                write!(f, "ignored histogram in {aggregation} aggregation")
            }
            Self::HistogramIgnoredInMixedRange { metric } => write!(
                f,
                "ignored histograms in a range containing both floats and histograms for metric name {}",
                Quoted(metric)
            ),
            Self::QuantileIsNan { metric } => write!(
                f,
                "input to histogram_quantile has NaN observations, result is NaN{}",
                OfMetric(metric)
            ),
            Self::QuantileIsSkewed { metric } => write!(
                f,
                "input to histogram_quantile has NaN observations, result is skewed higher{}",
                OfMetric(metric)
            ),
            Self::FractionWithoutNans { metric } => write!(
                f,
                "input to histogram_fraction has NaN observations, which are excluded from all fractions{}",
                OfMetric(metric)
            ),
            Self::MismatchedCustomBuckets { operation } => write!(
                f,
                "mismatched custom buckets were reconciled during {operation}"
            ),
        }
    }
}

/// ` for metric name "…"`; nothing if it is not known.
struct OfMetric<'a>(&'a str);

impl Display for OfMetric<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " for metric name {}", Quoted(self.0))
    }
}

/// How much buckets had to be changed until their counts did not fall, over several points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forced {
    times: (TimestampMs, TimestampMs),
    bounds: (f64, f64),
    difference_max: f64,
    points: u64,
}

impl Forced {
    /// At one instant, in the buckets from bound `from` to bound `to`.
    pub(crate) fn at(time: TimestampMs, from: f64, to: f64, difference_max: f64) -> Self {
        Self {
            times: (time, time),
            bounds: (from, to),
            difference_max,
            points: 1,
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.times = (
            self.times.0.min(other.times.0),
            self.times.1.max(other.times.1),
        );
        self.bounds = (
            self.bounds.0.min(other.bounds.0),
            self.bounds.1.max(other.bounds.1),
        );
        self.difference_max = self.difference_max.max(other.difference_max);
        self.points += other.points;
    }
}

impl Display for Forced {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            ", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
            General::shortest(self.bounds.0),
            General::shortest(self.bounds.1),
            General::of_digits(self.difference_max, 2),
            self.points,
            rfc3339(self.times.0),
            rfc3339(self.times.1)
        )
    }
}
