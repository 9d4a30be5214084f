//! Many samples pushed to a page at once: series by series, so that what is known of a series stays in registers.

use super::super::codec::ENCODED_BYTES_MAX;
use super::super::window::{offset_in, place};
use super::{PAGE_SLOTS, Page, Pushed, Series, Tails};

/// Samples of series of one page, in the order they were written.
#[derive(Debug, Clone, Copy)]
pub(in crate::head) struct Piece<'a> {
    pub(in crate::head) ordinals: &'a [u32],
    pub(in crate::head) timestamps: &'a [i64],
    pub(in crate::head) values: &'a [f64],
}

/// A sample of the series in a slot of a page.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::head) struct SlotSample {
    slot: u32,
    offset_ms: u32,
    value: f64,
}

/// Samples that are sorted by series at once. The page is sealed in between, so this bounds what the tails take.
const AT_ONCE: usize = 4096;

/// Bytes of samples that are put together before they go to the tail.
const ROOM: usize = 256;

impl<'a> Piece<'a> {
    /// The first `len` samples and the rest; all of them if there are no more.
    fn split(self, len: usize) -> (Self, Self) {
        let len = len.min(self.values.len());
        let (ordinals, timestamps, values) = (
            self.ordinals.split_at(len),
            self.timestamps.split_at(len),
            self.values.split_at(len),
        );
        let piece = |ordinals, timestamps, values| Self {
            ordinals,
            timestamps,
            values,
        };
        (
            piece(ordinals.0, timestamps.0, values.0),
            piece(ordinals.1, timestamps.1, values.1),
        )
    }

    /// The samples, in a window that begins at `start`.
    fn samples(self, start: i64) -> impl Iterator<Item = SlotSample> + 'a {
        let times = self.ordinals.iter().zip(self.timestamps);
        times
            .zip(self.values)
            .map(move |((ordinal, t), value)| SlotSample {
                slot: place(*ordinal).1 as u32,
                offset_ms: offset_in(start, *t),
                value: *value,
            })
    }
}

impl Page {
    /// Adds samples, those of a series in the order they were written; gives how many were not there already. The window
    /// begins at `start`; `room` is some to sort in.
    pub(in crate::head) fn push_all<'a>(
        &mut self,
        start: i64,
        pieces: impl Iterator<Item = Piece<'a>>,
        room: &mut Vec<SlotSample>,
    ) -> u64 {
        let (mut stored, mut gathered, mut free) = (0, Vec::new(), AT_ONCE);
        for mut rest in pieces {
            while !rest.values.is_empty() {
                let (piece, more) = rest.split(free);
                rest = more;
                free -= piece.values.len();
                gathered.push(piece);
                if free == 0 {
                    stored += self.push_pieces(start, &gathered, room);
                    gathered.clear();
                    free = AT_ONCE;
                }
            }
        }
        stored + self.push_pieces(start, &gathered, room)
    }

    fn push_pieces(&mut self, start: i64, pieces: &[Piece<'_>], room: &mut Vec<SlotSample>) -> u64 {
        sort_by_slot(start, pieces, room);
        let runs = room.chunk_by(|a, b| a.slot == b.slot);
        let stored = runs.map(|run| self.push_run(run)).sum();
        self.seal_if_large();
        stored
    }

    /// Adds samples of one series.
    fn push_run(&mut self, run: &[SlotSample]) -> u64 {
        let Some(first) = run.first() else {
            return 0;
        };
        let number = self.number(first.slot as usize);
        let Some(series) = self.series.get_mut(number) else {
            return 0;
        };
        let follows = series.count == 0 || first.offset_ms > series.max_ms;
        if follows && run.is_sorted_by(|a, b| a.offset_ms < b.offset_ms) {
            series.push_run(&mut self.tails, run);
            return run.len() as u64;
        }
        let push = |s: &SlotSample| self.push_to(number, s.offset_ms, s.value);
        run.iter()
            .map(push)
            .filter(|p| *p != Pushed::Repeated)
            .count() as u64
    }
}

impl Series {
    /// Adds samples that are newer than all there are, oldest first.
    fn push_run(&mut self, tails: &mut Tails, run: &[SlotSample]) {
        let mut cursor = self.cursor;
        let mut bytes = [0; ROOM + ENCODED_BYTES_MAX];
        let mut len = 0;
        for sample in run {
            let encoded = cursor.encode(sample.offset_ms, sample.value);
            if let Some(to) = bytes.get_mut(len..).and_then(|b| b.first_chunk_mut()) {
                *to = encoded.bytes;
            }
            len += encoded.len;
            if len > ROOM {
                tails.append_all(&mut self.tail, bytes.get(..len).unwrap_or(&[]));
                len = 0;
            }
        }
        tails.append_all(&mut self.tail, bytes.get(..len).unwrap_or(&[]));
        self.cursor = cursor;
        self.count += run.len() as u32;
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            self.min_ms = self.min_ms.min(first.offset_ms);
            self.max_ms = self.max_ms.max(last.offset_ms);
        }
    }
}

/// Samples by slot; those of a slot stay in order.
fn sort_by_slot(start: i64, pieces: &[Piece<'_>], sorted: &mut Vec<SlotSample>) {
    let mut ends = [0_usize; PAGE_SLOTS + 1];
    for ordinal in pieces.iter().flat_map(|p| p.ordinals) {
        if let Some(count) = ends.get_mut(place(*ordinal).1 + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    sorted.resize(sum, SlotSample::default());
    for piece in pieces {
        for sample in piece.samples(start) {
            if let Some(at) = ends.get_mut(sample.slot as usize)
                && let Some(to) = sorted.get_mut(*at)
            {
                *to = sample;
                *at += 1;
            }
        }
    }
}
