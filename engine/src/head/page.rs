//! The samples of up to 128 series with neighbouring ordinals in one window.
//!
//! Each series has a run of compressed samples that grows, its tail. Once the tails are large they are sealed, all of them at
//! once: the bytes of each series side by side in one allocation that snapshots share. A write under a living snapshot copies
//! the tails of a page, never what is sealed.

mod bulk;

use std::mem::size_of;
use std::sync::Arc;

pub(super) use bulk::{Piece, SlotSample};

use super::codec::{Cursor, Decoder, PADDING_BYTES};
use super::packed::PackedRun;
use super::sealed::{Run, Sealed};
use super::tails::{SLABS_MAX, Tail, Tails};

/// Series per page.
pub(crate) const PAGE_SLOTS: usize = 128;

/// Slabs per series, in the mean, at which the tails of a page are sealed: about 64 samples of a usual series.
const SEAL_SLABS: usize = 8;

/// A page is not sealed with fewer slabs.
const SEAL_SLABS_MIN: usize = 64;

const _: () = assert!(
    SEAL_SLABS * PAGE_SLOTS < SLABS_MAX / 32,
    "a run's samples fit 16 bits"
);

/// In place of a series' number: it has no samples.
const ABSENT: u8 = u8::MAX;

const _: () = assert!(PAGE_SLOTS < ABSENT as usize);

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is new.
    Added,
    /// The very same sample was there already.
    Repeated,
    /// There was another value at its time; from now on this one counts.
    Replaced,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// By slot, the number of the series in `series`.
    numbers: [u8; PAGE_SLOTS],
    series: Vec<Series>,
    tails: Tails,
    sealed: Vec<Arc<Sealed>>,
    sealed_bytes: usize,
    sealed_runs: usize,
}

/// A series of a page.
#[derive(Debug, Clone, Copy)]
struct Series {
    cursor: Cursor,
    tail: Tail,
    /// Whether the samples do not stand in strictly increasing order of time.
    unsorted: bool,
    /// All samples, repeated timestamps included.
    count: u32,
    min_ms: u32,
    max_ms: u32,
}

const _: () = assert!(size_of::<Series>() == 40, "there are many");

/// Where samples are appended to.
pub(super) struct Output<'a> {
    /// When the window begins.
    pub(super) start: i64,
    pub(super) timestamps: &'a mut Vec<i64>,
    pub(super) values: &'a mut Vec<f64>,
    /// Room to put bytes together in.
    pub(super) scratch: &'a mut Vec<u8>,
}

/// Samples were not written in the order of time.
pub(super) struct Unsorted;

/// A page's series, to be read.
#[derive(Clone, Copy)]
pub(super) struct SeriesView<'a> {
    page: &'a Page,
    number: usize,
    series: &'a Series,
}

impl Page {
    pub(super) fn new() -> Self {
        Self {
            numbers: [ABSENT; PAGE_SLOTS],
            series: Vec::new(),
            tails: Tails::default(),
            sealed: Vec::new(),
            sealed_bytes: 0,
            sealed_runs: 0,
        }
    }

    /// Number of series with samples.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// Number of runs of compressed samples.
    pub(super) fn runs(&self) -> usize {
        self.series.len() + self.sealed_runs
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.series.capacity() * size_of::<Series>()
            + self.tails.heap_bytes()
            + self.sealed_bytes
    }

    /// The series in `slot`, if it has samples.
    pub(super) fn view(&self, slot: usize) -> Option<SeriesView<'_>> {
        let number = usize::from(*self.numbers.get(slot)?);
        let series = self.series.get(number)?;
        Some(SeriesView {
            page: self,
            number,
            series,
        })
    }

    /// Slots of the series with samples, increasing.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> {
        let taken = self.numbers.iter().enumerate();
        taken.filter(|(_, n)| **n != ABSENT).map(|(slot, _)| slot)
    }

    /// Adds a sample of the series in `slot`.
    pub(super) fn push(&mut self, slot: usize, offset_ms: u32, value: f64) -> Pushed {
        let number = self.number(slot);
        let pushed = self.push_to(number, offset_ms, value);
        self.seal_if_large();
        pushed
    }

    /// Adds a sample of the series with a number.
    fn push_to(&mut self, number: usize, offset_ms: u32, value: f64) -> Pushed {
        let Some(series) = self.series.get(number) else {
            return Pushed::Repeated;
        };
        let mut pushed = Pushed::Added;
        let late = series.count > 0 && offset_ms <= series.max_ms;
        if late {
            let view = SeriesView {
                page: self,
                number,
                series,
            };
            match view.value_at(offset_ms) {
                Some(there) if there.to_bits() == value.to_bits() => return Pushed::Repeated,
                Some(_) => pushed = Pushed::Replaced,
                None => {}
            }
        }
        if let Some(series) = self.series.get_mut(number) {
            series.unsorted |= late;
            series.push(&mut self.tails, offset_ms, value);
        }
        pushed
    }

    fn seal_if_large(&mut self) {
        let seal_at = (self.series.len() * SEAL_SLABS).max(SEAL_SLABS_MIN);
        if self.tails.slabs() >= seal_at {
            self.seal();
        }
    }

    /// Whether an offset is newer than all samples of the series with a number.
    pub(super) fn follows(&self, number: usize, offset_ms: u32) -> bool {
        let series = self.series.get(number);
        series.is_none_or(|s| s.count == 0 || s.max_ms < offset_ms)
    }

    /// A run of the series with a number is in the newest sealed part; its tail is empty.
    pub(super) fn note_run(&mut self, number: usize, run: &PackedRun<'_>) {
        if let Some(series) = self.series.get_mut(number) {
            series.count += u32::from(run.count);
            series.min_ms = series.min_ms.min(run.first_ms);
            series.max_ms = series.max_ms.max(run.last_ms);
        }
    }

    /// What is never touched again, from the oldest writes to the newest.
    pub(super) fn sealed_parts(&self) -> impl Iterator<Item = &Sealed> {
        self.sealed.iter().map(AsRef::as_ref)
    }

    /// Slots and numbers of the series whose samples were written in the order of time.
    pub(super) fn sorted_slots(&self) -> impl Iterator<Item = (usize, usize)> {
        let views = self
            .slots()
            .filter_map(|slot| Some((slot, self.view(slot)?)));
        views
            .filter(|(_, view)| !view.series.unsorted)
            .map(|(slot, view)| (slot, view.number))
    }

    /// Slots of the other series.
    pub(super) fn unsorted_slots(&self) -> impl Iterator<Item = usize> {
        let is_unsorted = |slot: &usize| self.view(*slot).is_some_and(|v| v.series.unsorted);
        self.slots().filter(is_unsorted)
    }

    /// Puts the tail of the series with a number into `room`, with its padding; `None` if it is empty.
    pub(super) fn tail_of(&self, number: usize, room: &mut Vec<u8>) -> Option<Run> {
        let series = self.series.get(number)?;
        if series.cursor.count() == 0 {
            return None;
        }
        room.clear();
        self.tails.copy_to(series.tail, room);
        let end = room.len() as u32;
        room.extend_from_slice(&[0; PADDING_BYTES]);
        let run = series.tail_run(room);
        Some(Run { end, ..run })
    }

    /// The number of the series in `slot`; a new one if it has none yet.
    pub(super) fn number(&mut self, slot: usize) -> usize {
        let next = self.series.len();
        match self.numbers.get_mut(slot) {
            Some(number) if *number == ABSENT => *number = next as u8,
            Some(number) => return usize::from(*number),
            None => return usize::MAX,
        }
        if self.series.capacity() == next {
            let more = (next / 4).max(4).min(PAGE_SLOTS - next);
            self.series.reserve_exact(more);
        }
        self.series.push(Series::new());
        next
    }

    /// Moves all tails into a sealed part.
    fn seal(&mut self) {
        let mut bytes = Vec::with_capacity(self.tails.heap_bytes());
        let mut runs = Vec::with_capacity(self.series.len());
        for series in &mut self.series {
            let start = bytes.len();
            self.tails.copy_to(series.tail, &mut bytes);
            let end = bytes.len() as u32;
            bytes.extend_from_slice(&[0; PADDING_BYTES]);
            let mut run = series.tail_run(bytes.get(start..).unwrap_or(&[]));
            bytes.truncate(end as usize);
            run.end = end;
            runs.push(run);
            series.begin_tail();
        }
        let sealed = Sealed::new(bytes, runs);
        self.tails.clear();
        self.add_part(sealed);
    }

    /// Seals what is in tails, if anything is.
    pub(super) fn seal_tails(&mut self) {
        if self.tails.slabs() > 0 {
            self.seal();
        }
    }

    /// Adds a sealed part, which is newer than the others.
    pub(super) fn add_part(&mut self, sealed: Sealed) {
        self.sealed_runs += sealed.len();
        self.sealed_bytes += sealed.heap_bytes() + 2 * size_of::<usize>();
        self.sealed.reserve_exact(1);
        self.sealed.push(Arc::new(sealed));
    }
}

impl Series {
    fn new() -> Self {
        Self {
            cursor: Cursor::default(),
            tail: Tail::default(),
            unsorted: false,
            count: 0,
            min_ms: u32::MAX,
            max_ms: 0,
        }
    }

    fn push(&mut self, tails: &mut Tails, offset_ms: u32, value: f64) {
        let encoded = self.cursor.encode(offset_ms, value);
        tails.append(
            &mut self.tail,
            encoded.bytes.get(..encoded.len).unwrap_or(&[]),
        );
        self.count += 1;
        self.min_ms = self.min_ms.min(offset_ms);
        self.max_ms = self.max_ms.max(offset_ms);
    }

    /// What is known of the tail, whose bytes are given with their padding.
    fn tail_run(&self, bytes: &[u8]) -> Run {
        let min_ms = match self.cursor.count() {
            0 => self.max_ms,
            _ if self.unsorted => self.min_ms,
            _ => Decoder::new(bytes).next().0,
        };
        Run {
            end: 0,
            count: self.cursor.count(),
            min_ms,
            max_ms: self.max_ms,
        }
    }

    fn begin_tail(&mut self) {
        *self = Self {
            unsorted: self.unsorted,
            count: self.count,
            min_ms: self.min_ms,
            max_ms: self.max_ms,
            ..Self::new()
        };
    }
}

impl SeriesView<'_> {
    /// Offsets of the oldest and of the newest sample.
    pub(super) fn bounds(&self) -> (u32, u32) {
        (self.series.min_ms, self.series.max_ms)
    }

    /// At most this many samples lie between two offsets, both included.
    pub(super) fn count_max(&self, first_ms: u32, last_ms: u32) -> u64 {
        let (min_ms, max_ms) = self.bounds();
        if first_ms <= min_ms && max_ms <= last_ms {
            return u64::from(self.series.count);
        }
        let inside = self.sealed(first_ms, last_ms).map(|(run, _)| run.count);
        let sealed: u64 = inside.map(u64::from).sum();
        let tail = if first_ms <= max_ms && min_ms <= last_ms {
            self.series.cursor.count()
        } else {
            0
        };
        sealed + u64::from(tail)
    }

    /// The value that counts at an offset.
    pub(super) fn value_at(&self, offset_ms: u32) -> Option<f64> {
        let mut found = None;
        let mut scratch = Vec::new();
        self.for_each_run(offset_ms, offset_ms, &mut scratch, |run, bytes| {
            let mut decoder = Decoder::new(bytes);
            for _ in 0..run.count {
                let (offset, value) = decoder.next();
                if offset == offset_ms {
                    found = Some(value);
                }
            }
        });
        found
    }

    /// Appends the samples between two offsets, both included, strictly increasing in time.
    pub(super) fn read(&self, first_ms: u32, last_ms: u32, out: &mut Output<'_>) {
        if self.series.unsorted {
            return self.read_unsorted(first_ms, last_ms, out);
        }
        let Output {
            start,
            timestamps,
            values,
            scratch,
        } = out;
        self.for_each_run(first_ms, last_ms, scratch, |run, bytes| {
            let mut decoder = Decoder::new(bytes);
            if first_ms <= run.min_ms && run.max_ms <= last_ms {
                let from = timestamps.len();
                timestamps.resize(from + usize::from(run.count), 0);
                values.resize(from + usize::from(run.count), 0.0);
                let times = timestamps.get_mut(from..).unwrap_or(&mut []);
                let values = values.get_mut(from..).unwrap_or(&mut []);
                for (t, v) in times.iter_mut().zip(values) {
                    let (offset, value) = decoder.next();
                    (*t, *v) = (*start + i64::from(offset), value);
                }
                return;
            }
            for _ in 0..run.count {
                let (offset, value) = decoder.next();
                if offset > last_ms {
                    break;
                }
                if offset >= first_ms {
                    timestamps.push(*start + i64::from(offset));
                    values.push(value);
                }
            }
        });
    }

    /// The newest sample between two offsets, both included; an error if only reading all of them can tell.
    pub(super) fn newest(
        &self,
        first_ms: u32,
        last_ms: u32,
        scratch: &mut Vec<u8>,
    ) -> Result<Option<(u32, f64)>, Unsorted> {
        if self.series.unsorted {
            return Err(Unsorted);
        }
        let inside = |(offset, _): &(u32, f64)| first_ms <= *offset;
        let in_tail = self.tail(first_ms, last_ms, scratch);
        let in_tail = in_tail.and_then(|(run, bytes)| newest_of(run, bytes, last_ms));
        if in_tail.is_some() {
            return Ok(in_tail.filter(inside));
        }
        let sealed = self.sealed(first_ms, last_ms).last();
        let newest = sealed.and_then(|(run, bytes)| newest_of(run, bytes, last_ms));
        Ok(newest.filter(inside))
    }

    /// As [`SeriesView::read`]; of several samples at one time the last written one counts.
    fn read_unsorted(&self, first_ms: u32, last_ms: u32, out: &mut Output<'_>) {
        let mut samples = Vec::with_capacity(self.series.count as usize);
        self.for_each_run(first_ms, last_ms, out.scratch, |run, bytes| {
            let mut decoder = Decoder::new(bytes);
            let all = (0..run.count).map(|_| decoder.next());
            samples.extend(all.filter(|s| (first_ms..=last_ms).contains(&s.0)));
        });
        samples.sort_by_key(|s| s.0);
        let mut rest = samples.into_iter().peekable();
        while let Some((offset, value)) = rest.next() {
            if rest.peek().is_none_or(|next| next.0 != offset) {
                out.timestamps.push(out.start + i64::from(offset));
                out.values.push(value);
            }
        }
    }

    /// Calls `visit` with the runs that may have samples between two offsets, in the order they were written.
    fn for_each_run(
        &self,
        first_ms: u32,
        last_ms: u32,
        scratch: &mut Vec<u8>,
        mut visit: impl FnMut(Run, &[u8]),
    ) {
        for (run, bytes) in self.sealed(first_ms, last_ms) {
            visit(run, bytes);
        }
        if let Some((run, bytes)) = self.tail(first_ms, last_ms, scratch) {
            visit(run, bytes);
        }
    }

    /// The tail, put together in `scratch`, if it may have samples between two offsets.
    fn tail<'b>(
        &self,
        first_ms: u32,
        last_ms: u32,
        scratch: &'b mut Vec<u8>,
    ) -> Option<(Run, &'b [u8])> {
        let (min_ms, max_ms) = self.bounds();
        if max_ms < first_ms || last_ms < min_ms {
            return None;
        }
        let run = self.page.tail_of(self.number, scratch)?;
        Some((run, scratch))
    }

    fn sealed(&self, first_ms: u32, last_ms: u32) -> impl Iterator<Item = (Run, &[u8])> {
        let number = self.number;
        let runs = self.page.sealed.iter().filter_map(move |s| s.run(number));
        runs.filter(move |(run, _)| run.overlaps(first_ms, last_ms))
    }
}

/// The newest sample of a run, whose samples are sorted by time, that is no newer than an offset.
fn newest_of(run: Run, bytes: &[u8], last_ms: u32) -> Option<(u32, f64)> {
    let mut decoder = Decoder::new(bytes);
    let samples = (0..run.count).map(|_| decoder.next());
    samples.take_while(|(offset, _)| *offset <= last_ms).last()
}

#[cfg(test)]
mod tests;
