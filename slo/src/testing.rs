//! A store in memory, for tests.

use std::ops::Range;
use std::sync::Arc;

use narthex_model::{
    Error, HistogramRef, Labels, LabelsRef, Matcher, Result, TimeRange, TimestampMs,
};

use crate::count::Grid;
use crate::store::{Chosen, Samples, Store};

/// A series with its samples.
#[derive(Debug, Clone)]
pub(crate) struct MemorySeries {
    pub(crate) labels: Labels,
    pub(crate) timestamps: Vec<TimestampMs>,
    pub(crate) values: Vec<f64>,
}

/// Series, sorted by labels.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryStore(pub(crate) Vec<Arc<MemorySeries>>);

impl MemoryStore {
    /// Adds a series of the labels that a selector demands.
    pub(crate) fn push(&mut self, labels: &[(&str, &str)], samples: Vec<(TimestampMs, f64)>) {
        let labels = Labels::new(labels.iter().copied()).expect("valid labels");
        let (timestamps, values) = samples.into_iter().unzip();
        self.0.push(Arc::new(MemorySeries {
            labels,
            timestamps,
            values,
        }));
        self.0.sort_by(|a, b| a.labels.cmp(&b.labels));
    }

    /// What was there of it at a time.
    pub(crate) fn before(&self, end: TimestampMs) -> Self {
        let cut = |series: &Arc<MemorySeries>| {
            let to = series.timestamps.partition_point(|t| *t < end);
            Arc::new(MemorySeries {
                labels: series.labels.clone(),
                timestamps: series.timestamps[..to].to_vec(),
                values: series.values[..to].to_vec(),
            })
        };
        Self(self.0.iter().map(cut).collect())
    }
}

impl MemoryStore {
    /// What is there since a time.
    pub(crate) fn since(&self, start: TimestampMs) -> Self {
        let cut = |series: &Arc<MemorySeries>| {
            let from = series.timestamps.partition_point(|t| *t < start);
            Arc::new(MemorySeries {
                labels: series.labels.clone(),
                timestamps: series.timestamps[from..].to_vec(),
                values: series.values[from..].to_vec(),
            })
        };
        Self(self.0.iter().map(cut).collect())
    }
}

impl Store for MemoryStore {
    fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<Box<dyn Chosen>> {
        let accepted = |series: &&Arc<MemorySeries>| {
            let mut matchers = matchers.iter();
            matchers.all(|m| m.accepts_labels(series.labels.as_ref()))
        };
        let cut = |series: &Arc<MemorySeries>| {
            let from = series.timestamps.partition_point(|t| *t < range.start);
            let to = series.timestamps.partition_point(|t| *t < range.end);
            let of = from..to.max(from);
            Arc::new(MemorySeries {
                labels: series.labels.clone(),
                timestamps: series.timestamps[of.clone()].to_vec(),
                values: series.values[of].to_vec(),
            })
        };
        let chosen = self.0.iter().filter(accepted).map(cut);
        let chosen = chosen.filter(|series| !series.timestamps.is_empty());
        Ok(Box::new(Self(chosen.collect())))
    }

    fn evaluate(&self, _: &str, _: Grid) -> Result<Vec<(Labels, Vec<f64>)>> {
        Err(Error::invalid("this store knows no PromQL"))
    }

    fn span(&self) -> Option<TimeRange> {
        let firsts = self.0.iter().filter_map(|s| s.timestamps.first()).min()?;
        let lasts = self.0.iter().filter_map(|s| s.timestamps.last()).max()?;
        Some(TimeRange::inclusive(*firsts, *lasts))
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
        _: usize,
        _: &mut dyn FnMut(TimestampMs, &HistogramRef<'_>),
    ) -> Result<()> {
        Ok(())
    }
}

impl Samples for MemoryStore {
    fn series(&self, at: usize) -> (&[TimestampMs], &[f64]) {
        (&self.0[at].timestamps, &self.0[at].values)
    }
}
