//! What a group commit holds beside float samples.

use std::collections::HashMap;

use narthex_model::TimestampMs;

use crate::metadata::KnownMetadata;
use crate::wal::{ExemplarEntry, HistogramEntry};

/// Accepted samples of a group commit that are no floats. They borrow from the batches.
#[derive(Debug, Default)]
pub(crate) struct Extras<'a> {
    histograms: Vec<HistogramEntry<'a>>,
    /// Positions of the histograms by series and time, up to where it was last asked for.
    positions: HashMap<(u32, TimestampMs), usize>,
    indexed: usize,
    exemplars: Vec<ExemplarEntry>,
    metadata: Vec<KnownMetadata>,
}

impl<'a> Extras<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.histograms.is_empty() && self.exemplars.is_empty() && self.metadata.is_empty()
    }

    /// The native histograms.
    pub(crate) fn histograms(&self) -> &[HistogramEntry<'a>] {
        &self.histograms
    }

    /// Adds a native histogram.
    pub(crate) fn push_histogram(&mut self, entry: HistogramEntry<'a>) {
        self.histograms.push(entry);
    }

    /// The exemplars.
    pub(crate) fn exemplars(&self) -> &[ExemplarEntry] {
        &self.exemplars
    }

    /// Adds an exemplar.
    pub(crate) fn push_exemplar(&mut self, entry: ExemplarEntry) {
        self.exemplars.push(entry);
    }

    /// What metrics say of themselves.
    pub(crate) fn metadata(&self) -> &[KnownMetadata] {
        &self.metadata
    }

    /// Adds what a metric says of itself.
    pub(crate) fn push_metadata(&mut self, known: KnownMetadata) {
        self.metadata.push(known);
    }

    /// Floats of a group are written before its histograms. A float of a later batch than a histogram of the same series and
    /// time takes its place, so that one goes.
    pub(crate) fn late_float(&mut self, ordinal: u32, t: TimestampMs) {
        for (at, entry) in self.histograms.iter().enumerate().skip(self.indexed) {
            self.positions.insert((entry.ordinal, entry.timestamp), at);
        }
        self.indexed = self.histograms.len();
        if self.positions.contains_key(&(ordinal, t)) {
            self.histograms
                .retain(|e| (e.ordinal, e.timestamp) != (ordinal, t));
            self.positions.clear();
            self.indexed = 0;
        }
    }

    /// Ordinals of the series, as often as there are entries.
    pub(crate) fn ordinals(&self) -> impl Iterator<Item = u32> {
        let exemplars = self.exemplars.iter().map(|e| e.ordinal);
        self.histograms.iter().map(|e| e.ordinal).chain(exemplars)
    }
}
