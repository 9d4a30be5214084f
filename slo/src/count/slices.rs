//! What was counted, slice by slice: what the ledger keeps.

use super::Grid;

/// What was counted for one group, slice by slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Slices {
    /// The slices; all columns have as many items.
    pub grid: Grid,
    /// How it was counted.
    pub method: Method,
    /// Good events.
    pub good: Vec<f64>,
    /// All events.
    pub total: Vec<f64>,
    /// Bad events.
    pub bad: Vec<f64>,
    /// Between what the good ones lie; `None`: they are exact.
    pub bounds: Option<Bounds>,
    /// How much of each slice was observed, in milliseconds.
    pub observed_ms: Vec<f64>,
}

impl Slices {
    /// Slices of which nothing is known.
    pub fn empty(grid: Grid, method: Method) -> Self {
        let column = || vec![0.0; grid.len];
        Self {
            grid,
            method,
            good: column(),
            total: column(),
            bad: column(),
            bounds: None,
            observed_ms: column(),
        }
    }

    /// Whether anything is known of a slice.
    pub(crate) fn is_known(&self, i: usize) -> bool {
        self.observed_ms[i] != 0.0 || self.total[i] != 0.0 || self.bad[i] != 0.0
    }
}

/// Between what numbers of good events lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// At least.
    pub low: Vec<f64>,
    /// At most.
    pub high: Vec<f64>,
}

/// How slices were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By differences of counters.
    Counters,
    /// By differences of the buckets of classic histograms.
    Buckets,
    /// By differences of native histograms.
    NativeHistograms,
    /// By samples of gauges.
    GaugeSamples,
    /// By the seconds that samples of gauges stood for.
    GaugeTime,
    /// By PromQL that counts events.
    Queries,
    /// By PromQL that gives a fraction: each slice is one event.
    Ratio,
}

impl Method {
    /// All of them.
    const ALL: [Self; 7] = [
        Self::Counters,
        Self::Buckets,
        Self::NativeHistograms,
        Self::GaugeSamples,
        Self::GaugeTime,
        Self::Queries,
        Self::Ratio,
    ];

    /// The method of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// The name in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counters => "counters",
            Self::Buckets => "buckets",
            Self::NativeHistograms => "native-histograms",
            Self::GaugeSamples => "gauge-samples",
            Self::GaugeTime => "gauge-time",
            Self::Queries => "promql-sliced",
            Self::Ratio => "promql-ratio",
        }
    }
}
