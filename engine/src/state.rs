//! What is stored at one moment: blocks, and windows of the head. Readers clone it, the writer changes what no reader holds.
//!
//! Invariant: each acknowledged sample is in exactly one of blocks, frozen windows and windows (unless it was written
//! more than once).

use std::collections::BTreeSet;
use std::sync::Arc;

use narthex_model::{HistogramRef, TimeRange, TimestampMs};

use crate::exemplars::StoredExemplar;
use crate::head::{Pushed, Window, window_number};
use crate::histograms::HistogramRows;
use crate::limits::HISTOGRAM_SAMPLES;
use crate::metadata::KnownMetadata;
use crate::retention::{Cutoffs, Retention};
use crate::stored_block::StoredBlock;
use crate::tombstone::{Hidden, Hiding, Tombstone, Tombstones, covers, spans};

/// A window that is being cut into a block.
#[derive(Clone)]
pub(crate) struct FrozenWindow {
    pub(crate) window: Arc<Window>,
    /// Its samples are in WAL segments up to this one; later samples of its span are in later ones.
    pub(crate) through_segment: u64,
}

/// Everything that can be queried. Cloning costs a few words per block and window.
#[derive(Clone, Default)]
pub(crate) struct State {
    /// Length of a window.
    pub(crate) block_duration_ms: i64,
    /// By rank: of two blocks with the same sample, the later one has the last word.
    pub(crate) blocks: Vec<Arc<StoredBlock>>,
    /// In the order they were frozen.
    pub(crate) frozen: Vec<FrozenWindow>,
    /// By number.
    pub(crate) windows: Vec<Arc<Window>>,
    /// Deletes that are not yet done in all of these.
    pub(crate) tombstones: Tombstones,
    /// What of these is kept.
    pub(crate) retention: Arc<Retention>,
    /// How many blocks were ever added.
    pub(crate) blocks_added: u64,
    /// Shared by all copies of the state that were made while it was this one: who holds it may see samples that have
    /// left since.
    pub(crate) epoch: Arc<()>,
}

impl State {
    pub(crate) fn new(block_duration_ms: i64) -> Self {
        Self {
            block_duration_ms,
            ..Self::default()
        }
    }

    /// Adds a block.
    pub(crate) fn add_block(&mut self, block: Arc<StoredBlock>) {
        let at = self.blocks.partition_point(|b| b.rank() < block.rank());
        block.release_series();
        self.blocks.insert(at, block);
        self.blocks_added += 1;
    }

    /// Adds a sample to its window, and says what became of it there. `start` is since when it counts; 0 if that is not known.
    pub(crate) fn push(
        &mut self,
        ordinal: u32,
        t: TimestampMs,
        value: f64,
        start: TimestampMs,
    ) -> Pushed {
        let window = self.window(window_number(t, self.block_duration_ms));
        window.map_or(Pushed::Repeated, |window| {
            window.push(ordinal, t, value, start)
        })
    }

    /// Adds a native histogram to its window; `start` is since when it counts, 0 if that is not known.
    pub(crate) fn push_histogram(
        &mut self,
        ordinal: u32,
        t: TimestampMs,
        start: TimestampMs,
        histogram: &HistogramRef<'_>,
    ) {
        if let Some(window) = self.window(window_number(t, self.block_duration_ms)) {
            window.push_histogram(ordinal, t, start, histogram);
        }
    }

    /// Adds an exemplar to its window.
    pub(crate) fn push_exemplar(&mut self, exemplar: StoredExemplar) {
        let number = window_number(exemplar.timestamp, self.block_duration_ms);
        if let Some(window) = self.window(number) {
            window.push_exemplar(exemplar);
        }
    }

    /// Lets the oldest exemplars of the head go until there are no more than `max`. Those in frozen windows stay: they are
    /// about to be in a block.
    pub(crate) fn bound_exemplars(&mut self, max: usize) {
        let count = |w: &Arc<Window>| w.extras().exemplar_count();
        let mut total: usize = self.windows.iter().map(count).sum();
        for window in &mut self.windows {
            while total > max && count(window) > 0 {
                let before = count(window);
                Arc::make_mut(window).forget_exemplars();
                total -= before - count(window);
            }
        }
    }

    /// Adds what a metric says of itself to the window of that time.
    pub(crate) fn push_metadata(&mut self, known: KnownMetadata) {
        let number = window_number(known.since, self.block_duration_ms);
        if let Some(window) = self.window(number) {
            window.push_metadata(known);
        }
    }

    /// Window `number`, to write to; there always is one.
    pub(crate) fn window(&mut self, number: i64) -> Option<&mut Window> {
        let newest = self.windows.last().is_some_and(|w| w.number() == number);
        let at = if newest {
            self.windows.len() - 1
        } else {
            let found = self.windows.binary_search_by_key(&number, |w| w.number());
            found.unwrap_or_else(|at| {
                let window = Window::new(number, self.block_duration_ms);
                self.windows.insert(at, Arc::new(window));
                at
            })
        };
        self.windows.get_mut(at).map(Arc::make_mut)
    }

    /// Moves the windows that `which` chooses to the frozen ones.
    pub(crate) fn freeze(&mut self, through_segment: u64, which: impl Fn(&Window) -> bool) {
        let (chosen, rest) = std::mem::take(&mut self.windows)
            .into_iter()
            .partition(|w| which(w));
        self.windows = rest;
        let chosen: Vec<Arc<Window>> = chosen;
        self.frozen
            .extend(chosen.into_iter().map(|window| FrozenWindow {
                window,
                through_segment,
            }));
    }

    /// Puts a block in the place of the frozen window it was cut from; none if nothing of it was left.
    pub(crate) fn replace(&mut self, flushed: &FrozenWindow, block: Option<Arc<StoredBlock>>) {
        self.frozen
            .retain(|f| !Arc::ptr_eq(&f.window, &flushed.window));
        if let Some(block) = block {
            self.add_block(block);
        }
    }

    /// Sets all tombstones at once, after everything they concern was loaded.
    pub(crate) fn set_tombstones(&mut self, mut tombstones: Tombstones) {
        for block in &self.blocks {
            tombstones.raise_newest(block.clean_through());
        }
        self.tombstones = tombstones;
    }

    /// Whether some source of these may hold samples that the tombstone hides, whatever their series.
    pub(crate) fn is_concerned(&self, tombstone: &Tombstone) -> bool {
        self.concerned_blocks(tombstone).next().is_some()
            || self.concerned_windows(tombstone).next().is_some()
    }

    /// Blocks that may hold samples that the tombstone hides, whatever their series.
    pub(crate) fn concerned_blocks(
        &self,
        tombstone: &Tombstone,
    ) -> impl Iterator<Item = &Arc<StoredBlock>> {
        let (number, range) = (tombstone.number, tombstone.range);
        self.blocks
            .iter()
            .filter(move |b| b.clean_through() < number && b.time_range().overlaps(&range))
    }

    /// Frozen windows that may hold samples that the tombstone hides, whatever their series.
    pub(crate) fn concerned_windows(
        &self,
        tombstone: &Tombstone,
    ) -> impl Iterator<Item = &FrozenWindow> {
        let (through, range) = (tombstone.wal_through, tombstone.range);
        self.frozen
            .iter()
            .filter(move |f| f.through_segment <= through && f.window.span().overlaps(&range))
    }

    /// Numbers of the windows that are still written to and have samples of `ordinals` in `range`.
    pub(crate) fn windows_with(&self, ordinals: &[u32], range: TimeRange) -> BTreeSet<i64> {
        let overlapping = self.windows.iter().filter(|w| w.span().overlaps(&range));
        overlapping
            .filter(|w| {
                let has_exemplars = w.extras().exemplar_count() > 0;
                has_exemplars || ordinals.iter().any(|o| w.may_have(*o, range))
            })
            .map(|w| w.number())
            .collect()
    }

    /// One frozen window and the tombstones.
    pub(crate) fn only(&self, frozen: &FrozenWindow) -> Self {
        Self {
            block_duration_ms: self.block_duration_ms,
            frozen: vec![frozen.clone()],
            tombstones: self.tombstones.clone(),
            retention: self.retention.clone(),
            ..Self::default()
        }
    }

    /// These blocks alone and the tombstones.
    pub(crate) fn only_blocks(&self, blocks: &[Arc<StoredBlock>]) -> Self {
        let mut only = Self::new(0);
        only.set_tombstones(self.tombstones.clone());
        only.retention = self.retention.clone();
        blocks.iter().for_each(|b| only.add_block(b.clone()));
        only
    }

    /// Windows from the oldest writes to the newest.
    pub(crate) fn head(&self) -> impl Iterator<Item = &Arc<Window>> {
        self.frozen.iter().map(|f| &f.window).chain(&self.windows)
    }

    /// As [`State::head`], each window with the number of the tombstone it is clean through.
    pub(crate) fn head_ages(&self) -> impl Iterator<Item = (&Arc<Window>, u64)> {
        let age = |f: &FrozenWindow| self.tombstones.clean_through(f.through_segment);
        let frozen = self.frozen.iter().map(move |f| (&f.window, age(f)));
        let newest = self.tombstones.newest();
        frozen.chain(self.windows.iter().map(move |w| (w, newest)))
    }

    /// Whether series `ordinal` has samples.
    pub(crate) fn has(&self, ordinal: u32) -> bool {
        self.head().any(|w| w.has(ordinal))
            || self.blocks.iter().any(|b| b.local(ordinal).is_some())
    }

    /// Whether series `ordinal` may have samples in `range`.
    pub(crate) fn may_have(&self, ordinal: u32, range: TimeRange) -> bool {
        self.head().any(|w| w.may_have(ordinal, range))
            || self.blocks.iter().any(|b| b.may_have(ordinal, range))
    }

    /// Whether series `ordinal` may have samples in `range` that are not hidden.
    pub(crate) fn may_show(&self, ordinal: u32, range: TimeRange, hidden: &[Hidden]) -> bool {
        if hidden.is_empty() {
            return self.may_have(ordinal, range);
        }
        let shows = |bounds: Option<TimeRange>, clean_through: u64| {
            let wanted = bounds.map(|b| b.intersection(&range));
            wanted.is_some_and(|w| !w.is_empty() && !covers(&spans(hidden, clean_through), w))
        };
        self.head_ages()
            .any(|(w, clean_through)| shows(w.bounds_of(ordinal), clean_through))
            || self
                .blocks
                .iter()
                .any(|b| shows(b.bounds_of(ordinal), b.clean_through()))
    }

    /// Before which times samples are out of retention when it is `now`.
    pub(crate) fn cutoffs(&self, now: TimestampMs) -> Cutoffs {
        Cutoffs::new(self.retention.clone(), now)
    }

    /// The part of `range` that is kept when it is `now`, what lies in it, and what is hidden of that.
    pub(crate) fn kept(&self, range: TimeRange, now: TimestampMs) -> (TimeRange, Self, Hiding) {
        let range = range.intersection(&self.cutoffs(now).horizon());
        let state = self.within(range);
        let hiding = Hiding::new(&state, range, now);
        (range, state, hiding)
    }

    /// The same without what has no sample in `range`: less to look through for each series.
    pub(crate) fn within(&self, range: TimeRange) -> Self {
        let overlaps = |w: &Window| {
            w.bounds()
                .is_some_and(|(a, b)| TimeRange::inclusive(a, b).overlaps(&range))
        };
        Self {
            block_duration_ms: self.block_duration_ms,
            blocks_added: self.blocks_added,
            epoch: self.epoch.clone(),
            blocks: self
                .blocks
                .iter()
                .filter(|b| b.time_range().overlaps(&range))
                .cloned()
                .collect(),
            frozen: self
                .frozen
                .iter()
                .filter(|f| overlaps(&f.window))
                .cloned()
                .collect(),
            windows: self
                .windows
                .iter()
                .filter(|w| overlaps(w))
                .cloned()
                .collect(),
            tombstones: self.tombstones.clone(),
            retention: self.retention.clone(),
        }
    }

    /// Whether the head has the very same sample already. What a delete may have hidden does not count.
    pub(crate) fn repeats(&self, ordinal: u32, t: TimestampMs, value: f64) -> bool {
        let value_at = |w: &Window| w.value_at(ordinal, t);
        self.head_has(t, |w| {
            value_at(w).is_some_and(|v| v.to_bits() == value.to_bits())
        })
    }

    /// Whether the head has the very same histogram already. What a delete may have hidden does not count.
    pub(crate) fn repeats_histogram(
        &self,
        ordinal: u32,
        t: TimestampMs,
        histogram: &HistogramRef<'_>,
    ) -> bool {
        self.head_has(t, |w| {
            let mut found = HistogramRows::default();
            w.read_histograms(ordinal, TimeRange::inclusive(t, t), &mut found);
            found.histograms.iter().any(|h| h.same_bits(histogram))
        })
    }

    /// Whether a window of the head that `t` lies in has what is looked for and no delete hides it.
    fn head_has(&self, t: TimestampMs, has: impl Fn(&Window) -> bool) -> bool {
        let has = |w: &Window| w.span().contains(t) && has(w);
        let hides = |f: &FrozenWindow, tombstone: &Tombstone| {
            f.through_segment <= tombstone.wal_through && tombstone.range.contains(t)
        };
        let is_whole = |f: &FrozenWindow| !self.tombstones.iter().any(|t| hides(f, t));
        self.windows.iter().any(|w| has(w))
            || self.frozen.iter().any(|f| has(&f.window) && is_whole(f))
    }

    /// Whether any float may say since when it counts.
    pub(crate) fn has_starts(&self) -> bool {
        self.head().any(|w| !w.extras().has_no_starts())
            || self.blocks.iter().any(|b| b.meta().start_timestamps > 0)
    }

    /// Whether floats of series `ordinal` in `range` may say since when they count.
    pub(crate) fn may_have_starts(&self, ordinal: u32, range: TimeRange) -> bool {
        self.head()
            .any(|w| w.extras().has_starts(ordinal) && w.may_have(ordinal, range))
            || self
                .blocks
                .iter()
                .any(|b| b.has_starts(ordinal) && b.may_have(ordinal, range))
    }

    /// Whether any series may have histograms.
    pub(crate) fn has_histograms(&self) -> bool {
        self.head().any(|w| w.extras().histogram_samples() > 0)
            || self.blocks.iter().any(|b| b.meta().histograms > 0)
    }

    /// At most this many histograms of series `ordinal` lie in `range`.
    pub(crate) fn histograms_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        let head: u64 = self.head().map(|w| w.histograms_max(ordinal, range)).sum();
        let blocks = self.blocks.iter();
        head + blocks
            .map(|b| b.histograms_max(ordinal, range))
            .sum::<u64>()
    }

    /// At most this many floats of series `ordinal` lie in `range`.
    pub(crate) fn count_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        let head: u64 = self.head().map(|w| w.count_max(ordinal, range)).sum();
        head + self
            .blocks
            .iter()
            .map(|b| b.count_max(ordinal, range))
            .sum::<u64>()
    }

    /// At most how many floats the samples of series `ordinal` in `range` are as much as.
    pub(crate) fn cost(&self, ordinal: u32, range: TimeRange) -> u64 {
        self.count_max(ordinal, range) + HISTOGRAM_SAMPLES * self.histograms_max(ordinal, range)
    }

    /// Oldest and newest sample of the head.
    pub(crate) fn head_bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        self.head().filter_map(|w| w.bounds()).reduce(widest)
    }

    /// Oldest and newest sample.
    pub(crate) fn bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        let blocks = self.blocks.iter().filter(|b| b.meta().series > 0);
        let blocks = blocks.map(|b| (b.meta().min_time, b.meta().max_time));
        self.head_bounds().into_iter().chain(blocks).reduce(widest)
    }

    /// Bytes of memory that the head takes.
    pub(crate) fn head_bytes(&self) -> u64 {
        self.head().map(|w| w.heap_bytes() as u64).sum()
    }

    /// Runs of compressed samples in the head.
    pub(crate) fn head_chunks(&self) -> u64 {
        self.head().map(|w| w.chunks()).sum()
    }

    /// Samples in the head, repeated timestamps included.
    pub(crate) fn head_samples(&self) -> u64 {
        self.head().map(|w| w.samples()).sum()
    }

    /// Series with samples in the head.
    pub(crate) fn head_series(&self) -> u64 {
        let windows: Vec<_> = self.head().collect();
        if let [window] = windows.as_slice() {
            return window.series();
        }
        let mut ordinals: Vec<u32> = windows.iter().flat_map(|w| w.ordinals()).collect();
        ordinals.sort_unstable();
        ordinals.dedup();
        ordinals.len() as u64
    }
}

fn widest(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    (a.0.min(b.0), a.1.max(b.1))
}
