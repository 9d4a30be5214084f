//! What decoding some series will take, as far as the index tells: nothing is read.

use std::ops::Range;

use narthex_model::{Result, TimeRange};

use super::read::{Block, Piece, rows_of};
use super::schema::SampleColumn;

/// Which kinds of samples are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The times of floats, and which of these are stale markers.
    pub floats: bool,
    /// Their values, too.
    pub values: bool,
    /// Since when they count, too.
    pub starts: bool,
    /// Native histograms.
    pub histograms: bool,
}

/// Pages to be fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageCounts {
    pub(crate) pages: u64,
    pub(crate) bytes: u64,
}

impl Wanted {
    /// Floats with their times and values.
    pub const FLOATS: Self = Self {
        floats: true,
        values: true,
        starts: false,
        histograms: false,
    };

    /// The same, and since when floats count.
    pub const fn with_starts(self) -> Self {
        Self {
            starts: true,
            ..self
        }
    }
}

impl Block {
    /// The pages that [`Block::read`] and its like will fetch for the series `ordinals` (strictly increasing); their row groups
    /// are added to `groups`. Of native histograms only the bytes are known, and these about.
    pub(crate) fn estimate(
        &self,
        ordinals: &[u32],
        range: TimeRange,
        wanted: Wanted,
        groups: &mut Vec<usize>,
    ) -> Result<PageCounts> {
        let mut counts = PageCounts::default();
        if wanted.floats {
            let mut pieces = self.pieces(ordinals, range, true)?;
            pieces.retain(|p| p.len() > 0);
            let times = self.firsts_of(&pieces);
            self.count(
                &times,
                SampleColumn::Timestamp,
                |_| true,
                groups,
                &mut counts,
            )?;
            self.count(
                &pieces,
                SampleColumn::Mantissa,
                |p| p.has_mantissas() && (wanted.values || p.has_doubles()),
                groups,
                &mut counts,
            )?;
            self.count(
                &pieces,
                SampleColumn::Value,
                Piece::has_doubles,
                groups,
                &mut counts,
            )?;
            let starts = |p: &Piece| wanted.starts && self.has_starts(p.ordinal);
            self.count(&pieces, SampleColumn::Start, starts, groups, &mut counts)?;
        }
        if wanted.histograms {
            let spans = ordinals.iter().filter_map(|o| self.histogram_span(*o));
            let rows: u64 = spans.map(|s| u64::from(s.row_count)).sum();
            let file = self.histograms_file();
            counts.bytes += file.map_or(0, |f| f.bytes() / f.rows().max(1) * rows);
        }
        Ok(counts)
    }

    /// Adds the pages of `column` that hold rows of those of `pieces` that `has` accepts.
    fn count(
        &self,
        pieces: &[Piece],
        column: SampleColumn,
        has: impl Fn(&Piece) -> bool,
        groups: &mut Vec<usize>,
        counts: &mut PageCounts,
    ) -> Result<()> {
        let mut rest = pieces;
        while let Some(first) = rest.first() {
            let (group, in_group) = self.in_group(first, rest)?;
            let (now, later) = rest.split_at_checked(in_group).unwrap_or((rest, &[]));
            let rows: Vec<Range<u64>> = rows_of(now.iter().filter(|p| has(p))).collect();
            if !rows.is_empty() {
                let pages = self.samples.pages(group, column, rows.into_iter())?;
                counts.pages += pages.len() as u64;
                counts.bytes += pages
                    .iter()
                    .map(|p| p.bytes.end - p.bytes.start)
                    .sum::<u64>();
                groups.push(group);
            }
            rest = later;
        }
        Ok(())
    }
}
