//! The native histograms of one series in one window.
//!
//! Invariant: only histograms whose buckets are as many as their spans hold are pushed, so every record can be read back.

use std::sync::Arc;

use narthex_model::{HistogramRef, TimeRange};

use super::histogram_codec::{Decoder, Encoder};
use super::window::offsets_in;
use crate::histograms::HistogramRows;

/// Bytes after which the tail is sealed into a part that is never touched again. While a snapshot lives, the first write
/// to a series copies its tail, never its parts.
const PART_BYTES: usize = 4096;

/// Histograms in the order they were written. A timestamp may stand more than once: then the last one counts.
#[derive(Debug, Clone, Default)]
pub(super) struct HistogramChunk {
    parts: Vec<Arc<[u8]>>,
    tail: Vec<u8>,
    encoder: Encoder,
    records: u32,
    min_ms: u32,
    max_ms: u32,
    /// Whether the records do not stand in strictly increasing order of time, or one is a removal.
    unsorted: bool,
}

impl HistogramChunk {
    /// Number of records, repeated timestamps included.
    pub(super) fn len(&self) -> u32 {
        self.records
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        let parts: usize = self.parts.iter().map(|part| 16 + part.len()).sum();
        parts + self.parts.capacity() * 16 + self.tail.capacity()
    }

    /// Offsets of the oldest and of the newest histogram.
    pub(super) fn bounds(&self) -> (u32, u32) {
        (self.min_ms, self.max_ms)
    }

    /// Adds a histogram.
    pub(super) fn push(&mut self, offset_ms: u32, start: i64, histogram: &HistogramRef<'_>) {
        self.begin_record(offset_ms);
        self.encoder
            .push(offset_ms, start, histogram, &mut self.tail);
    }

    /// A histogram at this offset, if there is one, counts no more.
    pub(super) fn remove(&mut self, offset_ms: u32) {
        if self.records > 0 && (self.min_ms..=self.max_ms).contains(&offset_ms) {
            self.begin_record(offset_ms);
            Encoder::push_removal(offset_ms, &mut self.tail);
        }
    }

    fn begin_record(&mut self, offset_ms: u32) {
        if self.records == 0 {
            (self.min_ms, self.max_ms) = (offset_ms, offset_ms);
        } else if offset_ms > self.max_ms {
            self.max_ms = offset_ms;
        } else {
            self.unsorted = true;
            self.min_ms = self.min_ms.min(offset_ms);
        }
        self.records += 1;
        if self.tail.len() >= PART_BYTES {
            self.parts.push(self.tail.as_slice().into());
            self.tail.clear();
            self.encoder.restart();
        }
    }

    /// Appends the histograms whose time lies in `range`, strictly increasing in time. `start` is that of the window.
    pub(super) fn read(&self, start: i64, range: TimeRange, out: &mut HistogramRows) {
        let Some((first_ms, last_ms)) = offsets_in(start, range) else {
            return;
        };
        let wanted = first_ms..=last_ms;
        if !self.unsorted {
            return self.visit(|offset, started, histogram| {
                if let Some(histogram) = histogram.filter(|_| wanted.contains(&offset)) {
                    out.push(start + i64::from(offset), started, &histogram);
                }
            });
        }
        let mut rows = HistogramRows::default();
        // Offset, and where in `rows`; a removal lies nowhere.
        let mut order = Vec::new();
        self.visit(|offset, started, histogram| {
            if wanted.contains(&offset) {
                order.push((offset, histogram.map(|_| rows.len())));
                if let Some(histogram) = histogram {
                    rows.push(start + i64::from(offset), started, &histogram);
                }
            }
        });
        // Stable: of equal times the one written last comes last.
        order.sort_by_key(|(offset, _)| *offset);
        for same in order.chunk_by(|a, b| a.0 == b.0) {
            let row = same.last().and_then(|(_, row)| rows.get((*row)?));
            if let Some((t, started, histogram)) = row {
                out.push(t, started, &histogram);
            }
        }
    }

    fn visit(&self, mut visit: impl FnMut(u32, i64, Option<HistogramRef<'_>>)) {
        let parts = self.parts.iter().map(AsRef::as_ref);
        for bytes in parts.chain([self.tail.as_slice()]) {
            let mut decoder = Decoder::new(bytes);
            while let Some(record) = decoder.next() {
                let histogram = record.histogram.map(|h| h.as_ref());
                visit(record.offset_ms, record.start, histogram);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::histograms::histogram;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn reads_as_a_map_would(
            steps in prop::collection::vec((0_u32..400, prop::option::weighted(0.8, histogram()), 0..3_i64), 0..150),
            sort in any::<bool>(),
            (from, to) in (-10_i64..420, -10_i64..420),
        ) {
            let mut steps = steps;
            if sort {
                steps.sort_by_key(|s| s.0);
            }
            let (mut chunk, mut model) = (HistogramChunk::default(), BTreeMap::new());
            for (offset, histogram, start) in steps {
                match histogram {
                    Some(histogram) => {
                        chunk.push(offset, start, &histogram.as_ref());
                        model.insert(i64::from(offset) + 1000, (start, histogram));
                    }
                    None => {
                        chunk.remove(offset);
                        model.remove(&(i64::from(offset) + 1000));
                    }
                }
            }
            let range = TimeRange::new(1000 + from, 1000 + to);
            let mut rows = HistogramRows::default();
            chunk.read(1000, range, &mut rows);
            model.retain(|t, _| range.contains(*t));
            prop_assert_eq!(rows.len(), model.len());
            for (i, (t, (start, histogram))) in model.iter().enumerate() {
                let row = rows.get(i).expect("there");
                prop_assert_eq!((row.0, row.1), (*t, *start));
                prop_assert!(row.2.same_bits(&histogram.as_ref()));
            }
        }
    }
}
