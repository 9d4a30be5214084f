//! A write batch as a remote write body: for load generators and tests.

use std::fmt;

use narthex_model::{Error, Exemplar, LabelsRef, MetadataEntry, TimestampMs, WriteBatch};
use snap::raw;

use super::histogram::push_histogram;
use super::wire::{push_varint, varint_len};

/// Encodes a batch as the body of a remote write 1.0 request.
///
/// # Errors
/// `Limit` if the message is larger than a snappy block can be (4 GiB).
pub fn encode(batch: &WriteBatch) -> Result<Vec<u8>, Error> {
    Encoder::new().encode(batch)
}

/// Encodes batch after batch in the same working memory.
pub struct Encoder {
    message: Vec<u8>,
    /// A series, before its length is known.
    series: Vec<u8>,
    /// Something inside a series, before its length is known.
    part: Vec<u8>,
    samples: Rows,
    exemplars: Rows,
    histograms: Rows,
    snappy: raw::Encoder,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            message: Vec::new(),
            series: Vec::new(),
            part: Vec::new(),
            samples: Rows::default(),
            exemplars: Rows::default(),
            histograms: Rows::default(),
            snappy: raw::Encoder::new(),
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Encoder {
    /// An encoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Encodes a batch as the body of a remote write 1.0 request. Series keep their order, and so do the samples of
    /// each.
    ///
    /// # Errors
    /// `Limit` if the message is larger than a snappy block can be (4 GiB).
    pub fn encode(&mut self, batch: &WriteBatch) -> Result<Vec<u8>, Error> {
        self.encode_message(batch);
        let too_large =
            |error| Error::limit("the batch is too large for one request").with_source(error);
        self.snappy.compress_vec(&self.message).map_err(too_large)
    }

    /// Encodes a batch without compressing it.
    pub fn encode_message(&mut self, batch: &WriteBatch) -> &[u8] {
        let count = batch.series_count();
        self.samples
            .group(count, batch.sample_series().iter().copied());
        self.exemplars
            .group(count, batch.exemplars.iter().map(|e| e.series));
        self.histograms
            .group(count, batch.histograms.iter().map(|h| h.series));
        self.message.clear();
        for position in 0..count as u32 {
            self.push_series(batch, position);
        }
        for entry in &batch.metadata {
            self.part.clear();
            push_metadata(&mut self.part, entry);
            push_bytes(&mut self.message, 3, &self.part);
        }
        &self.message
    }

    fn push_series(&mut self, batch: &WriteBatch, position: u32) {
        let Self { series, part, .. } = self;
        series.clear();
        push_labels(series, batch.labels(position));
        let (timestamps, values) = (batch.timestamps(), batch.values());
        for row in self.samples.of(position) {
            if let (Some(timestamp), Some(value)) = (timestamps.get(*row), values.get(*row)) {
                push_sample(series, *timestamp, *value);
            }
        }
        for exemplar in self
            .exemplars
            .of(position)
            .iter()
            .filter_map(|row| batch.exemplars.get(*row))
        {
            part.clear();
            push_exemplar(part, exemplar);
            push_bytes(series, 3, part);
        }
        for sample in self
            .histograms
            .of(position)
            .iter()
            .filter_map(|row| batch.histograms.get(*row))
        {
            part.clear();
            push_histogram(part, sample.timestamp, &sample.histogram);
            push_bytes(series, 4, part);
        }
        push_bytes(&mut self.message, 1, series);
    }
}

/// The rows of each series.
#[derive(Default)]
struct Rows {
    /// Row numbers, grouped by series and in order within each.
    rows: Vec<usize>,
    /// Where the group of each series begins, and where the last ends.
    starts: Vec<usize>,
}

impl Rows {
    /// Groups the rows whose series are `series`: a counting sort, two passes over one column.
    fn group(&mut self, series_count: usize, series: impl ExactSizeIterator<Item = u32> + Clone) {
        self.starts.clear();
        self.starts.resize(series_count + 2, 0);
        for position in series.clone() {
            if let Some(count) = self.starts.get_mut(position as usize + 2) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        self.rows.clear();
        self.rows.resize(series.len(), 0);
        // Entry `s + 1` is where the next row of series `s` goes; in the end it is where the group of `s + 1` begins.
        for (row, position) in series.enumerate() {
            if let Some(next) = self.starts.get_mut(position as usize + 1)
                && let Some(slot) = self.rows.get_mut(*next)
            {
                *slot = row;
                *next += 1;
            }
        }
    }

    fn of(&self, series: u32) -> &[usize] {
        let start = |position: usize| self.starts.get(position).copied().unwrap_or(0);
        let position = series as usize;
        self.rows
            .get(start(position)..start(position + 1))
            .unwrap_or(&[])
    }
}

fn push_labels(out: &mut Vec<u8>, labels: LabelsRef<'_>) {
    for (name, value) in labels.iter() {
        let length = text_len(name) + text_len(value);
        out.push(1 << 3 | 2);
        push_varint(out, length as u64);
        push_bytes(out, 1, name.as_bytes());
        push_bytes(out, 2, value.as_bytes());
    }
}

/// Length of a text field with a number below 16.
fn text_len(text: &str) -> usize {
    1 + varint_len(text.len() as u64) + text.len()
}

#[inline]
fn push_sample(out: &mut Vec<u8>, timestamp: TimestampMs, value: f64) {
    let length = 9 + 1 + varint_len(timestamp as u64);
    out.extend_from_slice(&[2 << 3 | 2, length as u8, 1 << 3 | 1]);
    out.extend_from_slice(&value.to_le_bytes());
    out.push(2 << 3);
    push_varint(out, timestamp as u64);
}

fn push_exemplar(out: &mut Vec<u8>, exemplar: &Exemplar) {
    push_labels(out, LabelsRef::from_canonical(&exemplar.labels));
    out.push(2 << 3 | 1);
    out.extend_from_slice(&exemplar.value.to_le_bytes());
    if let Some(timestamp) = exemplar.timestamp {
        out.push(3 << 3);
        push_varint(out, timestamp as u64);
    }
}

fn push_metadata(out: &mut Vec<u8>, entry: &MetadataEntry) {
    let code = entry.metadata.metric_type.code();
    out.extend_from_slice(&[1 << 3, code]);
    push_bytes(out, 2, entry.metric.as_bytes());
    push_bytes(out, 4, entry.metadata.help.as_bytes());
    push_bytes(out, 5, entry.metadata.unit.as_bytes());
}

/// Appends a field of bytes whose number is below 16.
#[inline]
fn push_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
