//! What a window holds beside float samples.
//!
//! A series has one sample per timestamp: a histogram hides a float that was written before it, and a float that is
//! written later removes the histogram.

use narthex_model::{HistogramRef, TimeRange};

use super::appended::Appended;
use super::histogram_chunk::HistogramChunk;
use super::shared_map::SharedMap;
use super::starts::Starts;
use super::window::offsets_in;
use crate::exemplars::StoredExemplar;
use crate::histograms::HistogramRows;
use crate::metadata::KnownMetadata;

/// Native histograms, exemplars and metadata of a window. Clones share what is not written to afterwards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extras {
    histograms: SharedMap<HistogramChunk>,
    histogram_samples: u64,
    heap_bytes: usize,
    /// Of floats.
    starts: SharedMap<Starts>,
    exemplars: Appended<StoredExemplar>,
    metadata: Appended<KnownMetadata>,
}

impl Extras {
    /// Number of histograms, repeated timestamps included.
    pub(crate) fn histogram_samples(&self) -> u64 {
        self.histogram_samples
    }

    /// Bytes of memory.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.heap_bytes + self.histograms.heap_bytes() + self.starts.heap_bytes()
    }

    /// Whether there are no histograms.
    pub(crate) fn has_no_histograms(&self) -> bool {
        self.histograms.is_empty()
    }

    /// Whether no float says since when it counts.
    pub(crate) fn has_no_starts(&self) -> bool {
        self.starts.is_empty()
    }

    /// Whether floats of series `ordinal` say since when they count.
    pub(crate) fn has_starts(&self, ordinal: u32) -> bool {
        self.starts.get(ordinal).is_some()
    }

    /// Whether a float of series `ordinal` is more than a value: it may take the place of a histogram, or say since when it
    /// counts.
    pub(super) fn concern_floats(&self, ordinal: u32) -> bool {
        self.has_starts(ordinal) || self.histograms.get(ordinal).is_some()
    }

    /// Sets since when a float of series `ordinal` counts, 0 if that is not known. Others of the series may be newer.
    pub(super) fn set_start(&mut self, ordinal: u32, offset_ms: u32, start: i64, is_newest: bool) {
        if start == 0 && !self.has_starts(ordinal) {
            return;
        }
        if let Some(starts) = self.starts.get_mut(ordinal) {
            let before = starts.heap_bytes();
            starts.set(offset_ms, start, is_newest);
            self.heap_bytes = self.heap_bytes + starts.heap_bytes() - before;
        }
    }

    /// Appends since when each float of series `ordinal` counts, given their times.
    pub(super) fn read_starts(
        &self,
        ordinal: u32,
        window_start: i64,
        timestamps: &[i64],
        out: &mut Vec<i64>,
    ) {
        match self.starts.get(ordinal) {
            Some(starts) => starts.read(window_start, timestamps, out),
            None => out.resize(out.len() + timestamps.len(), 0),
        }
    }

    /// Number of exemplars.
    pub(crate) fn exemplar_count(&self) -> usize {
        self.exemplars.len()
    }

    /// The exemplars, in the order they were written.
    pub(crate) fn exemplars(&self) -> impl Iterator<Item = &StoredExemplar> {
        self.exemplars.iter()
    }

    /// Adds an exemplar.
    pub(super) fn push_exemplar(&mut self, exemplar: StoredExemplar) {
        self.exemplars.push(exemplar);
    }

    /// Forgets some of the oldest exemplars.
    pub(super) fn forget_exemplars(&mut self) {
        self.exemplars.forget_oldest();
    }

    /// What metrics said of themselves.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = &KnownMetadata> {
        self.metadata.iter()
    }

    /// Adds what a metric says of itself.
    pub(super) fn push_metadata(&mut self, known: KnownMetadata) {
        self.metadata.push(known);
    }

    /// Adds a histogram of series `ordinal`, `offset_ms` after the start of the window. `start` is since when it counts; 0
    /// if that is not known.
    pub(super) fn push_histogram(
        &mut self,
        ordinal: u32,
        offset_ms: u32,
        start: i64,
        histogram: &HistogramRef<'_>,
    ) {
        if let Some(chunk) = self.histograms.get_mut(ordinal) {
            let before = chunk.heap_bytes();
            chunk.push(offset_ms, start, histogram);
            self.heap_bytes = self.heap_bytes + chunk.heap_bytes() - before;
            self.histogram_samples += 1;
        }
    }

    /// A float is written: a histogram at the same time counts no more.
    pub(super) fn float_written(&mut self, ordinal: u32, offset_ms: u32) {
        let in_reach = |chunk: &HistogramChunk| offset_ms <= chunk.bounds().1;
        if self.histograms.get(ordinal).is_some_and(in_reach)
            && let Some(chunk) = self.histograms.get_mut(ordinal)
        {
            chunk.remove(offset_ms);
        }
    }

    /// Removes those floats of series `ordinal`, from position `from` on, that a histogram hides.
    pub(super) fn hide_floats(
        &self,
        ordinal: u32,
        window_start: i64,
        from: usize,
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) {
        let Some(chunk) = self.histograms.get(ordinal) else {
            return;
        };
        let times = timestamps.get(from..).unwrap_or(&[]);
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            return;
        };
        let mut hiding = HistogramRows::default();
        chunk.read(
            window_start,
            TimeRange::inclusive(*first, *last),
            &mut hiding,
        );
        drop_times(&hiding.timestamps, from, timestamps, values);
    }

    /// Offsets of the oldest and of the newest histogram of series `ordinal`, if it has any.
    pub(super) fn bounds_of(&self, ordinal: u32) -> Option<(u32, u32)> {
        self.histograms.get(ordinal).map(HistogramChunk::bounds)
    }

    /// At most this many histograms of series `ordinal` lie in `range`.
    pub(super) fn histograms_max(&self, ordinal: u32, window_start: i64, range: TimeRange) -> u64 {
        let Some(chunk) = self.histograms.get(ordinal) else {
            return 0;
        };
        let (min, max) = chunk.bounds();
        match offsets_in(window_start, range) {
            Some((first, last)) if min <= last && first <= max => u64::from(chunk.len()),
            _ => 0,
        }
    }

    /// Appends the histograms of series `ordinal` in `range`, strictly increasing in time.
    pub(super) fn read_histograms(
        &self,
        ordinal: u32,
        window_start: i64,
        range: TimeRange,
        out: &mut HistogramRows,
    ) {
        if let Some(chunk) = self.histograms.get(ordinal) {
            chunk.read(window_start, range, out);
        }
    }

    /// Ordinals of the series with anything here, increasing.
    pub(super) fn ordinals(&self) -> impl Iterator<Item = u32> {
        self.histograms.ordinals()
    }
}

/// Removes the samples from position `from` on whose time is in `hidden`; both are sorted.
fn drop_times(hidden: &[i64], from: usize, timestamps: &mut Vec<i64>, values: &mut Vec<f64>) {
    if hidden.is_empty() {
        return;
    }
    let kept: Vec<(i64, f64)> = timestamps
        .iter()
        .copied()
        .zip(values.iter().copied())
        .skip(from)
        .filter(|(t, _)| hidden.binary_search(t).is_err())
        .collect();
    timestamps.truncate(from);
    values.truncate(from);
    timestamps.extend(kept.iter().map(|(t, _)| *t));
    values.extend(kept.iter().map(|(_, v)| *v));
}
