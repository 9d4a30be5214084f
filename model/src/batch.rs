//! What is written at once: series and their samples, in columns.

use crate::{Histogram, Label, LabelError, LabelsRef, Metadata, TimestampMs, push_canonical};

/// Samples on their way into the engine, as columns: label sets packed one after the other, and one row per sample
/// that names its series by position. Nothing is allocated per sample.
///
/// A label set may occur more than once; a sample too.
#[derive(Debug, Clone, Default)]
pub struct WriteBatch {
    label_bytes: Vec<u8>,
    label_ends: Vec<u32>,
    sample_series: Vec<u32>,
    timestamps: Vec<TimestampMs>,
    values: Vec<f64>,
    /// Empty, or one per sample; 0 where it is not known.
    start_timestamps: Vec<TimestampMs>,
    /// Native histogram samples.
    pub histograms: Vec<HistogramSample>,
    /// Exemplars.
    pub exemplars: Vec<Exemplar>,
    /// What metrics say of themselves.
    pub metadata: Vec<MetadataEntry>,
}

/// A native histogram sample of the series at position `series` of its batch.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSample {
    /// Position of the series in the batch.
    pub series: u32,
    /// When.
    pub timestamp: TimestampMs,
    /// The distribution.
    pub histogram: Histogram,
    /// Since when its counts are counted, if the source says so.
    pub start_timestamp: Option<TimestampMs>,
}

/// An exemplar of the series at position `series` of its batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Position of the series in the batch.
    pub series: u32,
    /// Its own labels, for instance `trace_id`, in the packed form of [`push_canonical`].
    pub labels: Vec<u8>,
    /// The observed value.
    pub value: f64,
    /// When, if the source says so.
    pub timestamp: Option<TimestampMs>,
}

/// Metadata of a metric family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataEntry {
    /// The family's name.
    pub metric: String,
    /// Type, help, unit.
    pub metadata: Metadata,
}

impl WriteBatch {
    /// A sink may refuse batches whose [`WriteBatch::total_byte_size`] is larger.
    pub const BYTES_MAX: usize = 256 << 20;

    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a series and returns its position. `labels` are sorted in place.
    ///
    /// # Errors
    /// Labels that form no set; the batch is unchanged.
    pub fn push_series(&mut self, labels: &mut [Label<'_>]) -> Result<u32, LabelError> {
        push_canonical(labels, &mut self.label_bytes)?;
        Ok(self.end_series())
    }

    /// Adds a series whose labels are packed already and returns its position.
    pub fn push_packed_series(&mut self, labels: LabelsRef<'_>) -> u32 {
        self.label_bytes.extend_from_slice(labels.as_bytes());
        self.end_series()
    }

    fn end_series(&mut self) -> u32 {
        let position = self.label_ends.len() as u32;
        self.label_ends.push(self.label_bytes.len() as u32);
        position
    }

    /// Adds a float sample of the series at position `series`.
    pub fn push_sample(&mut self, series: u32, timestamp: TimestampMs, value: f64) {
        debug_assert!(
            (series as usize) < self.label_ends.len(),
            "series {series} is not in the batch"
        );
        self.sample_series.push(series);
        self.timestamps.push(timestamp);
        self.values.push(value);
        if !self.start_timestamps.is_empty() {
            self.start_timestamps.push(0);
        }
    }

    /// Adds a float sample of the series at position `series`, which counts since `start`; 0 if that is not known.
    pub fn push_sample_with_start(
        &mut self,
        series: u32,
        timestamp: TimestampMs,
        value: f64,
        start: TimestampMs,
    ) {
        let known = start != 0 || !self.start_timestamps.is_empty();
        self.push_sample(series, timestamp, value);
        if known {
            self.start_timestamps.resize(self.values.len(), 0);
            self.start_timestamps.pop();
            self.start_timestamps.push(start);
        }
    }

    /// Number of series.
    pub fn series_count(&self) -> usize {
        self.label_ends.len()
    }

    /// Number of float samples.
    pub fn sample_count(&self) -> usize {
        self.values.len()
    }

    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
            && self.histograms.is_empty()
            && self.exemplars.is_empty()
            && self.metadata.is_empty()
    }

    /// Labels of the series at `position`; the empty set if there is none.
    pub fn labels(&self, position: u32) -> LabelsRef<'_> {
        let at = position as usize;
        let start = at
            .checked_sub(1)
            .and_then(|i| self.label_ends.get(i))
            .copied()
            .unwrap_or(0);
        let end = self.label_ends.get(at).copied().unwrap_or(start);
        LabelsRef::from_canonical(
            self.label_bytes
                .get(start as usize..end as usize)
                .unwrap_or(&[]),
        )
    }

    /// For each float sample, the position of its series.
    pub fn sample_series(&self) -> &[u32] {
        &self.sample_series
    }

    /// For each float sample, when it was taken.
    pub fn timestamps(&self) -> &[TimestampMs] {
        &self.timestamps
    }

    /// For each float sample, its value.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// For each float sample, since when it counts, 0 where that is not known; empty if it is known of none.
    pub fn start_timestamps(&self) -> &[TimestampMs] {
        &self.start_timestamps
    }

    /// About how many bytes of memory the batch holds, without the lists and texts inside histograms, exemplars and
    /// metadata. Costs nothing.
    pub fn byte_size(&self) -> usize {
        let columns = self.label_bytes.len()
            + self.label_ends.len() * 4
            + self.values.len() * 20
            + self.start_timestamps.len() * 8;
        columns
            + self.histograms.len() * size_of::<HistogramSample>()
            + self.exemplars.len() * size_of::<Exemplar>()
            + self.metadata.len() * size_of::<MetadataEntry>()
    }

    /// About how many bytes of memory the batch holds, all told. Looks at each histogram, exemplar and metadata entry.
    pub fn total_byte_size(&self) -> usize {
        let histograms = self.histograms.iter().map(|s| s.histogram.list_bytes());
        let exemplars = self.exemplars.iter().map(|e| e.labels.len());
        let metadata = self
            .metadata
            .iter()
            .map(|m| m.metric.len() + m.metadata.help.len() + m.metadata.unit.len());
        self.byte_size() + histograms.chain(exemplars).chain(metadata).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_by_position() {
        let mut batch = WriteBatch::new();
        let a = batch
            .push_series(&mut [("job", "x"), ("__name__", "a")])
            .expect("valid");
        let b = batch.push_series(&mut [("__name__", "b")]).expect("valid");
        batch.push_sample(b, 1, 2.0);
        batch.push_sample(a, 1, 3.0);
        assert_eq!(batch.labels(a).to_string(), "a{job=\"x\"}");
        assert_eq!(batch.labels(b).to_string(), "b");
        assert_eq!(
            (batch.sample_series(), batch.values()),
            (&[1, 0][..], &[2.0, 3.0][..])
        );
        assert_eq!(batch.start_timestamps(), [0_i64; 0]);
        batch.push_sample_with_start(a, 2, 3.0, 0);
        batch.push_sample_with_start(a, 3, 3.0, 1);
        batch.push_sample(b, 3, 3.0);
        assert_eq!(batch.start_timestamps(), [0, 0, 0, 1, 0]);
        assert!(batch.push_series(&mut [("a", "1"), ("a", "2")]).is_err());
        assert_eq!(
            (batch.series_count(), batch.labels(9).is_empty()),
            (2, true)
        );
    }
}
