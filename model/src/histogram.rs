//! Native histograms: one sample that holds a whole distribution.

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
