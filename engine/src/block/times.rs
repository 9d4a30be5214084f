//! Decodes the times of series: those that several of them share only once.

use std::ops::Range;

use narthex_model::{Result, TimeRange, TimestampMs};

use super::delta_decoder::DeltaDecoder;
use super::read::{Block, DecodedSamples, Piece, rows_of, rows_spanned, runs};
use super::schema::{SERIES_FILE, SampleColumn, TIME_INDEX_STEP};
use super::{files, parquet_io};

impl Block {
    /// Decodes the times of `pieces`, and narrows their rows to exactly `range`.
    pub(super) fn read_times(
        &self,
        pieces: &mut [Piece],
        range: TimeRange,
        out: &mut DecodedSamples,
    ) -> Result<()> {
        if pieces.iter().all(|p| p.times_of == p.ordinal) {
            let mut at = out.timestamps.len() as u32;
            self.read_own_times(pieces, range, &mut out.timestamps)?;
            for piece in pieces {
                let count = piece.len() as u32;
                out.counts.push(count);
                out.times_at.push(at);
                at += count;
            }
            return Ok(());
        }
        let mut firsts = self.firsts_of(pieces);
        let before = out.timestamps.len() as u32;
        self.read_own_times(&mut firsts, range, &mut out.timestamps)?;
        let starts = firsts.iter().scan(before, |end, first| {
            let start = *end;
            *end += first.len() as u32;
            Some(start)
        });
        let starts: Vec<u32> = starts.collect();
        for piece in pieces {
            let shared = firsts
                .binary_search_by_key(&piece.times_of, |first| first.ordinal)
                .ok()
                .and_then(|at| firsts.get(at).zip(starts.get(at)));
            let rows = shared.map_or(0..0, |(first, _)| first.rows_of_series());
            piece.rows = piece.row.first_row + rows.start..piece.row.first_row + rows.end;
            out.counts.push(piece.len() as u32);
            out.times_at.push(shared.map_or(0, |(_, start)| *start));
        }
        Ok(())
    }

    /// The series whose times `pieces` have, each once and in order.
    pub(super) fn firsts_of(&self, pieces: &[Piece]) -> Vec<Piece> {
        let mut firsts: Vec<(u32, Range<u64>)> = pieces
            .iter()
            .map(|p| (p.times_of, p.rows_of_series()))
            .collect();
        firsts.sort_unstable_by_key(|first| first.0);
        firsts.dedup_by_key(|first| first.0);
        let first = |(ordinal, rows): (u32, Range<u64>)| {
            let row = self.row(ordinal);
            Piece {
                ordinal,
                times_of: ordinal,
                row,
                rows: row.first_row + rows.start..row.first_row + rows.end,
            }
        };
        firsts.into_iter().map(first).collect()
    }

    /// Decodes the times that stand in the rows of `pieces`, appends them to `out`, and narrows the rows to exactly
    /// `range`.
    fn read_own_times(
        &self,
        pieces: &mut [Piece],
        range: TimeRange,
        out: &mut Vec<TimestampMs>,
    ) -> Result<()> {
        let times: u64 = pieces.iter().map(Piece::len).sum();
        out.reserve(times as usize);
        let mut rest = pieces;
        while let Some(first) = rest.first() {
            let (group, in_group) = self.in_group(first, rest)?;
            let (now, later) = rest.split_at_mut(in_group);
            let start = out.len();
            self.decode_times(group, now, out)?;
            self.narrow(now, range, start, out)?;
            rest = later;
        }
        Ok(())
    }

    fn decode_times(
        &self,
        group: usize,
        pieces: &[Piece],
        out: &mut Vec<TimestampMs>,
    ) -> Result<()> {
        if pieces.iter().all(|p| p.len() == 0) {
            return Ok(());
        }
        let column = SampleColumn::Timestamp;
        let mut cursor = self
            .samples
            .cursor::<DeltaDecoder>(group, column, rows_of(pieces))?;
        parquet_io::guarded(self.samples.path(), || {
            runs(pieces, |_| true).try_for_each(|run| {
                cursor.read(rows_spanned(run), None, &mut |times| {
                    out.extend_from_slice(times);
                })
            })
        })
    }

    /// Of the times from `start` on, which are those of `pieces`, only those in `range` stay.
    fn narrow(
        &self,
        pieces: &mut [Piece],
        range: TimeRange,
        start: usize,
        out: &mut Vec<TimestampMs>,
    ) -> Result<()> {
        let (mut from, mut to) = (start, start);
        for piece in pieces {
            let end = from + piece.len() as usize;
            let times = out.get(from..end).unwrap_or(&[]);
            self.check_times(piece, times)?;
            let first = times.partition_point(|t| *t < range.start);
            let last = times.partition_point(|t| *t < range.end).max(first);
            if to != from + first {
                out.copy_within(from + first..from + last, to);
            }
            piece.rows = piece.rows.start + first as u64..piece.rows.start + last as u64;
            to += last - first;
            from = end;
        }
        out.truncate(to);
        Ok(())
    }

    /// Every 256th time is known from the series file. Times are kept as differences, so damage shows there.
    fn check_times(&self, piece: &Piece, times: &[TimestampMs]) -> Result<()> {
        let first_step = (piece.rows.start - piece.row.first_row) as usize / TIME_INDEX_STEP;
        let index = self.series.time_index(piece.ordinal);
        let expected = index.iter().skip(first_step);
        let agree = times
            .iter()
            .step_by(TIME_INDEX_STEP)
            .zip(expected)
            .all(|(time, expected)| time == expected);
        if !agree || times.last().is_some_and(|t| *t > piece.row.max_time) {
            let what = format!(
                "times of series {} differ from {SERIES_FILE}",
                piece.ordinal
            );
            return Err(files::damaged(self.samples.path(), what));
        }
        Ok(())
    }
}
