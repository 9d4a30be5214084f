//! What a query answers.

use std::sync::Arc;

use datafusion::execution::memory_pool::MemoryReservation;
use narthex_model::{Error, Histogram, Labels, Result, TimestampMs};

/// The value of a query, with what should be said about it.
#[derive(Debug, Clone, Default)]
pub struct QueryOutput {
    /// The value.
    pub value: QueryValue,
    /// Things that are probably wrong.
    pub warnings: Vec<String>,
    /// Things worth knowing.
    pub infos: Vec<String>,
    /// The memory that it takes.
    pub memory: Held,
}

/// Memory that is counted against the limits of queries until this and all its clones are dropped.
#[derive(Debug, Clone, Default)]
pub struct Held(Option<Arc<MemoryReservation>>);

impl Held {
    /// What `reservation` holds.
    pub fn new(reservation: MemoryReservation) -> Self {
        Self(Some(Arc::new(reservation)))
    }

    /// Counts `bytes` instead of what was counted so far.
    ///
    /// # Errors
    /// `Limit` if that is more than queries may use.
    pub fn resize(&self, bytes: usize) -> Result<()> {
        let Some(reservation) = &self.0 else {
            return Ok(());
        };
        let resized = reservation.try_resize(bytes);
        resized.map_err(|e| Error::limit(e.strip_backtrace()))
    }
}

impl QueryValue {
    /// About how many bytes it takes in memory, with so many for each point and each bucket of a histogram.
    pub fn bytes(&self, point: usize, bucket: usize) -> usize {
        let buckets = |h: &Histogram| h.positive_buckets.len() + h.negative_buckets.len() + 4;
        match self {
            Self::Scalar { .. } | Self::String { .. } => point,
            Self::Vector(samples) => samples.iter().fold(0, |bytes, sample| {
                let labels = sample.labels.as_ref().as_bytes().len() + LABELS_BYTES;
                bytes
                    + labels
                    + point
                    + match &sample.value {
                        SampleValue::Float(_) => 0,
                        SampleValue::Histogram(histogram) => buckets(histogram) * bucket,
                    }
            }),
            Self::Matrix(series) => series.iter().fold(0, |bytes, series| {
                let labels = series.labels.as_ref().as_bytes().len() + LABELS_BYTES;
                let histograms = series.histograms.iter();
                let histograms = histograms.map(|(_, h)| point + buckets(h) * bucket);
                bytes + labels + series.values.len() * point + histograms.sum::<usize>()
            }),
        }
    }
}

/// What a series takes besides its points and the text of its labels.
const LABELS_BYTES: usize = 160;

/// The value of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryValue {
    /// An instant query of scalar type.
    Scalar {
        /// When.
        timestamp: TimestampMs,
        /// The number.
        value: f64,
    },
    /// An instant query of string type.
    String {
        /// When.
        timestamp: TimestampMs,
        /// The text.
        value: String,
    },
    /// An instant query of instant-vector type; unordered unless the expression sorts.
    Vector(Vec<InstantSample>),
    /// A range query, or an instant query of range-vector type; sorted by labels.
    Matrix(Vec<RangeSeries>),
}

impl Default for QueryValue {
    fn default() -> Self {
        Self::Vector(Vec::new())
    }
}

/// An element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct InstantSample {
    /// Its labels.
    pub labels: Labels,
    /// When.
    pub timestamp: TimestampMs,
    /// The value.
    pub value: SampleValue,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Box<Histogram>),
}

/// A series of a matrix: as many values as timestamps, times strictly increasing; floats and histograms have no time in common,
/// and there is at least one of either.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSeries {
    /// Its labels.
    pub labels: Labels,
    /// When the floats are.
    pub timestamps: Vec<TimestampMs>,
    /// The floats.
    pub values: Vec<f64>,
    /// The native histograms, times strictly increasing.
    pub histograms: Vec<(TimestampMs, Histogram)>,
}

impl RangeSeries {
    /// The value at instant `at`.
    pub fn at(&self, at: TimestampMs) -> Option<SampleValue> {
        if let Some(position) = self.timestamps.iter().position(|t| *t == at) {
            return self.values.get(position).copied().map(SampleValue::Float);
        }
        let histogram = self.histograms.iter().find(|(t, _)| *t == at);
        histogram.map(|(_, histogram)| SampleValue::Histogram(Box::new(histogram.clone())))
    }
}
