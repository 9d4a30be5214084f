//! Puts the native histograms of series together from blocks and head.

use std::ops::Range;

use narthex_model::{Error, ErrorKind, Result};

use crate::block::DecodedHistograms;
use crate::head::Window;
use crate::histograms::{HistogramColumns, HistogramRows};
use crate::mixed::Mixed;
use crate::stitch::{Stitcher, ends, hidden_of, rows_at};
use crate::stored_block::StoredBlock;
use crate::tombstone::{spans, visible_rows};

/// The histograms of one block or window: those of the series at `positions[i]` lie at `ends[i - 1]..ends[i]`.
#[derive(Default)]
struct Source {
    rows: HistogramRows,
    positions: Vec<u32>,
    ends: Vec<usize>,
    /// How many of the positions are done.
    done: usize,
    /// Through which tombstone it is clean.
    clean_through: u64,
}

impl Stitcher<'_> {
    /// As [`Stitcher::read`], for native histograms.
    pub(crate) fn read_histograms(
        &self,
        report: impl Fn(&StoredBlock, &Error) -> bool,
    ) -> Result<HistogramColumns> {
        let mut sources = Vec::new();
        for block in &self.state.blocks {
            match self.read_block_histograms(block) {
                Err(e) if e.kind() == ErrorKind::Corrupt && report(block, &e) => {}
                source => sources.push(source?),
            }
        }
        let windows = self.state.head_ages();
        sources.extend(windows.map(|(window, clean_through)| Source {
            clean_through,
            ..self.read_window_histograms(window)
        }));
        sources.retain(|s| !s.rows.is_empty());
        let mut out = HistogramColumns::default();
        out.offsets.push(0);
        for (position, ordinal) in (0..).zip(self.ordinals) {
            self.append_histograms(position, *ordinal, &mut sources, &mut out.samples)?;
            let end = i32::try_from(out.samples.len());
            out.offsets.push(end.map_err(|_| {
                Error::limit("more than 2147483647 histograms are read at once: read fewer series")
            })?);
        }
        Ok(out)
    }

    fn append_histograms(
        &self,
        position: u32,
        ordinal: u32,
        sources: &mut [Source],
        out: &mut HistogramRows,
    ) -> Result<()> {
        let hidden = hidden_of(self.hidden, position);
        // Time, source, row.
        let mut rows = Vec::new();
        for (i, source) in sources.iter_mut().enumerate() {
            if let Some(piece) = source.take(position) {
                let times = source.rows.timestamps.get(piece.clone()).unwrap_or(&[]);
                let spans = spans(hidden, source.clean_through);
                for row in visible_rows(times, &spans).flatten() {
                    rows.extend(times.get(row).map(|t| (*t, i, piece.start + row)));
                }
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let lost = if self.state.count_max(ordinal, self.range) == 0 {
            Vec::new()
        } else {
            Mixed::new(self.state, self.range).lost_histograms(ordinal, hidden)?
        };
        rows.sort_unstable();
        for same in rows.chunk_by(|a, b| a.0 == b.0) {
            let Some((t, source, row)) = same.last() else {
                continue;
            };
            let row = sources.get(*source).and_then(|s| s.rows.get(*row));
            if let Some((_, start, histogram)) = row.filter(|_| lost.binary_search(t).is_err()) {
                out.push(*t, start, &histogram);
            }
        }
        Ok(())
    }

    fn read_block_histograms(&self, block: &StoredBlock) -> Result<Source> {
        let has_some = |ordinal| block.histograms_max(ordinal, self.range) > 0;
        let (positions, locals) = self.locals(block, has_some);
        if locals.is_empty() {
            return Ok(Source::default());
        }
        let mut decoded = DecodedHistograms::default();
        block.read_histograms(&locals, self.range, &mut decoded)?;
        Ok(Source {
            rows: decoded.rows,
            positions,
            ends: ends(decoded.counts),
            done: 0,
            clean_through: block.clean_through(),
        })
    }

    fn read_window_histograms(&self, window: &Window) -> Source {
        let mut source = Source::default();
        if window.extras().has_no_histograms() {
            return source;
        }
        for (position, ordinal) in (0..).zip(self.ordinals) {
            let before = source.rows.len();
            window.read_histograms(*ordinal, self.range, &mut source.rows);
            if source.rows.len() > before {
                source.positions.push(position);
                source.ends.push(source.rows.len());
            }
        }
        source
    }
}

impl Source {
    /// The rows of the series at `position`, asked for in increasing order.
    fn take(&mut self, position: u32) -> Option<Range<usize>> {
        let at = self.done;
        if self.positions.get(at) != Some(&position) {
            return None;
        }
        self.done += 1;
        rows_at(&self.ends, at)
    }
}
