//! Exposition bodies as write batches, for imports. The scraper relabels and takes the events itself.

use narthex_model::{
    Error, Exemplar, HistogramSample, Metadata, MetadataEntry, TimestampMs, WriteBatch,
    push_canonical,
};

use crate::event::{Event, ExemplarEvent, LabelScratch, SampleEvent, SampleValue};
use crate::{ExpositionParser, Protocol};

/// A batch counts the bytes of its labels in 32 bits; no batch gets near that.
const BATCH_BYTES_MAX: usize = 1 << 30;

/// Reads a whole body into one batch; samples without a timestamp get `default_timestamp`.
///
/// # Errors
/// `Invalid`, with the line, if the body breaks the format or a sample's labels form no set; `Limit` if it needs more
/// than one batch of 1 GiB.
pub fn write_batch(
    protocol: Protocol,
    body: &[u8],
    default_timestamp: TimestampMs,
) -> Result<WriteBatch, Error> {
    let mut reader = BatchReader::new(protocol, body, default_timestamp, usize::MAX)?;
    let batch = reader.next().unwrap_or_else(|| Ok(WriteBatch::new()))?;
    if reader.next().is_some() {
        return Err(Error::limit(
            "the body is too long for one batch, read it in parts",
        ));
    }
    Ok(batch)
}

/// Reads a body batch by batch, so that a long one never lies in memory twice. After an error there are no more
/// batches.
#[derive(Debug)]
pub struct BatchReader<'a> {
    parser: ExpositionParser<'a>,
    default_timestamp: TimestampMs,
    samples_max: usize,
    finished: bool,
    scratch: LabelScratch,
}

impl<'a> BatchReader<'a> {
    /// A reader of `body` whose batches hold at most `samples_max` samples.
    ///
    /// # Errors
    /// `Invalid` if the protocol is not supported.
    pub fn new(
        protocol: Protocol,
        body: &'a [u8],
        default_timestamp: TimestampMs,
        samples_max: usize,
    ) -> Result<Self, Error> {
        let parser = ExpositionParser::new(protocol, body)?;
        let samples_max = samples_max.max(1);
        Ok(Self {
            parser,
            default_timestamp,
            samples_max,
            finished: false,
            scratch: LabelScratch::default(),
        })
    }

    /// The number of the last line that was read, for a progress bar.
    pub fn line_number(&self) -> u64 {
        self.parser.line_number()
    }

    fn read_batch(&mut self) -> Result<WriteBatch, Error> {
        let mut builder = Builder::default();
        while builder.batch.sample_count() < self.samples_max
            && builder.batch.byte_size() < BATCH_BYTES_MAX
        {
            let Some(event) = self.parser.next_event() else {
                self.finished = true;
                break;
            };
            match event? {
                Event::Sample(sample) => builder
                    .sample(sample, self.default_timestamp, &mut self.scratch)
                    .map_err(|error| {
                        error.context(format!("line {}", self.parser.line_number()))
                    })?,
                other => builder.metadata(other),
            }
        }
        Ok(builder.batch)
    }
}

impl Iterator for BatchReader<'_> {
    type Item = Result<WriteBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let batch = self.read_batch();
        self.finished |= batch.is_err();
        Some(batch).filter(|b| b.as_ref().map_or(true, |b| !b.is_empty()))
    }
}

/// A batch in the making.
#[derive(Default)]
struct Builder {
    batch: WriteBatch,
    /// The text of the last series, and its position in the batch. Imports mostly have the samples of a series in a
    /// row: then it is packed once.
    series: String,
    position: u32,
}

impl Builder {
    fn metadata(&mut self, event: Event<'_>) {
        match event {
            Event::Type {
                family,
                metric_type,
            } => {
                // The type decides how bucket bounds are spelled, so the same text may now mean another series.
                self.series.clear();
                self.entry(&family).metric_type = metric_type;
            }
            Event::Help { family, text } => self.entry(&family).help = text.into_owned(),
            Event::Unit { family, unit } => unit.clone_into(&mut self.entry(&family).unit),
            Event::Sample(_) | Event::Eof => {}
        }
    }

    /// What is known of `family`; its lines mostly stand together.
    fn entry(&mut self, family: &str) -> &mut Metadata {
        let entries = &mut self.batch.metadata;
        if entries.last().is_none_or(|entry| entry.metric != family) {
            entries.push(MetadataEntry {
                metric: family.to_owned(),
                metadata: Metadata::default(),
            });
        }
        &mut entries
            .last_mut()
            .expect("one was pushed if there was none")
            .metadata
    }

    fn sample(
        &mut self,
        sample: SampleEvent<'_>,
        default_timestamp: TimestampMs,
        scratch: &mut LabelScratch,
    ) -> Result<(), Error> {
        if self.series != sample.series {
            self.position = self.push_series(&sample, scratch)?;
            sample.series.clone_into(&mut self.series);
        }
        let (series, timestamp) = (self.position, sample.timestamp.unwrap_or(default_timestamp));
        if let Some(exemplar) = sample.exemplar {
            self.push_exemplar(exemplar, scratch)?;
        }
        match sample.value {
            SampleValue::Float(value) => {
                let start = sample.start_timestamp.unwrap_or(0);
                self.batch
                    .push_sample_with_start(series, timestamp, value, start);
            }
            SampleValue::Histogram(histogram) => {
                self.batch.histograms.push(HistogramSample {
                    series,
                    timestamp,
                    histogram: *histogram,
                    start_timestamp: sample.start_timestamp,
                });
            }
        }
        Ok(())
    }

    fn push_series(
        &mut self,
        sample: &SampleEvent<'_>,
        scratch: &mut LabelScratch,
    ) -> Result<u32, Error> {
        let mut labels = scratch.take();
        sample.collect_labels(&mut labels);
        let position = self.batch.push_series(&mut labels);
        scratch.give_back(labels);
        position.map_err(|error| Error::invalid(format!("series {}: {error}", sample.series)))
    }

    fn push_exemplar(
        &mut self,
        exemplar: ExemplarEvent<'_>,
        scratch: &mut LabelScratch,
    ) -> Result<(), Error> {
        let mut labels = scratch.take();
        labels.extend(
            exemplar
                .labels
                .iter()
                .map(|(n, v)| (n.as_ref(), v.as_ref())),
        );
        let mut packed = Vec::new();
        let result = push_canonical(&mut labels, &mut packed);
        scratch.give_back(labels);
        result.map_err(|error| Error::invalid(format!("exemplar: {error}")))?;
        let ExemplarEvent {
            value, timestamp, ..
        } = exemplar;
        self.batch.exemplars.push(Exemplar {
            series: self.position,
            labels: packed,
            value,
            timestamp,
        });
        Ok(())
    }
}
