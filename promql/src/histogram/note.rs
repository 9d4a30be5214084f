//! What there may be to say about an operation on histograms.

use crate::notes::Note;

/// A reason for a warning or info. Whoever has the metric's name and the place in the query says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum HistogramNote {
    /// Floats and histograms in one window.
    MixedFloatsHistograms,
    /// A gauge where a counter should be.
    NotCounter,
    /// A counter where a gauge should be.
    NotGauge,
    /// Exponential and listed bounds do not go together.
    MixedExponentialCustom,
    /// Histograms among floats were left out.
    Ignored,
    /// Hints of resets contradict each other.
    ResetCollision(Operation),
    /// Listed bounds differed; only common ones are left.
    Reconciled(Operation),
    /// The quantile is NaN, for it lies among observations of NaN.
    QuantileIsNan,
    /// Observations of NaN are taken as the highest ones.
    QuantileIsSkewed,
    /// Observations of NaN are in no fraction.
    FractionWithoutNans,
    /// A counter began before the sample before it, and yet is another one.
    StartsOverlap,
}

impl HistogramNote {
    /// In the words for queries, about the metric of this name.
    pub(crate) fn about(self, metric: &str) -> Note<'_> {
        match self {
            Self::MixedFloatsHistograms => Note::MixedFloatsHistograms { metric },
            Self::NotCounter => Note::NotCounter { metric },
            Self::NotGauge => Note::NotGauge { metric },
            Self::MixedExponentialCustom => Note::MixedExponentialCustom { metric },
            Self::Ignored => Note::HistogramIgnoredInMixedRange { metric },
            Self::ResetCollision(operation) => Note::CounterResetCollision {
                operation: operation.name(),
            },
            Self::Reconciled(operation) => Note::MismatchedCustomBuckets {
                operation: operation.name(),
            },
            Self::QuantileIsNan => Note::QuantileIsNan { metric },
            Self::QuantileIsSkewed => Note::QuantileIsSkewed { metric },
            Self::FractionWithoutNans => Note::FractionWithoutNans { metric },
            Self::StartsOverlap => Note::StartTimeOverlap { metric },
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operation {
    /// `+`.
    Addition,
    /// `-`.
    Subtraction,
    /// Many were added up.
    Aggregation,
}

impl Operation {
    /// As messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Addition => "addition",
            Self::Subtraction => "subtraction",
            Self::Aggregation => "aggregation",
        }
    }
}
