//! What a metric says of itself: type, help, unit.

/// The type a target declares for a metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetricType {
    /// Not declared.
    #[default]
    Unknown,
    /// Only grows, apart from resets.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Classic or native histogram.
    Histogram,
    /// Histogram whose buckets may shrink.
    GaugeHistogram,
    /// Quantiles computed by the target.
    Summary,
    /// Constant 1 with labels that inform.
    Info,
    /// One series per state.
    StateSet,
}

impl MetricType {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Counter,
        Self::Gauge,
        Self::Histogram,
        Self::GaugeHistogram,
        Self::Summary,
        Self::Info,
        Self::StateSet,
    ];

    /// The type that Prometheus means by a code, in its log and in remote write; unknown if it has none.
    pub fn from_code(code: u64) -> Self {
        let at = usize::try_from(code).ok();
        at.and_then(|at| Self::ALL.get(at))
            .copied()
            .unwrap_or_default()
    }

    /// The code of [`MetricType::from_code`].
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The type that [`MetricType::as_str`] calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == name)
    }

    /// The name in exposition formats and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }
}

/// Type, help and unit of a metric family; empty texts where nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// The declared type.
    pub metric_type: MetricType,
    /// The help text, unescaped.
    pub help: String,
    /// The unit, for instance `seconds`.
    pub unit: String,
}
