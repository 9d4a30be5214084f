//! The head's samples of one span of time.

use std::mem::size_of;
use std::sync::Arc;

use narthex_model::{HistogramRef, TimeRange, TimestampMs};

use super::extras::Extras;
use super::gathered::{Gathered, Growth};
use super::packed::PackedRun;
use super::page::{Output, PAGE_SLOTS, Page, Pushed, SeriesView};
use crate::exemplars::StoredExemplar;
use crate::histograms::HistogramRows;
use crate::metadata::KnownMetadata;
use crate::paged::Paged;

/// The samples in `[start, start + duration)` of all series that have some, by ordinal. Clones share what is not written to
/// afterwards.
#[derive(Clone)]
pub(crate) struct Window {
    number: i64,
    duration_ms: i64,
    /// By the ordinals of their series. A write under a living snapshot copies the pages it touches, so pages are small.
    pages: Vec<Option<Arc<Page>>>,
    series: u64,
    samples: u64,
    heap_bytes: usize,
    min_time: TimestampMs,
    max_time: TimestampMs,
    extras: Extras,
}

/// Reads series of a window one after the other.
pub(crate) struct WindowReader<'a> {
    window: &'a Window,
    scratch: Vec<u8>,
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
            heap_bytes: 0,
            min_time,
            max_time,
            extras: Extras::default(),
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
        if self.extras.has_no_histograms() {
            return self.series;
        }
        self.ordinals().count() as u64
    }

    /// What it holds beside floats.
    pub(crate) fn extras(&self) -> &Extras {
        &self.extras
    }

    /// Number of samples of any kind, repeated timestamps included.
    pub(crate) fn samples(&self) -> u64 {
        self.samples + self.extras.histogram_samples()
    }

    /// Oldest and newest sample, if there is one.
    pub(crate) fn bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        (self.min_time <= self.max_time).then_some((self.min_time, self.max_time))
    }

    /// Bytes of memory.
    pub(crate) fn heap_bytes(&self) -> usize {
        let pages = self.pages.capacity() * size_of::<Option<Arc<Page>>>();
        self.heap_bytes + pages + self.extras.heap_bytes()
    }

    /// Runs of compressed samples.
    pub(crate) fn chunks(&self) -> u64 {
        self.pages.iter().flatten().map(|p| p.runs() as u64).sum()
    }

    /// Adds a sample of series `ordinal`; `t` lies in the window. `start` is since when it counts; 0 if that is not known.
    pub(crate) fn push(
        &mut self,
        ordinal: u32,
        t: TimestampMs,
        value: f64,
        start: TimestampMs,
    ) -> Pushed {
        let knows_starts = start != 0 || !self.extras.has_no_starts();
        let before = self.series_at(ordinal).filter(|_| knows_starts);
        let newest = before.map(|s| s.bounds().1);
        let pushed = self.push_float(ordinal, t, value);
        if knows_starts && pushed != Pushed::Repeated {
            let offset = offset_in(self.start(), t);
            let is_newest = newest.is_none_or(|newest| newest < offset);
            self.extras.set_start(ordinal, offset, start, is_newest);
        }
        pushed
    }

    fn push_float(&mut self, ordinal: u32, t: TimestampMs, value: f64) -> Pushed {
        let offset = offset_in(self.start(), t);
        let (page, slot) = place(ordinal);
        let mut pushed = Pushed::Repeated;
        self.push_to_page(page, |page| {
            pushed = page.push(slot, offset, value);
            u64::from(pushed != Pushed::Repeated)
        });
        if !self.extras.has_no_histograms() {
            self.extras.float_written(ordinal, offset);
        }
        self.note(t);
        pushed
    }

    /// Has `push` add samples to a page and say how many are new.
    fn push_to_page(&mut self, page: usize, push: impl FnOnce(&mut Page) -> u64) {
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        if let Some(page) = self.pages.get_mut(page) {
            let growth = Growth::of(page, push);
            self.grow(growth);
        }
    }

    fn grow(&mut self, by: Growth) {
        self.series += by.series as u64;
        self.samples += by.samples;
        self.heap_bytes = self.heap_bytes.saturating_add_signed(by.heap_bytes);
    }

    /// Adds all samples that were gathered.
    pub(crate) fn push_all(&mut self, gathered: &Gathered) {
        let start = self.start();
        let knows_starts = gathered.has_starts() || !self.extras.has_no_starts();
        if knows_starts && !self.set_starts(gathered) {
            // It is rare, and each needs to know what came before it.
            for (ordinal, t, value, start) in gathered.started() {
                self.push(ordinal, t, value, start);
            }
            return;
        }
        let growth = gathered.push_to(start, &mut self.pages);
        self.grow(growth);
        if !self.extras.has_no_histograms() {
            for (ordinal, t, _) in gathered.iter() {
                self.extras.float_written(ordinal, offset_in(start, t));
            }
        }
        if let Some((oldest, newest)) = gathered.bounds() {
            self.note(oldest);
            self.note(newest);
        }
    }

    /// Sets since when samples count that are about to be pushed; does nothing and gives `false` if one is not newer than all
    /// others of its series.
    fn set_starts(&mut self, gathered: &Gathered) -> bool {
        let mut newest = Paged::new(None);
        for (ordinal, t, _) in gathered.iter() {
            let before = newest.get(ordinal);
            let before = before.or_else(|| Some(self.series_at(ordinal)?.bounds().1));
            let offset = offset_in(self.start(), t);
            if before.is_some_and(|before| before >= offset) {
                return false;
            }
            newest.set(ordinal, Some(offset));
        }
        for (ordinal, t, _, start) in gathered.started() {
            let offset = offset_in(self.start(), t);
            self.extras.set_start(ordinal, offset, start, true);
        }
        true
    }

    /// Its pages, by the ordinals of their series.
    pub(super) fn pages(&self) -> impl Iterator<Item = Option<&Page>> {
        self.pages.iter().map(Option::as_deref)
    }

    /// Takes over runs of different series of one page.
    pub(super) fn adopt_in_page(&mut self, page: usize, runs: &[PackedRun<'_>]) {
        let (Some(first), Some(last)) = (
            runs.iter().map(|r| r.first_ms).min(),
            runs.iter().map(|r| r.last_ms).max(),
        ) else {
            return;
        };
        self.push_to_page(page, |page| page.adopt(runs));
        self.note(self.start().saturating_add(first.into()));
        self.note(self.start().saturating_add(last.into()));
    }

    /// Adds a native histogram of series `ordinal`; `t` lies in the window. `start` is since when it counts; 0 if that is
    /// not known.
    pub(crate) fn push_histogram(
        &mut self,
        ordinal: u32,
        t: TimestampMs,
        start: TimestampMs,
        histogram: &HistogramRef<'_>,
    ) {
        let offset = offset_in(self.start(), t);
        self.extras
            .push_histogram(ordinal, offset, start, histogram);
        self.note(t);
    }

    /// Adds an exemplar, whose time lies in the window.
    pub(crate) fn push_exemplar(&mut self, exemplar: StoredExemplar) {
        self.extras.push_exemplar(exemplar);
    }

    /// Forgets some of the oldest exemplars.
    pub(crate) fn forget_exemplars(&mut self) {
        self.extras.forget_exemplars();
    }

    /// Adds what a metric says of itself.
    pub(crate) fn push_metadata(&mut self, known: KnownMetadata) {
        self.extras.push_metadata(known);
    }

    fn note(&mut self, t: TimestampMs) {
        self.min_time = self.min_time.min(t);
        self.max_time = self.max_time.max(t);
    }

    fn series_at(&self, ordinal: u32) -> Option<SeriesView<'_>> {
        let (page, slot) = place(ordinal);
        self.pages.get(page)?.as_ref()?.view(slot)
    }

    /// The value that counts for series `ordinal` at `t`, which lies in the window.
    pub(crate) fn value_at(&self, ordinal: u32, t: TimestampMs) -> Option<f64> {
        let offset = u32::try_from(t.saturating_sub(self.start())).ok()?;
        self.series_at(ordinal)?.value_at(offset)
    }

    /// Whether series `ordinal` has samples of any kind.
    pub(crate) fn has(&self, ordinal: u32) -> bool {
        self.series_at(ordinal).is_some() || self.extras.bounds_of(ordinal).is_some()
    }

    /// Whether series `ordinal` may have samples of any kind in `range`.
    pub(crate) fn may_have(&self, ordinal: u32, range: TimeRange) -> bool {
        let bounds = self.series_at(ordinal).map(|s| s.bounds());
        let wanted = offsets_in(self.start(), range);
        bounds
            .zip(wanted)
            .is_some_and(|((min, max), (first, last))| min <= last && first <= max)
            || self.histograms_max(ordinal, range) > 0
    }

    /// At most this many histograms of series `ordinal` lie in `range`.
    pub(crate) fn histograms_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        self.extras.histograms_max(ordinal, self.start(), range)
    }

    /// From the oldest to the newest sample of any kind of series `ordinal`, if it has any.
    pub(crate) fn bounds_of(&self, ordinal: u32) -> Option<TimeRange> {
        let floats = self.series_at(ordinal).map(|s| s.bounds());
        let histograms = self.extras.bounds_of(ordinal);
        let both = floats.into_iter().chain(histograms);
        let (min, max) = both.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let time = |offset: u32| self.start().saturating_add(i64::from(offset));
        Some(TimeRange::inclusive(time(min), time(max)))
    }

    /// At most this many floats of series `ordinal` lie in `range`.
    pub(crate) fn count_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        let wanted = self.series_at(ordinal).zip(offsets_in(self.start(), range));
        wanted.map_or(0, |(series, (first, last))| series.count_max(first, last))
    }

    /// A reader of its series.
    pub(crate) fn reader(&self) -> WindowReader<'_> {
        WindowReader {
            window: self,
            scratch: Vec::new(),
        }
    }

    /// Appends the histograms of series `ordinal` in `range`, strictly increasing in time.
    pub(crate) fn read_histograms(&self, ordinal: u32, range: TimeRange, out: &mut HistogramRows) {
        self.extras
            .read_histograms(ordinal, self.start(), range, out);
    }

    /// Appends since when floats of series `ordinal` count, given their times; 0 where that is not known.
    pub(crate) fn read_starts(&self, ordinal: u32, timestamps: &[i64], out: &mut Vec<i64>) {
        self.extras
            .read_starts(ordinal, self.start(), timestamps, out);
    }

    /// Ordinals of the series with samples of any kind, increasing.
    pub(crate) fn ordinals(&self) -> impl Iterator<Item = u32> {
        let mut floats = self.float_ordinals().peekable();
        let mut extras = self.extras.ordinals().peekable();
        std::iter::from_fn(move || {
            let next = match (floats.peek(), extras.peek()) {
                (Some(a), Some(b)) => *a.min(b),
                (one, other) => *one.or(other)?,
            };
            floats.next_if_eq(&next);
            extras.next_if_eq(&next);
            Some(next)
        })
    }

    /// The newest float of each series that has some.
    pub(crate) fn newest_floats(&self) -> impl Iterator<Item = (u32, TimestampMs)> {
        let newest = |ordinal| {
            let (_, offset) = self.series_at(ordinal)?.bounds();
            Some((ordinal, self.start().saturating_add(i64::from(offset))))
        };
        self.float_ordinals().filter_map(newest)
    }

    fn float_ordinals(&self) -> impl Iterator<Item = u32> {
        let pages = self
            .pages
            .iter()
            .enumerate()
            .filter_map(|(i, page)| Some((i, page.as_ref()?)));
        pages.flat_map(|(i, page)| page.slots().map(move |j| (i * PAGE_SLOTS + j) as u32))
    }
}

impl WindowReader<'_> {
    /// As [`WindowReader::read`], but of the samples before the newest one as few as are no trouble to leave out.
    pub(crate) fn read_newest(
        &mut self,
        ordinal: u32,
        range: TimeRange,
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) {
        let start = self.window.start();
        let wanted = self.window.series_at(ordinal).zip(offsets_in(start, range));
        let newest = wanted.map(|(series, (first_ms, last_ms))| {
            series.newest(first_ms, last_ms, &mut self.scratch)
        });
        match newest {
            None | Some(Ok(None)) => {}
            Some(Ok(Some((offset, value)))) if self.window.extras.has_no_histograms() => {
                timestamps.push(start.saturating_add(i64::from(offset)));
                values.push(value);
            }
            _ => self.read(ordinal, range, timestamps, values),
        }
    }

    /// Appends the floats of series `ordinal` in `range`, strictly increasing in time.
    pub(crate) fn read(
        &mut self,
        ordinal: u32,
        range: TimeRange,
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) {
        let start = self.window.start();
        let wanted = self.window.series_at(ordinal).zip(offsets_in(start, range));
        if let Some((series, (first_ms, last_ms))) = wanted {
            let from = timestamps.len();
            let mut out = Output {
                start,
                timestamps: &mut *timestamps,
                values: &mut *values,
                scratch: &mut self.scratch,
            };
            series.read(first_ms, last_ms, &mut out);
            self.window
                .extras
                .hide_floats(ordinal, start, from, timestamps, values);
        }
    }
}

/// The offsets in a window from `start` on that lie in `range`, both ends included; `None` if there are none.
pub(super) fn offsets_in(start: i64, range: TimeRange) -> Option<(u32, u32)> {
    let first = range.start.saturating_sub(start).max(0);
    let last = range
        .end
        .saturating_sub(1)
        .saturating_sub(start)
        .min(i64::from(u32::MAX));
    if range.is_empty() || first > last {
        return None;
    }
    Some((u32::try_from(first).ok()?, u32::try_from(last).ok()?))
}

/// The number of the window that holds `t`.
pub(crate) fn window_number(t: TimestampMs, duration_ms: i64) -> i64 {
    t.div_euclid(duration_ms)
}

/// How long after `start`, that of its window, `t` lies.
pub(super) fn offset_in(start: i64, t: TimestampMs) -> u32 {
    u32::try_from(t.saturating_sub(start)).unwrap_or(u32::MAX)
}

/// Page and slot of a series.
pub(super) fn place(ordinal: u32) -> (usize, usize) {
    (ordinal as usize / PAGE_SLOTS, ordinal as usize % PAGE_SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_do_not_see_later_samples() {
        let mut window = Window::new(-1, 1000);
        window.push(700, -1000, 1.0, 0);
        let before = window.clone();
        window.push(700, -1, 2.0, 0);
        window.push(3, -5, 3.0, 0);
        let read = |window: &Window, ordinal| {
            let (mut timestamps, mut values) = (Vec::new(), Vec::new());
            window
                .reader()
                .read(ordinal, TimeRange::ALL, &mut timestamps, &mut values);
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
