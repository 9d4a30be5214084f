//! Series with floats and native histograms: of two samples with the same time the later one counts, whatever its kind.
//!
//! Within a block or window this is settled already; here the samples of different ones are compared. It is rare, so it may
//! cost something.

use std::collections::BTreeMap;

use narthex_model::{Result, TimeRange};

use crate::SampleColumns;
use crate::block::{DecodedHistograms, DecodedSamples, Wanted};
use crate::histograms::HistogramRows;
use crate::state::State;
use crate::stitch::hidden_of;
use crate::tombstone::{Hidden, spans, visible_rows};

/// Settles which kind counts.
pub(crate) struct Mixed<'a> {
    state: &'a State,
    range: TimeRange,
}

/// By time, the position of the last source that has a sample then: blocks by rank, then windows.
type Newest = BTreeMap<i64, usize>;

impl<'a> Mixed<'a> {
    pub(crate) fn new(state: &'a State, range: TimeRange) -> Self {
        Self { state, range }
    }

    /// Times at which a float takes the place of a histogram of series `ordinal`.
    pub(crate) fn lost_histograms(&self, ordinal: u32, hidden: &[Hidden]) -> Result<Vec<i64>> {
        let (floats, histograms) = self.newest(ordinal, hidden)?;
        Ok(older(&histograms, &floats))
    }

    /// The columns without the floats that histograms take the place of; `hidden` is what is hidden, by position.
    pub(crate) fn settle(
        &self,
        ordinals: &[u32],
        hidden: &[Vec<Hidden>],
        columns: SampleColumns,
    ) -> Result<SampleColumns> {
        let mut lost = Vec::new();
        for (position, ordinal) in ordinals.iter().enumerate() {
            let has_floats = !columns.rows(position).is_empty();
            if has_floats && self.state.histograms_max(*ordinal, self.range) > 0 {
                let hidden = hidden_of(hidden, position as u32);
                let (floats, histograms) = self.newest(*ordinal, hidden)?;
                let times = older(&floats, &histograms);
                lost.extend(times.into_iter().map(|t| (position, t)));
            }
        }
        if lost.is_empty() {
            return Ok(columns);
        }
        let mut kept = SampleColumns::default();
        kept.offsets.push(0);
        for position in 0..ordinals.len() {
            kept.times_at.push(kept.timestamps.len() as i32);
            for (at, (t, value)) in columns.rows(position).zip(columns.samples(position)) {
                if lost.binary_search(&(position, t)).is_err() {
                    kept.timestamps.push(t);
                    kept.values.push(value);
                    kept.starts.extend(columns.starts.get(at));
                }
            }
            kept.offsets.push(kept.values.len() as i32);
        }
        Ok(kept)
    }

    fn newest(&self, ordinal: u32, hidden: &[Hidden]) -> Result<(Newest, Newest)> {
        let (mut floats, mut histograms) = (Newest::new(), Newest::new());
        let note = |newest: &mut Newest, times: &[i64], source: usize, clean_through: u64| {
            let spans = spans(hidden, clean_through);
            let visible = visible_rows(times, &spans).filter_map(|rows| times.get(rows));
            newest.extend(visible.flatten().map(|t| (*t, source)));
        };
        for (source, block) in self.state.blocks.iter().enumerate() {
            let Some(local) = block.local(ordinal) else {
                continue;
            };
            let mut decoded = DecodedSamples::default();
            block.read(&[local], self.range, Wanted::FLOATS, &mut decoded)?;
            note(
                &mut floats,
                &decoded.timestamps,
                source,
                block.clean_through(),
            );
            if block.histograms_max(ordinal, self.range) > 0 {
                let mut decoded = DecodedHistograms::default();
                block.read_histograms(&[local], self.range, &mut decoded)?;
                let times = &decoded.rows.timestamps;
                note(&mut histograms, times, source, block.clean_through());
            }
        }
        let windows = (self.state.blocks.len()..).zip(self.state.head_ages());
        for (source, (window, clean_through)) in windows {
            let (mut timestamps, mut values) = (Vec::new(), Vec::new());
            let mut reader = window.reader();
            reader.read(ordinal, self.range, &mut timestamps, &mut values);
            note(&mut floats, &timestamps, source, clean_through);
            let mut rows = HistogramRows::default();
            window.read_histograms(ordinal, self.range, &mut rows);
            note(&mut histograms, &rows.timestamps, source, clean_through);
        }
        Ok((floats, histograms))
    }
}

fn older(samples: &Newest, others: &Newest) -> Vec<i64> {
    let is_older = |(t, source): &(&i64, &usize)| others.get(t).is_some_and(|o| o > source);
    samples.iter().filter(is_older).map(|(t, _)| *t).collect()
}
