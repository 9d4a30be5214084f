//! From a body to a batch: samples under their final labels, and stale markers for the series that are gone. No I/O.

use narthex_formats::{Event, ExemplarEvent, ExpositionParser, Protocol, SampleEvent, SampleValue};
use narthex_model::{
    Exemplar, HistogramSample, Label, TimestampMs, WriteBatch, push_canonical, stale_nan,
};

use super::ScrapeError;
use super::cache::SeriesCache;
use super::family::Families;
use super::limits::Limits;
use super::series::SeriesLabels;

/// Samples further in the future than this are left out, in milliseconds.
const FUTURE_MS_MAX: i64 = 600_000;

/// The largest batch a scrape may make, in bytes. It bounds memory, since target labels multiply a small body, and
/// keeps positions in the batch within 32 bits.
const BATCH_BYTES_MAX: usize = WriteBatch::BYTES_MAX;

/// How many samples a scrape had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// In the body.
    pub(crate) scraped: u64,
    /// After relabelling.
    pub(crate) kept: u64,
    /// Series not known before.
    pub(crate) added: u64,
    /// Left out because their series stands twice, or lies too far in the future.
    pub(crate) refused: u64,
}

/// Turns the bodies of one target into batches.
#[derive(Debug)]
pub(crate) struct Appender {
    pub(crate) series: SeriesLabels,
    pub(crate) cache: SeriesCache,
    pub(crate) families: Families,
    pub(crate) honor_timestamps: bool,
    pub(crate) track_timestamps: bool,
}

/// A body to read.
pub(crate) struct Body<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) protocol: Protocol,
    /// The time of samples that name none.
    pub(crate) at: TimestampMs,
}

impl Appender {
    /// Appends the samples of `body` to `batch`. After an error `batch` must be thrown away and
    /// [`Appender::append_nothing`] be called with a new one. The counts hold in both cases.
    pub(crate) fn append(
        &mut self,
        body: &Body<'_>,
        batch: &mut WriteBatch,
        counts: &mut Counts,
    ) -> Result<(), ScrapeError> {
        let mut parser =
            ExpositionParser::new(body.protocol, body.bytes).map_err(ScrapeError::Format)?;
        self.cache.begin();
        while let Some(event) = parser.next_event() {
            match event.map_err(ScrapeError::Parse)? {
                Event::Sample(sample) => self.sample(&sample, body.at, batch, counts)?,
                described => self.families.take(&described, &mut batch.metadata),
            }
        }
        self.families.finish(&mut batch.metadata);
        self.limits().check_samples(counts.kept)?;
        self.cache
            .end_complete(|labels| push_stale(batch, labels, body.at));
        Ok(())
    }

    /// Appends stale markers for everything the last scrape had: this one failed.
    pub(crate) fn append_nothing(&mut self, at: TimestampMs, batch: &mut WriteBatch) {
        self.families.forget();
        self.cache
            .end_failed(|labels| push_stale(batch, labels, at));
    }

    fn limits(&self) -> Limits {
        self.series.limits
    }

    #[inline]
    fn sample(
        &mut self,
        sample: &SampleEvent<'_>,
        at: TimestampMs,
        batch: &mut WriteBatch,
        counts: &mut Counts,
    ) -> Result<(), ScrapeError> {
        counts.scraped += 1;
        let position = match self.cache.find(sample.series) {
            Some(position) => position,
            None => {
                let labels = self.series.of(sample)?;
                counts.added += u64::from(labels.is_some());
                self.cache.insert(sample.series, labels)
            }
        };
        let own_time = sample.timestamp.filter(|_| self.honor_timestamps);
        let live = own_time.is_none() || self.track_timestamps;
        let Some((labels, again)) = self.cache.see(position, live) else {
            return Ok(());
        };
        counts.kept += 1;
        let timestamp = own_time.unwrap_or(at);
        let in_future = timestamp > at.saturating_add(FUTURE_MS_MAX);
        if in_future || (again && own_time.is_none()) {
            counts.refused += 1;
            return Ok(());
        }
        // Beyond the limit samples are only counted, for the error message.
        if self.series.limits.check_samples(counts.kept).is_ok() {
            if batch.byte_size() + labels.as_ref().as_bytes().len() > BATCH_BYTES_MAX {
                return Err(ScrapeError::BatchSize(BATCH_BYTES_MAX));
            }
            let series = batch.push_packed_series(labels.as_ref());
            push_value(batch, series, timestamp, sample);
        }
        Ok(())
    }
}

fn push_value(
    batch: &mut WriteBatch,
    series: u32,
    timestamp: TimestampMs,
    sample: &SampleEvent<'_>,
) {
    match &sample.value {
        SampleValue::Float(value) => batch.push_sample(series, timestamp, *value),
        SampleValue::Histogram(histogram) => {
            let histogram = histogram.as_ref().clone();
            batch.histograms.push(HistogramSample {
                series,
                timestamp,
                histogram,
                start_timestamp: None,
            });
        }
    }
    if let Some(exemplar) = &sample.exemplar {
        push_exemplar(batch, series, exemplar);
    }
}

/// An exemplar whose labels form no set is left out: it is an ornament, and the sample is sound.
fn push_exemplar(batch: &mut WriteBatch, series: u32, exemplar: &ExemplarEvent<'_>) {
    let mut pairs: Vec<Label<'_>> = exemplar
        .labels
        .iter()
        .map(|(n, v)| (n.as_ref(), v.as_ref()))
        .collect();
    let mut labels = Vec::new();
    if push_canonical(&mut pairs, &mut labels).is_ok() {
        batch.exemplars.push(Exemplar {
            series,
            labels,
            value: exemplar.value,
            timestamp: exemplar.timestamp,
        });
    }
}

/// Ends a series at `at`.
pub(crate) fn push_stale(batch: &mut WriteBatch, labels: &narthex_model::Labels, at: TimestampMs) {
    let series = batch.push_packed_series(labels.as_ref());
    batch.push_sample(series, at, stale_nan());
}
