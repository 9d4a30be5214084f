//! A store in memory, for tests.

use std::ops::Range;
use std::sync::Arc;

use narthex_model::{
    Error, Histogram, HistogramRef, Labels, LabelsRef, Matcher, Result, TimeRange, TimestampMs,
};

use crate::count::Grid;
use crate::store::{Chosen, Samples, Store};

/// A series with its samples.
#[derive(Debug, Clone)]
pub(crate) struct MemorySeries {
    pub(crate) labels: Labels,
    pub(crate) timestamps: Vec<TimestampMs>,
    pub(crate) values: Vec<f64>,
    /// Native histograms, of a series that has no floats.
    pub(crate) histograms: Vec<(TimestampMs, Histogram)>,
}

impl MemorySeries {
    /// What it has in a span.
    fn within(&self, span: TimeRange) -> Self {
        let at = |t: TimestampMs| self.timestamps.partition_point(|own| *own < t);
        let of = at(span.start)..at(span.end).max(at(span.start));
        let inside = |sample: &&(TimestampMs, Histogram)| span.contains(sample.0);
        Self {
            labels: self.labels.clone(),
            timestamps: self.timestamps[of.clone()].to_vec(),
            values: self.values[of].to_vec(),
            histograms: self.histograms.iter().filter(inside).cloned().collect(),
        }
    }

    fn times(&self) -> impl DoubleEndedIterator<Item = TimestampMs> {
        let histograms = self.histograms.iter().map(|(t, _)| *t);
        self.timestamps.iter().copied().chain(histograms)
    }
}

/// Series, sorted by labels.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryStore(pub(crate) Vec<Arc<MemorySeries>>);

impl MemoryStore {
    /// Adds a series of the labels that a selector demands.
    pub(crate) fn push(&mut self, labels: &[(&str, &str)], samples: Vec<(TimestampMs, f64)>) {
        let (timestamps, values) = samples.into_iter().unzip();
        self.add(labels, (timestamps, values), Vec::new());
    }

    /// The same of native histograms.
    pub(crate) fn push_histograms(
        &mut self,
        labels: &[(&str, &str)],
        samples: Vec<(TimestampMs, Histogram)>,
    ) {
        self.add(labels, (Vec::new(), Vec::new()), samples);
    }

    fn add(
        &mut self,
        labels: &[(&str, &str)],
        (timestamps, values): (Vec<TimestampMs>, Vec<f64>),
        histograms: Vec<(TimestampMs, Histogram)>,
    ) {
        let labels = Labels::new(labels.iter().copied()).expect("valid labels");
        self.0.push(Arc::new(MemorySeries {
            labels,
            timestamps,
            values,
            histograms,
        }));
        self.0.sort_by(|a, b| a.labels.cmp(&b.labels));
    }

    /// What was there of it at a time.
    pub(crate) fn before(&self, end: TimestampMs) -> Self {
        let past = TimeRange::new(TimestampMs::MIN, end);
        let cut = self.0.iter().map(|series| Arc::new(series.within(past)));
        Self(cut.collect())
    }

    /// What is there since a time.
    pub(crate) fn since(&self, start: TimestampMs) -> Self {
        let rest = TimeRange::new(start, TimestampMs::MAX);
        let cut = self.0.iter().map(|series| Arc::new(series.within(rest)));
        Self(cut.collect())
    }
}

impl Store for MemoryStore {
    fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<Box<dyn Chosen>> {
        let accepted = |series: &&Arc<MemorySeries>| {
            let mut matchers = matchers.iter();
            matchers.all(|m| m.accepts_labels(series.labels.as_ref()))
        };
        let chosen = self.0.iter().filter(accepted);
        let chosen = chosen.map(|series| Arc::new(series.within(range)));
        let chosen = chosen.filter(|series| series.times().next().is_some());
        Ok(Box::new(Self(chosen.collect())))
    }

    fn evaluate(&self, _: &str, _: Grid) -> Result<Vec<(Labels, Vec<f64>)>> {
        Err(Error::invalid("this store knows no PromQL"))
    }

    fn span(&self) -> Option<TimeRange> {
        let first = self.0.iter().filter_map(|s| s.times().next()).min()?;
        let last = self.0.iter().filter_map(|s| s.times().next_back()).max()?;
        Some(TimeRange::inclusive(first, last))
    }
}

impl Chosen for MemoryStore {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, at: usize) -> LabelsRef<'_> {
        self.0[at].labels.as_ref()
    }

    fn cost(&self, at: usize) -> u64 {
        // So that there are several batches.
        self.0[at].timestamps.len() as u64 * 100
    }

    fn only(&self, positions: &[u32]) -> Box<dyn Chosen> {
        let series = positions.iter().map(|at| self.0[*at as usize].clone());
        Box::new(Self(series.collect()))
    }

    fn by_times(&self) -> Option<Vec<u32>> {
        let mut order: Vec<u32> = (0..self.0.len() as u32).collect();
        order.sort_by_key(|at| &self.0[*at as usize].timestamps);
        Some(order)
    }

    fn read(&self, positions: Range<usize>) -> Result<Box<dyn Samples>> {
        Ok(Box::new(Self(self.0[positions].to_vec())))
    }

    fn read_histograms(
        &self,
        at: usize,
        each: &mut dyn FnMut(TimestampMs, &HistogramRef<'_>),
    ) -> Result<()> {
        let histograms = self.0[at].histograms.iter();
        histograms.for_each(|(t, histogram)| each(*t, &histogram.as_ref()));
        Ok(())
    }
}

impl Samples for MemoryStore {
    fn series(&self, at: usize) -> (&[TimestampMs], &[f64]) {
        (&self.0[at].timestamps, &self.0[at].values)
    }
}
