//! What is done with the records of a log: first deletes are gathered, then samples are written.

use std::collections::HashMap;

use futures::executor::block_on;
use narthex_engine::Engine;
use narthex_formats::tsdb::{WalExemplar, WalSink};
use narthex_model::{
    Error, Exemplar, Histogram, HistogramSample, Label, LabelsRef, Metadata, MetadataEntry, Result,
    Sink, TimeRange, TimestampMs, push_canonical,
};

use crate::{Report, Written};

/// Samples that are handed to the engine at once.
const BATCH_SAMPLES: usize = 50_000;

/// What was deleted, by reference of the series.
#[derive(Debug, Default)]
pub(super) struct Deletions(HashMap<u64, Vec<TimeRange>>);

impl Deletions {
    fn holds(&self, reference: u64, t: TimestampMs) -> bool {
        let ranges = self.0.get(&reference);
        ranges.is_some_and(|ranges| ranges.iter().any(|r| r.contains(t)))
    }
}

impl WalSink for Deletions {
    fn tombstone(&mut self, reference: u64, range: TimeRange) {
        self.0.entry(reference).or_default().push(range);
    }
}

/// Writes samples in batches.
pub(super) struct Writer<'a> {
    engine: &'a Engine,
    deletions: Deletions,
    series: KnownSeries,
    batch: narthex_model::WriteBatch,
    /// By reference, the position of the series in the batch.
    in_batch: HashMap<u64, u32>,
    oldest: TimestampMs,
    /// Whether samples were imported by an earlier run.
    pub(super) skips: bool,
    unknown: u64,
    written: Written,
}

/// Labels by reference.
#[derive(Default)]
struct KnownSeries {
    by_reference: HashMap<u64, (usize, usize)>,
    packed: Vec<u8>,
}

impl KnownSeries {
    fn labels(&self, reference: u64) -> Option<LabelsRef<'_>> {
        let (start, end) = *self.by_reference.get(&reference)?;
        self.packed.get(start..end).map(LabelsRef::from_canonical)
    }
}

impl<'a> Writer<'a> {
    pub(super) fn new(engine: &'a Engine, deletions: Deletions) -> Self {
        Self {
            engine,
            deletions,
            series: KnownSeries::default(),
            batch: narthex_model::WriteBatch::new(),
            in_batch: HashMap::new(),
            oldest: TimestampMs::MIN,
            skips: false,
            unknown: 0,
            written: Written::default(),
        }
    }

    /// Passes by what is older than `oldest` from now on.
    pub(super) fn accept_from(&mut self, oldest: TimestampMs) {
        self.oldest = oldest;
    }

    /// Writes the batch if it is large.
    pub(super) fn write_if_full(&mut self) -> Result<()> {
        if self.batch.sample_count() + self.batch.histograms.len() < BATCH_SAMPLES {
            return Ok(());
        }
        self.write()
    }

    /// Writes the batch.
    ///
    /// # Errors
    /// What the engine says.
    pub(super) fn write(&mut self) -> Result<()> {
        self.in_batch.clear();
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.written.add(block_on(self.engine.write(batch))?);
        }
        Ok(())
    }

    /// What was done.
    pub(super) fn finish(self) -> Report {
        let mut report = self.written.into_report();
        if self.unknown > 0 {
            // Prometheus forgets the labels of series whose samples are all in blocks.
            report.notes.push(format!(
                "{} samples of the log were passed by: the log no longer says of which series they are",
                self.unknown
            ));
        }
        report
    }

    /// The position of a series in the batch, if a sample at `t` of it is to be written.
    fn place(&mut self, reference: u64, t: TimestampMs) -> Option<u32> {
        if self.skips || t < self.oldest || self.deletions.holds(reference, t) {
            return None;
        }
        self.position(reference)
    }

    fn position(&mut self, reference: u64) -> Option<u32> {
        if let Some(position) = self.in_batch.get(&reference) {
            return Some(*position);
        }
        let Some(labels) = self.series.labels(reference) else {
            self.unknown += 1;
            return None;
        };
        let position = self.batch.push_packed_series(labels);
        self.in_batch.insert(reference, position);
        Some(position)
    }
}

impl WalSink for Writer<'_> {
    fn series(&mut self, reference: u64, labels: &mut [Label<'_>]) -> Result<()> {
        let start = self.series.packed.len();
        push_canonical(labels, &mut self.series.packed)
            .map_err(|e| Error::corrupt("the labels of a series form no set").with_source(e))?;
        let place = (start, self.series.packed.len());
        self.series.by_reference.insert(reference, place);
        // The position in the batch is that of what the reference stood for before.
        self.in_batch.remove(&reference);
        Ok(())
    }

    fn sample(&mut self, reference: u64, t: TimestampMs, value: f64) {
        if let Some(series) = self.place(reference, t) {
            self.batch.push_sample(series, t, value);
        }
    }

    fn histogram(&mut self, reference: u64, timestamp: TimestampMs, histogram: Histogram) {
        if let Some(series) = self.place(reference, timestamp) {
            self.batch.histograms.push(HistogramSample {
                series,
                timestamp,
                histogram,
                start_timestamp: None,
            });
        }
    }

    fn exemplar(&mut self, reference: u64, exemplar: WalExemplar<'_>) -> Result<()> {
        let Some(series) = self.place(reference, exemplar.timestamp) else {
            return Ok(());
        };
        let mut labels = Vec::new();
        push_canonical(&mut exemplar.labels.to_vec(), &mut labels)
            .map_err(|e| Error::corrupt("the labels of an exemplar form no set").with_source(e))?;
        self.batch.exemplars.push(Exemplar {
            series,
            labels,
            value: exemplar.value,
            timestamp: Some(exemplar.timestamp),
        });
        Ok(())
    }

    fn metadata(&mut self, reference: u64, metadata: Metadata) {
        if self.skips {
            return;
        }
        if let Some(labels) = self.series.labels(reference) {
            let metric = labels.metric_name().to_owned();
            self.batch.metadata.push(MetadataEntry { metric, metadata });
        }
    }

    fn tombstone(&mut self, _: u64, _: TimeRange) {}
}
