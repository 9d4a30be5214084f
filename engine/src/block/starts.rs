//! Decodes since when floats count, for the series of which that is known.

use narthex_model::{Result, TimeRange};
use parquet::errors::ParquetError;

use super::delta_decoder::DeltaDecoder;
use super::parquet_io;
use super::read::{Block, DecodedSamples, Piece, contradiction, rows_of};
use super::samples_reader::Cursor;
use super::schema::SampleColumn;

impl Block {
    /// Whether floats of series `ordinal` say since when they count.
    pub fn has_starts(&self, ordinal: u32) -> bool {
        self.series.start_count(ordinal) > 0
    }

    /// Decodes since when the samples count that [`Block::read`] has just put into `out`, which was empty, for the same
    /// `ordinals` and `range`.
    ///
    /// # Errors
    /// As [`Block::read`].
    pub fn read_starts(
        &self,
        ordinals: &[u32],
        range: TimeRange,
        out: &mut DecodedSamples,
    ) -> Result<()> {
        let wanted: Vec<u32> = ordinals
            .iter()
            .copied()
            .filter(|o| self.has_starts(*o))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut pieces = self.pieces(&wanted, range, true)?;
        self.read_times(&mut pieces, range, &mut DecodedSamples::default())?;
        out.starts.resize(out.values.len(), 0);
        let mut room = out.starts.as_mut_slice();
        let mut places = Vec::with_capacity(pieces.len());
        for (ordinal, count) in ordinals.iter().zip(&out.counts) {
            let len = (*count as usize).min(room.len());
            let (place, rest) = room.split_at_mut(len);
            room = rest;
            if self.has_starts(*ordinal) {
                places.push(place);
            }
        }
        self.fill(&pieces, &mut places)
    }

    /// Decodes the starts of `pieces`, whose rows are exact, each to its place.
    fn fill(&self, pieces: &[Piece], places: &mut [&mut [i64]]) -> Result<()> {
        let (mut rest, mut places) = (pieces, places);
        while let Some(first) = rest.first() {
            let (group, in_group) = self.in_group(first, rest)?;
            let (now, later) = rest.split_at_checked(in_group).unwrap_or((rest, &[]));
            let (here, there) = places.split_at_mut(in_group.min(places.len()));
            if now.iter().any(|p| p.len() > 0) {
                let column = SampleColumn::Start;
                let mut cursor = self.samples.cursor(group, column, rows_of(now))?;
                parquet_io::guarded(self.samples.path(), || {
                    let mut pairs = now.iter().zip(here);
                    pairs.try_for_each(|(piece, place)| fill_one(piece, place, &mut cursor))
                })?;
            }
            (rest, places) = (later, there);
        }
        Ok(())
    }
}

fn fill_one(
    piece: &Piece,
    place: &mut [i64],
    column: &mut Cursor<DeltaDecoder>,
) -> Result<(), ParquetError> {
    if piece.len() != place.len() as u64 {
        return Err(contradiction());
    }
    if place.is_empty() {
        return Ok(());
    }
    let (mut starts, mut known) = (Vec::new(), Vec::new());
    column.read(piece.rows.clone(), Some(&mut known), &mut |some| {
        starts.extend_from_slice(some);
    })?;
    let mut starts = starts.into_iter();
    for (to, known) in place.iter_mut().zip(known) {
        if known {
            *to = starts.next().ok_or_else(contradiction)?;
        }
    }
    Ok(())
}
