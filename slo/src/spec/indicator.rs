//! What is measured.

use narthex_model::Matcher;

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Indicator {
    /// Events, counted by counters.
    Events {
        /// All events.
        total: Counted,
        /// Those that are told apart.
        some: Counted,
        /// What those are.
        which: Which,
    },
    /// Events not slower than a threshold, by classic histograms.
    Latency {
        /// The series `…_bucket`, of all `le`.
        buckets: Counted,
        /// The threshold in the unit of `le`, seconds as a rule; need not be a bucket's boundary.
        threshold: f64,
    },
    /// Events not slower than a threshold, by native histograms.
    NativeLatency {
        /// The histograms.
        histograms: Counted,
        /// The threshold in the unit of the histogram.
        threshold: f64,
    },
    /// Samples of a gauge that compare well, as those of a probe.
    Gauge {
        /// The gauges.
        gauges: Counted,
        /// How a good sample compares with `value`.
        comparison: Comparison,
        /// What it is compared with.
        value: f64,
        /// Whether a sample counts for the time until the next one, rather than once.
        by_time: bool,
    },
    /// Good, or bad, and total of each slice, by PromQL in which `{{.window}}` is the slice's length.
    Queries {
        /// Gives all events of a slice.
        total: String,
        /// Gives those that are told apart.
        some: String,
        /// What those are.
        which: Which,
    },
    /// The fraction of errors of each slice, by PromQL in which `{{.window}}` is the slice's length; it says nothing of how many
    /// events there were.
    ErrorRatio {
        /// Gives 0 to 1.
        query: String,
    },
    /// Other SLOs together.
    Composite {
        /// Its parts; never empty.
        parts: Vec<Part>,
    },
}

/// What events that are told apart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// They are good.
    Good,
    /// They are bad.
    Bad,
}

/// Series whose events are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted(
    /// A series that several of these select counts once for each; never empty.
    pub Vec<Selector>,
);

/// Series that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The matchers, that of the name included.
    pub matchers: Vec<Matcher>,
}

/// How a value compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
}

/// A part of a composite.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The id of the SLO.
    pub slo: String,
    /// How much it counts: above 0.
    pub weight: f64,
}

impl Comparison {
    /// How PromQL writes the comparison that holds where this one does not.
    pub(crate) fn opposite(self) -> &'static str {
        match self {
            Self::Less => ">=",
            Self::LessOrEqual => ">",
            Self::Greater => "<=",
            Self::GreaterOrEqual => "<",
            Self::Equal => "!=",
        }
    }
}

impl Which {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Good => Self::Bad,
            Self::Bad => Self::Good,
        }
    }
}
