//! The answer to a selection: series, and their samples on demand.

use std::ops::Range;
use std::sync::Arc;

use narthex_model::{Error, LabelsRef, Result, TimeRange};

use crate::block::Wanted;
use crate::estimate::ReadEstimate;
use crate::histograms::HistogramColumns;
use crate::limits::HISTOGRAM_SAMPLES;
use crate::quarantine::Quarantine;
use crate::series_table::MatchedSeries;
use crate::state::State;
use crate::stitch::Stitcher;
use crate::stored_block::StoredBlock;
use crate::tombstone::Hidden;

/// Series chosen by matchers and a time range, sorted by their labels. Holds a snapshot: reading later gives what was
/// stored when the selection was made.
#[derive(Clone)]
pub struct Selection {
    /// Blocks and windows with samples in the range.
    state: Arc<State>,
    range: TimeRange,
    series: Arc<MatchedSeries>,
    /// By position; empty if nothing is hidden from any series.
    hidden: Arc<[Vec<Hidden>]>,
    samples_max_total: u64,
    /// Whether only the newest float of each series is wanted.
    newest: bool,
    /// Whom damage is reported to; without one it is an error.
    quarantine: Option<Arc<Quarantine>>,
}

impl Default for Selection {
    /// No series.
    fn default() -> Self {
        let (state, series) = (State::default(), MatchedSeries::default());
        Self::new(state, TimeRange::ALL, series, Vec::new())
    }
}

/// A series of a selection.
#[derive(Clone, Copy)]
pub struct SelectedSeries<'a> {
    /// Its labels.
    pub labels: LabelsRef<'a>,
    /// At most this many float samples lie in the range (exact within one time-index step per block).
    pub samples_max: u64,
}

/// A series with so many samples is most of a page.
const SAMPLES_OF_A_PAGE: u64 = 2048;

/// Float samples of consecutive series, flat: values of series `i` lie at `offsets[i]..offsets[i + 1]` of `values`, its times,
/// as many, from `times_at[i]` on in `timestamps`. Stale markers are included.
///
/// Series of one target have the same times; those are there once, so the times of two series may lie at the same place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleColumns {
    /// One more than there are series; the first is 0.
    pub offsets: Vec<i32>,
    /// Milliseconds since the epoch, strictly increasing within a series.
    pub timestamps: Vec<i64>,
    /// One per series.
    pub times_at: Vec<i32>,
    /// One per sample.
    pub values: Vec<f64>,
    /// Since when each counts, 0 where that is not known; empty if it is known of none or was not asked for.
    pub starts: Vec<i64>,
}

impl SampleColumns {
    /// Where the values of the series at `position` lie; nowhere if there is no such series.
    pub fn rows(&self, position: usize) -> Range<usize> {
        let offset = |at: usize| self.offsets.get(at).map_or(0, |o| *o as usize);
        let start = offset(position);
        start..offset(position + 1).max(start)
    }

    /// The times of the series at `position`; none if there is no such series.
    pub fn times(&self, position: usize) -> &[i64] {
        let at = self.times_at.get(position).map_or(0, |at| *at as usize);
        let rows = self.rows(position).len();
        self.timestamps.get(at..at + rows).unwrap_or(&[])
    }

    /// The times and values of the series at `position`.
    pub fn samples(&self, position: usize) -> impl Iterator<Item = (i64, f64)> + '_ {
        let values = self.values.get(self.rows(position)).unwrap_or(&[]);
        let times = self.times(position).iter().copied();
        times.zip(values.iter().copied())
    }
}

impl Selection {
    /// Series of `state`, sorted by labels, and what is hidden of them by position.
    pub(crate) fn new(
        state: State,
        range: TimeRange,
        series: MatchedSeries,
        hidden: Vec<Vec<Hidden>>,
    ) -> Self {
        let samples_max_total = series.samples_max.iter().sum();
        Self {
            state: Arc::new(state),
            range,
            series: Arc::new(series),
            hidden: hidden.into(),
            samples_max_total,
            newest: false,
            quarantine: None,
        }
    }

    /// Damaged blocks are reported and left out from now on, where otherwise reading them is an error.
    pub(crate) fn reporting_to(self, quarantine: Arc<Quarantine>) -> Self {
        Self {
            quarantine: Some(quarantine),
            ..self
        }
    }

    /// The same series, of which only the newest float in the range is wanted: where that is less work, reading leaves older
    /// ones out.
    pub fn newest(self) -> Self {
        Self {
            newest: true,
            ..self
        }
    }

    /// As [`Selection::newest`], and only if it lies in the last `span_ms` of the range, or of what is stored if that ends before: a
    /// series that has none there may have older ones.
    pub fn newest_within(self, span_ms: i64) -> Self {
        let stored = self.state.bounds().map_or(i64::MAX, |(_, newest)| newest);
        let start = stored.min(self.range.end).saturating_sub(span_ms);
        let range = TimeRange::new(start.max(self.range.start), self.range.end);
        Self {
            range,
            ..self.newest()
        }
    }

    /// The same series, of which only samples in `range` are wanted.
    pub fn within(self, range: TimeRange) -> Self {
        Self {
            range: self.range.intersection(&range),
            ..self
        }
    }

    /// The times that samples in the range may have; `None` if there are none.
    pub fn times(&self) -> Option<TimeRange> {
        let (oldest, newest) = self.state.bounds()?;
        let times = TimeRange::inclusive(oldest, newest).intersection(&self.range);
        (!times.is_empty()).then_some(times)
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.series.ordinals.len()
    }

    /// Whether no series was chosen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time range asked for.
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// At most how many float samples of each series lie in the range, by position.
    pub fn samples_max_of_each(&self) -> &[u64] {
        &self.series.samples_max
    }

    /// Sorted names of the labels that the series have.
    pub fn label_names(&self) -> &[String] {
        &self.series.label_names
    }

    /// The series at `position`. Panics if there is none: positions come from `0..len()`.
    pub fn series(&self, position: usize) -> SelectedSeries<'_> {
        let samples_max = self.series.samples_max.get(position).copied();
        let series = samples_max.map(|samples_max| SelectedSeries {
            labels: self.series.labels(position),
            samples_max,
        });
        series.expect("positions come from 0..len()")
    }

    /// The series at `positions`, in that order; none if there is no such series. A range that is read must have its series
    /// sorted by labels, as they are here.
    pub fn at(&self, positions: &[u32]) -> Self {
        let series = self.series.at(positions);
        let hidden = |at: &u32| self.hidden.get(*at as usize).cloned();
        Self {
            samples_max_total: series.samples_max.iter().sum(),
            series: Arc::new(series),
            hidden: positions.iter().filter_map(hidden).collect(),
            state: self.state.clone(),
            range: self.range,
            newest: self.newest,
            quarantine: self.quarantine.clone(),
        }
    }

    /// Positions in the order in which their series were first written to, if all they have is in the head, which keeps what
    /// was written together together. Ranges of series in that order can be read though they are not sorted by labels.
    pub fn as_written(&self) -> Option<Vec<u32>> {
        if !self.state.blocks.is_empty() || self.series.ordinals.is_sorted() {
            return None;
        }
        let mut order: Vec<(u32, u32)> = self.series.ordinals.iter().copied().zip(0..).collect();
        order.sort_unstable();
        Some(order.into_iter().map(|(_, position)| position).collect())
    }

    /// Positions in an order that has series with the same times side by side, which then are decoded once; if that brings some
    /// together that are apart, and each series fills pages of its own: where many share a page they stay together, since a page is
    /// decompressed as a whole. A range that is read must be sorted by position once it is cut out of that order.
    pub fn by_times(&self) -> Option<Vec<u32>> {
        if self.samples_max() < SAMPLES_OF_A_PAGE * self.len() as u64 {
            return None;
        }
        let timelines = self.timelines();
        let runs = timelines.chunk_by(|a, b| a == b).count();
        let mut order: Vec<(u32, u32)> = timelines.into_iter().zip(0..).collect();
        order.sort_unstable();
        let different = order.chunk_by(|a, b| a.0 == b.0).count();
        (different < runs).then(|| order.into_iter().map(|(_, at)| at).collect())
    }

    /// By position, a number that series with the same times share, as the largest block has it; 0 for those it has not.
    fn timelines(&self) -> Vec<u32> {
        let largest = self.state.blocks.iter().max_by_key(|b| b.meta().samples);
        let timeline = |ordinal: &u32| largest.and_then(|b| b.timeline(*ordinal)).unwrap_or(0);
        self.series.ordinals.iter().map(timeline).collect()
    }

    /// At most this many float samples lie in the range, over all series.
    pub fn samples_max(&self) -> u64 {
        self.samples_max_total
    }

    /// About how many float samples reading all of it gives at most.
    pub fn samples_to_read(&self) -> u64 {
        if self.newest {
            return self.len() as u64;
        }
        self.samples_max_total
    }

    /// Whether any series may have native histograms in the range. Costs next to nothing where none are stored.
    pub fn has_histograms(&self) -> bool {
        self.state.has_histograms() && (0..self.len()).any(|at| self.histograms_max(at) > 0)
    }

    /// Whether float samples in the range may say since when they count. Costs next to nothing where none do.
    pub fn has_start_timestamps(&self) -> bool {
        let ordinals = &self.series.ordinals;
        self.state.has_starts()
            && ordinals
                .iter()
                .any(|o| self.state.may_have_starts(*o, self.range))
    }

    /// At most this many native histograms of the series at `position` lie in the range.
    pub fn histograms_max(&self, position: usize) -> u64 {
        let ordinal = self.series.ordinals.get(position);
        ordinal.map_or(0, |o| self.state.histograms_max(*o, self.range))
    }

    /// At most how many floats the samples of the series at `position` are as much as, native histograms included.
    pub fn cost(&self, position: usize) -> u64 {
        let floats = self.series.samples_max.get(position).copied();
        floats.unwrap_or(0) + HISTOGRAM_SAMPLES * self.histograms_max(position)
    }

    /// The native histograms in the range of the series at `positions`, in that order; positions from `len()` on have none.
    /// May be called from many threads.
    ///
    /// # Errors
    /// As [`Selection::read`].
    pub fn read_histograms(&self, positions: Range<usize>) -> Result<HistogramColumns> {
        self.stitcher(positions)
            .read_histograms(|block, error| self.report(block, error))
    }

    /// The float samples in the range of the series at `positions`, in that order; positions from `len()` on have none. May be
    /// called from many threads. A block that turns out to be damaged is left out; [`crate::Snapshot::warnings`] names it.
    ///
    /// # Errors
    /// `Unavailable` if a file cannot be read, `Limit` if the series together have
    /// more than `i32::MAX` samples.
    pub fn read(&self, positions: Range<usize>) -> Result<SampleColumns> {
        self.read_wanted(positions, Wanted::FLOATS)
    }

    /// As [`Selection::read`], of the floats that are `wanted`: with [`SampleColumns::starts`], or with values of which only
    /// stale markers mean anything.
    ///
    /// # Errors
    /// As [`Selection::read`].
    pub fn read_wanted(&self, positions: Range<usize>, wanted: Wanted) -> Result<SampleColumns> {
        let stitcher = self.stitcher(positions).wanting(wanted);
        stitcher.read(|block, error| self.report(block, error))
    }

    /// What reading the series at `parts`, one part after the other, will take, as far as the index tells.
    ///
    /// # Errors
    /// `Corrupt` if an index contradicts itself.
    pub fn estimate(&self, parts: &[Range<usize>], wanted: Wanted) -> Result<ReadEstimate> {
        let parts: Vec<_> = parts.iter().map(|p| self.stitcher(p.clone())).collect();
        ReadEstimate::of(&self.state, &parts, wanted)
    }

    /// Tells of a damaged block; whether answers may do without it.
    fn report(&self, block: &StoredBlock, error: &Error) -> bool {
        if let Some(quarantine) = &self.quarantine {
            quarantine.report_error(&block.name(), Some(block.meta()), error);
        }
        self.quarantine.is_some()
    }

    /// Reads the series at `positions`.
    fn stitcher(&self, positions: Range<usize>) -> Stitcher<'_> {
        let positions = positions.start..positions.end.min(self.len());
        let ordinals = self.series.ordinals.get(positions.clone()).unwrap_or(&[]);
        let hidden = self.hidden.get(positions).unwrap_or(&[]);
        let stitcher = Stitcher::new(&self.state, self.range, ordinals);
        stitcher.without(hidden).newest(self.newest)
    }
}
