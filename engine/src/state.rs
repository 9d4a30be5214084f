//! What is stored at one moment: blocks, and windows of the head. Readers clone it, the writer changes what no reader holds.
//!
//! Invariant: each acknowledged sample is in exactly one of blocks, frozen windows and windows (unless it was written
//! more than once).

use std::sync::Arc;

use narthex_model::{TimeRange, TimestampMs};

use crate::head::{Window, window_number};
use crate::stored_block::StoredBlock;

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
        self.blocks.insert(at, block);
    }

    /// Adds a sample to its window.
    pub(crate) fn push(&mut self, ordinal: u32, t: TimestampMs, value: f64) {
        let number = window_number(t, self.block_duration_ms);
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
        if let Some(window) = self.windows.get_mut(at) {
            Arc::make_mut(window).push(ordinal, t, value);
        }
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

    /// Puts a block in the place of the frozen window it was cut from.
    pub(crate) fn replace(&mut self, flushed: &FrozenWindow, block: Arc<StoredBlock>) {
        self.frozen
            .retain(|f| !Arc::ptr_eq(&f.window, &flushed.window));
        self.add_block(block);
    }

    /// Windows from the oldest writes to the newest.
    pub(crate) fn head(&self) -> impl Iterator<Item = &Arc<Window>> {
        self.frozen.iter().map(|f| &f.window).chain(&self.windows)
    }

    /// Whether series `ordinal` may have samples in `range`.
    pub(crate) fn may_have(&self, ordinal: u32, range: TimeRange) -> bool {
        self.head().any(|w| w.may_have(ordinal, range))
            || self.blocks.iter().any(|b| b.may_have(ordinal, range))
    }

    /// The same without what has no sample in `range`: less to look through for each series.
    pub(crate) fn within(&self, range: TimeRange) -> Self {
        let overlaps = |w: &Window| {
            w.bounds()
                .is_some_and(|(a, b)| TimeRange::inclusive(a, b).overlaps(&range))
        };
        Self {
            block_duration_ms: self.block_duration_ms,
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
        }
    }

    /// Whether the head has the very same sample already.
    pub(crate) fn repeats(&self, ordinal: u32, t: TimestampMs, value: f64) -> bool {
        self.head().any(|w| {
            let there = w
                .span()
                .contains(t)
                .then(|| w.value_at(ordinal, t))
                .flatten();
            there.is_some_and(|v| v.to_bits() == value.to_bits())
        })
    }

    /// At most this many samples of series `ordinal` lie in `range`.
    pub(crate) fn count_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        let head: u64 = self.head().map(|w| w.count_max(ordinal, range)).sum();
        head + self
            .blocks
            .iter()
            .map(|b| b.count_max(ordinal, range))
            .sum::<u64>()
    }

    /// Oldest and newest sample of the head.
    pub(crate) fn head_bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        self.head().filter_map(|w| w.bounds()).reduce(widest)
    }

    /// Oldest and newest sample.
    pub(crate) fn bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        let blocks = self
            .blocks
            .iter()
            .map(|b| (b.meta().min_time, b.meta().max_time));
        self.head_bounds().into_iter().chain(blocks).reduce(widest)
    }

    /// Bytes of memory that the head takes.
    pub(crate) fn head_bytes(&self) -> u64 {
        self.head().map(|w| w.heap_bytes() as u64).sum()
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
