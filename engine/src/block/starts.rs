//! Decodes since when floats count, for the series of which that is known.

use narthex_model::{Result, TimestampMs};
use parquet::errors::ParquetError;

use super::delta_decoder::DeltaDecoder;
use super::parquet_io;
use super::read::{Block, Piece, contradiction};
use super::samples_reader::Cursor;
use super::schema::SampleColumn;

impl Block {
    /// Whether floats of series `ordinal` say since when they count.
    pub fn has_starts(&self, ordinal: u32) -> bool {
        self.series.start_count(ordinal) > 0
    }

    /// Decodes the starts of `pieces`, whose rows are exact by now: one for each row, 0 where it is not known.
    pub(super) fn read_starts(
        &self,
        group: usize,
        pieces: &[Piece],
        out: &mut Vec<TimestampMs>,
    ) -> Result<()> {
        let known = |piece: &Piece| self.has_starts(piece.ordinal);
        let mut column = self.cursor_for(group, SampleColumn::Start, pieces, known)?;
        parquet_io::guarded(self.samples.path(), || {
            for piece in pieces {
                match column.as_mut().filter(|_| known(piece)) {
                    Some(column) => append(piece, column, out)?,
                    None => out.resize(out.len() + piece.len() as usize, 0),
                }
            }
            Ok(())
        })
    }
}

fn append(
    piece: &Piece,
    column: &mut Cursor<DeltaDecoder>,
    out: &mut Vec<TimestampMs>,
) -> Result<(), ParquetError> {
    let (mut starts, mut known) = (Vec::new(), Vec::new());
    column.read(piece.rows.clone(), Some(&mut known), &mut |some| {
        starts.extend_from_slice(some);
    })?;
    let mut starts = starts.into_iter();
    for known in known {
        let start = known.then(|| starts.next().ok_or_else(contradiction));
        out.push(start.transpose()?.unwrap_or(0));
    }
    Ok(())
}
