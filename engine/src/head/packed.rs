//! Runs of compressed samples on their way out of a window and into one: a log that holds runs is read back without
//! compressing its samples again.

use super::codec::{Cursor, Decoder, PADDING_BYTES};
use super::page::{Output, PAGE_SLOTS, Page, Pushed};
use super::sealed::{Run, Sealed};
use super::window::{Window, place};

/// Samples of a series in a window, compressed as [`super::codec`] says, strictly increasing in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedRun<'a> {
    /// Ordinal of the series.
    pub(crate) series: u32,
    /// Number of samples, at least one.
    pub(crate) count: u16,
    /// How long after the start of the window the oldest sample lies.
    pub(crate) first_ms: u32,
    /// The same for the newest.
    pub(crate) last_ms: u32,
    pub(crate) bytes: &'a [u8],
}

/// Samples of a run that is made anew.
const RUN_SAMPLES: usize = 128;

impl PackedRun<'_> {
    /// Whether its bytes are just so many samples.
    pub(crate) fn is_whole(&self) -> bool {
        self.count > 0
            && self.first_ms <= self.last_ms
            && super::codec::is_run(self.bytes, self.count)
    }

    /// Whether its samples are what the rest says; it is whole.
    pub(crate) fn is_true(&self) -> bool {
        let mut offsets = Vec::with_capacity(usize::from(self.count));
        self.for_each(&mut Vec::new(), |offset, _| offsets.push(offset));
        offsets.is_sorted_by(|a, b| a < b)
            && offsets.first() == Some(&self.first_ms)
            && offsets.last() == Some(&self.last_ms)
    }

    /// Gives offset and value of each sample; it is whole. `room` is some to put bytes together in.
    pub(crate) fn for_each(&self, room: &mut Vec<u8>, mut visit: impl FnMut(u32, f64)) {
        room.clear();
        room.extend_from_slice(self.bytes);
        room.extend_from_slice(&[0; PADDING_BYTES]);
        let mut decoder = Decoder::new(room);
        for _ in 0..self.count {
            let (offset, value) = decoder.next();
            visit(offset, value);
        }
    }
}

impl Window {
    /// Gives all floats as runs, those of a series from the oldest to the newest. Runs that were sealed together follow each
    /// other.
    pub(crate) fn for_each_run(&self, mut visit: impl FnMut(PackedRun<'_>)) {
        let mut room = Vec::new();
        for (number, page) in self.pages().enumerate() {
            if let Some(page) = page {
                page.for_each_run((number * PAGE_SLOTS) as u32, &mut room, &mut visit);
            }
        }
    }

    /// Adds the samples of whole runs. Runs that follow what is there are taken over as they are.
    pub(crate) fn adopt<'a>(&mut self, runs: impl Iterator<Item = PackedRun<'a>>) {
        let (mut batch, mut page, mut slots) = (Vec::new(), usize::MAX, 0_u128);
        let mut room = Vec::new();
        for run in runs {
            if self.extras().concern_floats(run.series) {
                let start = self.start();
                run.for_each(&mut room, |offset, value| {
                    self.push(run.series, start.saturating_add(offset.into()), value, 0);
                });
                continue;
            }
            let (its_page, slot) = place(run.series);
            if its_page != page || slots >> slot & 1 == 1 {
                self.adopt_in_page(page, &batch);
                batch.clear();
                (page, slots) = (its_page, 0);
            }
            slots |= 1 << slot;
            batch.push(run);
        }
        self.adopt_in_page(page, &batch);
    }
}

impl Page {
    /// As [`Window::for_each_run`]; `base` is the ordinal of its first slot.
    fn for_each_run(&self, base: u32, room: &mut Vec<u8>, visit: &mut impl FnMut(PackedRun<'_>)) {
        for part in self.sealed_parts() {
            for (slot, number) in self.sorted_slots() {
                if let Some((run, bytes)) = part.exact(number) {
                    visit(packed(base, slot, run, bytes));
                }
            }
        }
        for (slot, number) in self.sorted_slots() {
            if let Some(run) = self.tail_of(number, room) {
                visit(packed(
                    base,
                    slot,
                    run,
                    room.get(..run.end as usize).unwrap_or(&[]),
                ));
            }
        }
        for slot in self.unsorted_slots() {
            self.sort_into_runs(slot, &mut |run, bytes| {
                visit(packed(base, slot, run, bytes));
            });
        }
    }

    /// Makes runs of a series whose samples were not written in the order of time.
    fn sort_into_runs(&self, slot: usize, visit: &mut impl FnMut(Run, &[u8])) {
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        let mut out = Output {
            start: 0,
            timestamps: &mut timestamps,
            values: &mut values,
            scratch: &mut Vec::new(),
        };
        if let Some(view) = self.view(slot) {
            view.read(0, u32::MAX, &mut out);
        }
        let samples: Vec<(u32, f64)> = timestamps
            .iter()
            .map(|t| *t as u32)
            .zip(values.iter().copied())
            .collect();
        for samples in samples.chunks(RUN_SAMPLES) {
            let (mut cursor, mut bytes) = (Cursor::default(), Vec::new());
            for (offset, value) in samples {
                let encoded = cursor.encode(*offset, *value);
                bytes.extend_from_slice(encoded.bytes.get(..encoded.len).unwrap_or(&[]));
            }
            let (first, last) = (samples.first(), samples.last());
            let run = Run {
                end: bytes.len() as u32,
                count: cursor.count(),
                min_ms: first.map_or(0, |s| s.0),
                max_ms: last.map_or(0, |s| s.0),
            };
            visit(run, &bytes);
        }
    }

    /// Adds runs of different series; gives how many samples were not there already.
    pub(super) fn adopt(&mut self, runs: &[PackedRun<'_>]) -> u64 {
        self.seal_tails();
        let mut by_number = [None; PAGE_SLOTS];
        let (mut late, mut bytes, mut numbers) = (Vec::new(), 0, 0);
        for run in runs {
            let number = self.number(place(run.series).1);
            if !self.follows(number, run.first_ms) {
                late.push(run);
            } else if let Some(of_number) = by_number.get_mut(number) {
                *of_number = Some(run);
                bytes += run.bytes.len();
                numbers = numbers.max(number + 1);
            }
        }
        let mut stored = 0;
        if numbers > 0 {
            let by_number = by_number.get(..numbers).unwrap_or(&[]);
            self.add_part(sealed_of(by_number, bytes));
            for (number, run) in by_number.iter().enumerate() {
                let Some(run) = run else { continue };
                self.note_run(number, run);
                stored += u64::from(run.count);
            }
        }
        let mut room = Vec::new();
        for run in late {
            let (_, slot) = place(run.series);
            run.for_each(&mut room, |offset, value| {
                stored += u64::from(self.push(slot, offset, value) != Pushed::Repeated);
            });
        }
        stored
    }
}

/// A run of the series in a slot of a page, whose first slot is that of ordinal `base`.
fn packed(base: u32, slot: usize, run: Run, bytes: &[u8]) -> PackedRun<'_> {
    PackedRun {
        series: base + slot as u32,
        count: run.count,
        first_ms: run.min_ms,
        last_ms: run.max_ms,
        bytes,
    }
}

/// Runs by the number of their series, side by side.
fn sealed_of(by_number: &[Option<&PackedRun<'_>>], len: usize) -> Sealed {
    let mut bytes = Vec::with_capacity(len + PADDING_BYTES);
    let mut runs = Vec::with_capacity(by_number.len());
    for run in by_number {
        bytes.extend_from_slice(run.map_or(&[], |r| r.bytes));
        runs.push(Run {
            end: bytes.len() as u32,
            count: run.map_or(0, |r| r.count),
            min_ms: run.map_or(0, |r| r.first_ms),
            max_ms: run.map_or(0, |r| r.last_ms),
        });
    }
    Sealed::new(bytes, runs)
}

#[cfg(test)]
mod tests {
    use narthex_model::TimeRange;
    use proptest::prelude::*;

    use super::*;

    fn read(window: &Window) -> Vec<(u32, Vec<i64>, Vec<u64>)> {
        let mut reader = window.reader();
        let of = |ordinal| {
            let (mut timestamps, mut values) = (Vec::new(), Vec::new());
            reader.read(ordinal, TimeRange::ALL, &mut timestamps, &mut values);
            let bits = values.iter().map(|v| v.to_bits()).collect();
            (ordinal, timestamps, bits)
        };
        window.ordinals().map(of).collect()
    }

    proptest! {
        /// Samples in several windows, whose runs one window then takes over in turn, are as if all had been pushed to it.
        #[test]
        fn runs_are_as_good_as_their_samples(
            parts in prop::collection::vec((0..800_i64, prop::collection::vec((0..300_u32, 0..400_i64, 0..9_i32), 1..400)), 1..4),
            move_by in 0..200_u32,
        ) {
            let (mut pushed, mut adopted) = (Window::new(1, 5000), Window::new(1, 5000));
            for (at, samples) in &parts {
                let mut part = Window::new(1, 5000);
                for (i, (series, late, value)) in samples.iter().enumerate() {
                    let t = 5000 + (at + i as i64 * 7 - late / 100 * late).clamp(0, 4999);
                    part.push(*series, t, f64::from(*value) / 4.0, 0);
                    pushed.push(series + move_by, t, f64::from(*value) / 4.0, 0);
                }
                let mut runs = Vec::new();
                part.for_each_run(|run| {
                    assert!(run.is_whole() && run.is_true());
                    runs.push((PackedRun { series: run.series + move_by, bytes: &[], ..run }, run.bytes.to_vec()));
                });
                adopted.adopt(runs.iter().map(|(run, bytes)| PackedRun { bytes, ..*run }));
            }
            prop_assert_eq!(read(&pushed), read(&adopted));
            prop_assert_eq!(pushed.bounds(), adopted.bounds());
            prop_assert_eq!(pushed.series(), adopted.series());
            let newest = |w: &Window| w.newest_floats().collect::<Vec<_>>();
            prop_assert_eq!(newest(&pushed), newest(&adopted));
        }
    }
}
