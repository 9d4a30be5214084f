//! Many samples of a window that are written together: sorted by page, so that each page is brought into the cache once.
//!
//! A scrape has a sample of every series and the next one again: sample by sample, a log that is read back would touch all
//! pages in turn, over and over.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::page::{Page, Piece, SlotSample};
use super::window::place;
use crate::wal::Samples;

/// Samples in the order they were written.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    parts: Vec<Samples>,
    /// A bit for each series of the first `noted` parts.
    series: Vec<u64>,
    noted: usize,
}

/// Neighbouring samples of a part that belong to one page: writers send series in the same order again and again.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    page: u32,
    part: u32,
    start: u32,
    end: u32,
}

/// What pushing samples to a page has changed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Growth {
    pub(super) series: usize,
    pub(super) samples: u64,
    pub(super) heap_bytes: isize,
}

impl Growth {
    /// That of `page`, which may not be there yet, by `push`, which says how many samples are new.
    #[inline]
    pub(super) fn of(page: &mut Option<Arc<Page>>, push: impl FnOnce(&mut Page) -> u64) -> Self {
        let before = page.as_ref().map_or((0, 0), |p| (p.len(), p.heap_bytes()));
        let page = Arc::make_mut(page.get_or_insert_with(|| Arc::new(Page::new())));
        let samples = push(page);
        Self {
            series: page.len() - before.0,
            samples,
            heap_bytes: page.heap_bytes().cast_signed() - before.1.cast_signed(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            series: self.series + other.series,
            samples: self.samples + other.samples,
            heap_bytes: self.heap_bytes + other.heap_bytes,
        }
    }
}

impl Gathered {
    /// Adds samples of the window, with ordinals.
    pub(crate) fn push(&mut self, samples: Samples) {
        self.parts.push(samples);
    }

    /// Whether there are samples of series `ordinal`.
    pub(crate) fn has(&mut self, ordinal: u32) -> bool {
        for part in self.parts.get(self.noted..).unwrap_or(&[]) {
            for ordinal in part.series.values() {
                let word = *ordinal as usize / 64;
                if self.series.len() <= word {
                    self.series.resize(word + 1, 0);
                }
                if let Some(word) = self.series.get_mut(word) {
                    *word |= 1 << (ordinal % 64);
                }
            }
        }
        self.noted = self.parts.len();
        let word = self.series.get(ordinal as usize / 64);
        word.is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    }

    /// Series, time and value of each sample.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, i64, f64)> {
        self.parts.iter().flat_map(Samples::iter)
    }

    /// Whether some samples say since when they count.
    pub(super) fn has_starts(&self) -> bool {
        self.parts.iter().any(|part| part.starts.is_some())
    }

    /// Series, time, value and start of each sample; 0 if that is not known.
    pub(super) fn started(&self) -> impl Iterator<Item = (u32, i64, f64, i64)> {
        self.parts.iter().flat_map(|part| {
            let starts = part.starts.iter().flat_map(|s| s.values().iter().copied());
            let starts = starts.chain(std::iter::repeat(0));
            part.iter()
                .zip(starts)
                .map(|((o, t, v), start)| (o, t, v, start))
        })
    }

    /// The oldest and the newest time.
    pub(super) fn bounds(&self) -> Option<(i64, i64)> {
        let of_part = |part: &Samples| {
            let times = part.timestamps.values().iter();
            times.fold((i64::MAX, i64::MIN), |(min, max), t| {
                (min.min(*t), max.max(*t))
            })
        };
        let parts = self.parts.iter().map(of_part);
        parts.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Pushes the samples to the pages of a window that begins at `start`, those of a page in order, and many pages at a time.
    pub(super) fn push_to(&self, start: i64, pages: &mut Vec<Option<Arc<Page>>>) -> Growth {
        let (stretches, ranges) = self.by_page();
        if pages.len() < ranges.len() {
            pages.resize(ranges.len(), None);
        }
        let work = pages.par_iter_mut().zip(&ranges);
        let touched = work.filter(|(_, range)| !range.is_empty());
        let push = |room: &mut Vec<SlotSample>, (page, range): (&mut _, &Range<usize>)| {
            let stretches = stretches.get(range.clone()).unwrap_or(&[]).iter();
            let pieces = stretches.filter_map(|s| self.piece(*s));
            Growth::of(page, |page| page.push_all(start, pieces, room))
        };
        let growths = touched.map_init(Vec::new, push);
        growths.reduce(Growth::default, Growth::and)
    }

    fn piece(&self, stretch: Stretch) -> Option<Piece<'_>> {
        let part = self.parts.get(stretch.part as usize)?;
        let range = stretch.start as usize..stretch.end as usize;
        Some(Piece {
            ordinals: part.series.values().get(range.clone())?,
            timestamps: part.timestamps.values().get(range.clone())?,
            values: part.values.values().get(range)?,
        })
    }

    /// The stretches sorted by page, and by page the positions of its stretches. Those of a page stay in order.
    fn by_page(&self) -> (Vec<Stretch>, Vec<Range<usize>>) {
        let stretches = self.stretches();
        let pages = stretches.iter().map(|s| s.page as usize + 1).max();
        let mut counts = vec![0; pages.unwrap_or(0)];
        for stretch in &stretches {
            if let Some(count) = counts.get_mut(stretch.page as usize) {
                *count += 1;
            }
        }
        let mut end = 0;
        // They grow as the stretches are put there.
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(counts.len());
        for count in counts {
            ranges.push(end..end);
            end += count;
        }
        let mut sorted = vec![Stretch::default(); stretches.len()];
        for stretch in stretches {
            if let Some(range) = ranges.get_mut(stretch.page as usize)
                && let Some(to) = sorted.get_mut(range.end)
            {
                *to = stretch;
                range.end += 1;
            }
        }
        (sorted, ranges)
    }

    fn stretches(&self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        for (part, samples) in (0..).zip(&self.parts) {
            let mut start = 0;
            let same_page = |a: &u32, b: &u32| place(*a).0 == place(*b).0;
            for stretch in samples.series.values().chunk_by(same_page) {
                let page = stretch.first().map_or(0, |o| place(*o).0 as u32);
                let end = start + stretch.len() as u32;
                stretches.push(Stretch {
                    page,
                    part,
                    start,
                    end,
                });
                start = end;
            }
        }
        stretches
    }
}
