//! Native histograms in columns: many of them in a few flat vectors.

use std::ops::Range;

use narthex_model::{HistogramRef, ResetHint, Span};

/// Native histograms side by side. Nothing is allocated per histogram; [`Histograms::get`] lends each as it was pushed,
/// to the last bit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histograms {
    pub(crate) schemas: Vec<i32>,
    pub(crate) reset_hints: Vec<ResetHint>,
    pub(crate) zero_thresholds: Vec<f64>,
    pub(crate) zero_counts: Vec<f64>,
    pub(crate) counts: Vec<f64>,
    pub(crate) sums: Vec<f64>,
    pub(crate) positive_spans: Lists<Span>,
    pub(crate) positive_buckets: Lists<f64>,
    pub(crate) negative_spans: Lists<Span>,
    pub(crate) negative_buckets: Lists<f64>,
    pub(crate) custom_values: Lists<f64>,
}

/// Lists one after the other: list `i` lies at `ends[i - 1]..ends[i]` of `items`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lists<T> {
    pub(crate) ends: Vec<usize>,
    pub(crate) items: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self {
            ends: Vec::new(),
            items: Vec::new(),
        }
    }
}

impl<T: Copy> Lists<T> {
    pub(crate) fn push(&mut self, list: &[T]) {
        self.items.extend_from_slice(list);
        self.end();
    }

    /// Ends a list whose items were pushed one by one.
    pub(crate) fn end(&mut self) {
        self.ends.push(self.items.len());
    }

    fn get(&self, at: usize) -> &[T] {
        let start = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.items.get(start..end).unwrap_or(&[])
    }

    fn clear(&mut self) {
        self.ends.clear();
        self.items.clear();
    }
}

impl Histograms {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.schemas.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty()
    }

    /// How many buckets and custom bounds they have together.
    pub fn value_count(&self) -> usize {
        self.positive_buckets.items.len()
            + self.negative_buckets.items.len()
            + self.custom_values.items.len()
    }

    /// Adds a histogram.
    pub fn push(&mut self, histogram: &HistogramRef<'_>) {
        self.schemas.push(histogram.schema);
        self.reset_hints.push(histogram.reset_hint);
        self.zero_thresholds.push(histogram.zero_threshold);
        self.zero_counts.push(histogram.zero_count);
        self.counts.push(histogram.count);
        self.sums.push(histogram.sum);
        self.positive_spans.push(histogram.positive_spans);
        self.positive_buckets.push(histogram.positive_buckets);
        self.negative_spans.push(histogram.negative_spans);
        self.negative_buckets.push(histogram.negative_buckets);
        self.custom_values.push(histogram.custom_values);
    }

    /// The histogram at `position`; an empty one if there is none.
    pub fn get(&self, position: usize) -> HistogramRef<'_> {
        let number = |column: &[f64]| column.get(position).copied().unwrap_or(0.0);
        HistogramRef {
            schema: self.schemas.get(position).copied().unwrap_or(0),
            reset_hint: self.reset_hints.get(position).copied().unwrap_or_default(),
            zero_threshold: number(&self.zero_thresholds),
            zero_count: number(&self.zero_counts),
            count: number(&self.counts),
            sum: number(&self.sums),
            positive_spans: self.positive_spans.get(position),
            positive_buckets: self.positive_buckets.get(position),
            negative_spans: self.negative_spans.get(position),
            negative_buckets: self.negative_buckets.get(position),
            custom_values: self.custom_values.get(position),
        }
    }

    /// The histograms in turn.
    pub fn iter(&self) -> impl Iterator<Item = HistogramRef<'_>> {
        (0..self.len()).map(|position| self.get(position))
    }

    /// Forgets them all and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.schemas.clear();
        self.reset_hints.clear();
        for column in [
            &mut self.zero_thresholds,
            &mut self.zero_counts,
            &mut self.counts,
            &mut self.sums,
        ] {
            column.clear();
        }
        for lists in [&mut self.positive_spans, &mut self.negative_spans] {
            lists.clear();
        }
        for lists in [
            &mut self.positive_buckets,
            &mut self.negative_buckets,
            &mut self.custom_values,
        ] {
            lists.clear();
        }
    }
}

/// Histogram samples of consecutive series: those of series `i` are `offsets[i]..offsets[i + 1]` of `samples`, strictly
/// increasing in time; each timestamp once. Stale markers (by their sum) are included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistogramColumns {
    /// One more than there are series; the first is 0.
    pub offsets: Vec<i32>,
    /// The samples of all series, one after the other.
    pub samples: HistogramRows,
}

impl HistogramColumns {
    /// Where the samples of the series at `position` lie; nowhere if there is no such series.
    pub fn rows(&self, position: usize) -> Range<usize> {
        let offset = |at: usize| self.offsets.get(at).map_or(0, |o| *o as usize);
        let start = offset(position);
        start..offset(position + 1).max(start)
    }

    /// A copy of the samples of the series at `position`.
    pub(crate) fn of(&self, position: usize) -> HistogramRows {
        let mut rows = HistogramRows::default();
        for (t, start, histogram) in self.rows(position).filter_map(|at| self.samples.get(at)) {
            rows.push(t, start, &histogram);
        }
        rows
    }
}

/// Histogram samples side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistogramRows {
    /// Milliseconds since the epoch.
    pub timestamps: Vec<i64>,
    /// One per timestamp; 0 where it is not known.
    pub start_timestamps: Vec<i64>,
    /// One per timestamp.
    pub histograms: Histograms,
}

impl HistogramRows {
    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// Adds a sample.
    pub fn push(&mut self, t: i64, start: i64, histogram: &HistogramRef<'_>) {
        self.timestamps.push(t);
        self.start_timestamps.push(start);
        self.histograms.push(histogram);
    }

    /// The sample at `position`: time, start and histogram.
    pub fn get(&self, position: usize) -> Option<(i64, i64, HistogramRef<'_>)> {
        let t = *self.timestamps.get(position)?;
        let start = self.start_timestamps.get(position).copied().unwrap_or(0);
        Some((t, start, self.histograms.get(position)))
    }

    /// Forgets them all and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.timestamps.clear();
        self.start_timestamps.clear();
        self.histograms.clear();
    }
}
