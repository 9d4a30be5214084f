//! The head's samples of one span of time.

use std::sync::Arc;

use narthex_model::{TimeRange, TimestampMs};

use super::chunk::{Chunk, offsets_in};

/// Series per page. A write under a living snapshot copies the pages it touches, so pages are small.
const PAGE_SLOTS: usize = 256;

/// Chunks of all series that have samples in `[start, start + duration)`, by ordinal. Clones share what is not
/// written to afterwards.
#[derive(Clone)]
pub(crate) struct Window {
    number: i64,
    duration_ms: i64,
    pages: Vec<Option<Arc<Page>>>,
    series: u64,
    samples: u64,
    min_time: TimestampMs,
    max_time: TimestampMs,
}

#[derive(Clone)]
struct Page {
    slots: [Option<Arc<Chunk>>; PAGE_SLOTS],
}

impl Window {
    /// The empty window `number`, which begins at `number * duration_ms`.
    pub(crate) fn new(number: i64, duration_ms: i64) -> Self {
        let (min_time, max_time) = (i64::MAX, i64::MIN);
        Self {
            number,
            duration_ms,
            pages: Vec::new(),
            series: 0,
            samples: 0,
            min_time,
            max_time,
        }
    }

    pub(crate) fn number(&self) -> i64 {
        self.number
    }

    /// When it begins.
    pub(crate) fn start(&self) -> TimestampMs {
        self.number.saturating_mul(self.duration_ms)
    }

    /// The span it stands for.
    pub(crate) fn span(&self) -> TimeRange {
        TimeRange::new(self.start(), self.start().saturating_add(self.duration_ms))
    }

    /// Number of series with samples.
    pub(crate) fn series(&self) -> u64 {
        self.series
    }

    /// Number of samples, repeated timestamps included.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// Oldest and newest sample, if there is one.
    pub(crate) fn bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        (self.samples > 0).then_some((self.min_time, self.max_time))
    }

    /// Adds a sample of series `ordinal`; `t` lies in the window.
    pub(crate) fn push(&mut self, ordinal: u32, t: TimestampMs, value: f64) {
        let offset = u32::try_from(t.saturating_sub(self.start())).unwrap_or(u32::MAX);
        let (page, slot) = place(ordinal);
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        let Some(page) = self.pages.get_mut(page) else {
            return;
        };
        let page = Arc::make_mut(page.get_or_insert_with(|| {
            Arc::new(Page {
                slots: [const { None }; PAGE_SLOTS],
            })
        }));
        let Some(slot) = page.slots.get_mut(slot) else {
            return;
        };
        self.series += u64::from(slot.is_none());
        let added = Arc::make_mut(slot.get_or_insert_default()).push(offset, value);
        self.samples += u64::from(added);
        self.min_time = self.min_time.min(t);
        self.max_time = self.max_time.max(t);
    }

    /// The chunk of series `ordinal`, if it has samples.
    pub(crate) fn chunk(&self, ordinal: u32) -> Option<&Chunk> {
        let (page, slot) = place(ordinal);
        self.pages.get(page)?.as_ref()?.slots.get(slot)?.as_deref()
    }

    /// Whether the very same sample is there; `t` lies in the window.
    pub(crate) fn contains(&self, ordinal: u32, t: TimestampMs, value: f64) -> bool {
        let offset = u32::try_from(t.saturating_sub(self.start()));
        self.chunk(ordinal)
            .zip(offset.ok())
            .is_some_and(|(chunk, offset)| chunk.contains(offset, value))
    }

    /// Whether series `ordinal` may have samples in `range`.
    pub(crate) fn may_have(&self, ordinal: u32, range: TimeRange) -> bool {
        let bounds = self.chunk(ordinal).map(Chunk::bounds);
        let wanted = offsets_in(self.start(), range);
        bounds
            .zip(wanted)
            .is_some_and(|((min, max), (first, last))| min <= last && first <= max)
    }

    /// At most this many samples of series `ordinal` lie in `range`.
    pub(crate) fn count_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        let wanted = self.chunk(ordinal).zip(offsets_in(self.start(), range));
        wanted.map_or(0, |(chunk, (first, last))| {
            chunk.count_max(first, last) as u64
        })
    }

    /// Appends the samples of series `ordinal` in `range`, strictly increasing in time.
    pub(crate) fn read(
        &self,
        ordinal: u32,
        range: TimeRange,
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) {
        if let Some(chunk) = self.chunk(ordinal) {
            chunk.read(self.start(), range, timestamps, values);
        }
    }

    /// Ordinals of the series with samples, increasing.
    pub(crate) fn ordinals(&self) -> impl Iterator<Item = u32> {
        let pages = self
            .pages
            .iter()
            .enumerate()
            .filter_map(|(i, page)| Some((i, page.as_ref()?)));
        pages.flat_map(|(i, page)| {
            let taken = page
                .slots
                .iter()
                .enumerate()
                .filter(|(_, slot)| slot.is_some());
            taken.map(move |(j, _)| (i * PAGE_SLOTS + j) as u32)
        })
    }
}

/// The number of the window that holds `t`.
pub(crate) fn window_number(t: TimestampMs, duration_ms: i64) -> i64 {
    t.div_euclid(duration_ms)
}

fn place(ordinal: u32) -> (usize, usize) {
    (ordinal as usize / PAGE_SLOTS, ordinal as usize % PAGE_SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_do_not_see_later_samples() {
        let mut window = Window::new(-1, 1000);
        window.push(700, -1000, 1.0);
        let before = window.clone();
        window.push(700, -1, 2.0);
        window.push(3, -5, 3.0);
        let read = |window: &Window, ordinal| {
            let (mut timestamps, mut values) = (Vec::new(), Vec::new());
            window.read(ordinal, TimeRange::ALL, &mut timestamps, &mut values);
            timestamps
        };
        assert_eq!(
            (read(&before, 700), read(&before, 3)),
            (vec![-1000], vec![])
        );
        assert_eq!(
            (read(&window, 700), read(&window, 3)),
            (vec![-1000, -1], vec![-5])
        );
        assert_eq!(window.ordinals().collect::<Vec<_>>(), [3, 700]);
        assert_eq!(
            (window.series(), window.samples(), window.bounds()),
            (2, 3, Some((-1000, -1)))
        );
        assert!(
            window.may_have(3, TimeRange::new(-5, -4))
                && !window.may_have(3, TimeRange::new(-4, 0))
        );
    }
}
