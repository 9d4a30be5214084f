//! The samples of one series in one window, 12 bytes each.

use std::sync::Arc;

use narthex_model::TimeRange;

/// Samples after which the tail of a chunk is sealed into a part that is never touched again. While a snapshot lives,
/// the first write to a series copies its tail, never its parts.
const PART_SAMPLES: usize = 128;

/// A sample: its offset in the window and the two halves of its value, so that there is no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackedSample {
    offset_ms: u32,
    value_low: u32,
    value_high: u32,
}

/// Samples in the order they were written. A timestamp may stand more than once: then the last one counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    parts: Vec<Arc<[PackedSample]>>,
    tail: Vec<PackedSample>,
    min_ms: u32,
    max_ms: u32,
    /// Whether the samples do not stand in strictly increasing order of time.
    unsorted: bool,
}

impl PackedSample {
    fn new(offset_ms: u32, value: f64) -> Self {
        let bits = value.to_bits();
        Self {
            offset_ms,
            value_low: bits as u32,
            value_high: (bits >> 32) as u32,
        }
    }

    fn bits(self) -> u64 {
        u64::from(self.value_high) << 32 | u64::from(self.value_low)
    }
}

impl Chunk {
    /// Number of samples, repeated timestamps included.
    pub(crate) fn len(&self) -> usize {
        self.parts.len() * PART_SAMPLES + self.tail.len()
    }

    /// Offsets of the oldest and of the newest sample.
    pub(crate) fn bounds(&self) -> (u32, u32) {
        (self.min_ms, self.max_ms)
    }

    /// Whether the very same sample was written already.
    pub(crate) fn contains(&self, offset_ms: u32, value: f64) -> bool {
        let newest = self
            .pieces()
            .flatten()
            .rev()
            .find(|s| s.offset_ms == offset_ms);
        newest.is_some_and(|s| s.bits() == value.to_bits())
    }

    /// Adds a sample. Returns whether it takes room: one that repeats the newest sample does not.
    pub(crate) fn push(&mut self, offset_ms: u32, value: f64) -> bool {
        let sample = PackedSample::new(offset_ms, value);
        if self.len() == 0 {
            (self.min_ms, self.max_ms) = (offset_ms, offset_ms);
        } else if offset_ms > self.max_ms {
            self.max_ms = offset_ms;
        } else if self.tail.last() == Some(&sample) {
            return false;
        } else {
            self.unsorted = true;
            self.min_ms = self.min_ms.min(offset_ms);
        }
        self.make_room();
        self.tail.push(sample);
        true
    }

    /// Seals a full tail; else grows it by a quarter.
    fn make_room(&mut self) {
        if self.tail.len() == PART_SAMPLES {
            self.parts.reserve_exact(1);
            self.parts.push(self.tail.as_slice().into());
            self.tail.clear();
        } else if self.tail.len() == self.tail.capacity() {
            let more = (self.tail.len() / 4)
                .max(4)
                .min(PART_SAMPLES - self.tail.len());
            self.tail.reserve_exact(more);
        }
    }

    /// At most this many samples lie between two offsets, both included.
    pub(crate) fn count_max(&self, first_ms: u32, last_ms: u32) -> usize {
        if self.unsorted || (first_ms <= self.min_ms && self.max_ms <= last_ms) {
            return if self.max_ms < first_ms || last_ms < self.min_ms {
                0
            } else {
                self.len()
            };
        }
        self.pieces()
            .map(|p| within(p, first_ms, last_ms).len())
            .sum()
    }

    /// Appends the samples whose time lies in `range`, strictly increasing in time. `start` is that of the window.
    pub(crate) fn read(
        &self,
        start: i64,
        range: TimeRange,
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) {
        let Some((first_ms, last_ms)) = offsets_in(start, range) else {
            return;
        };
        let mut push = |sample: &PackedSample| {
            timestamps.push(start + i64::from(sample.offset_ms));
            values.push(f64::from_bits(sample.bits()));
        };
        if self.unsorted {
            self.resolved(first_ms, last_ms).iter().for_each(push);
        } else {
            self.pieces()
                .for_each(|p| within(p, first_ms, last_ms).iter().for_each(&mut push));
        }
    }

    /// The samples between two offsets, sorted, the last written of each time.
    fn resolved(&self, first_ms: u32, last_ms: u32) -> Vec<PackedSample> {
        let inside = |s: &&PackedSample| (first_ms..=last_ms).contains(&s.offset_ms);
        let mut samples: Vec<_> = self.pieces().flatten().filter(inside).copied().collect();
        samples.sort_by_key(|s| s.offset_ms);
        samples.dedup_by(|later, earlier| {
            let same = later.offset_ms == earlier.offset_ms;
            if same {
                *earlier = *later;
            }
            same
        });
        samples
    }

    fn pieces(&self) -> impl DoubleEndedIterator<Item = &[PackedSample]> {
        self.parts
            .iter()
            .map(AsRef::as_ref)
            .chain(std::iter::once(self.tail.as_slice()))
    }
}

/// The samples of a sorted piece between two offsets, both included.
fn within(piece: &[PackedSample], first_ms: u32, last_ms: u32) -> &[PackedSample] {
    let start = piece.partition_point(|s| s.offset_ms < first_ms);
    let end = piece.partition_point(|s| s.offset_ms <= last_ms);
    piece.get(start..end).unwrap_or(&[])
}

/// The offsets in a window from `start` on that lie in `range`, both ends included; `None` if there are none.
pub(crate) fn offsets_in(start: i64, range: TimeRange) -> Option<(u32, u32)> {
    let first = range.start.saturating_sub(start).max(0);
    let last = range
        .end
        .saturating_sub(1)
        .saturating_sub(start)
        .min(i64::from(u32::MAX));
    if range.is_empty() || first > last {
        return None;
    }
    Some((u32::try_from(first).ok()?, u32::try_from(last).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn reads_as_a_map_would(
            samples in prop::collection::vec((0_u32..400, 0_u8..3), 0..400),
            sort in any::<bool>(),
            (from, to) in (-10_i64..420, -10_i64..420),
        ) {
            let mut samples = samples;
            if sort {
                samples.sort();
            }
            let (mut chunk, mut model) = (Chunk::default(), BTreeMap::new());
            for (offset, value) in samples {
                chunk.push(offset, f64::from(value));
                model.insert(i64::from(offset) + 1000, f64::from(value));
                prop_assert!(chunk.contains(offset, f64::from(value)));
            }
            let range = TimeRange::new(1000 + from, 1000 + to);
            let (mut timestamps, mut values) = (Vec::new(), Vec::new());
            chunk.read(1000, range, &mut timestamps, &mut values);
            let want: Vec<_> = model.into_iter().filter(|(t, _)| range.contains(*t)).collect();
            prop_assert_eq!(timestamps.into_iter().zip(values).collect::<Vec<_>>(), want.clone());
            let max = offsets_in(1000, range).map_or(0, |(first, last)| chunk.count_max(first, last));
            prop_assert!(want.len() <= max);
        }
    }
}
