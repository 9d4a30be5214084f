//! Since when the floats of a series count: nearly always the same as for the one before, so only changes are kept.

use std::collections::BTreeMap;

/// Start timestamps of one series in one window.
#[derive(Debug, Clone, Default)]
pub(super) struct Starts {
    /// From an offset on, until the next one; 0 if it is not known. Before the first it is not.
    changes: BTreeMap<u32, i64>,
}

impl Starts {
    /// About how many bytes of memory it takes beside itself.
    pub(super) fn heap_bytes(&self) -> usize {
        self.changes.len() * 2 * size_of::<(u32, i64)>()
    }

    /// The start of a sample at an offset.
    pub(super) fn at(&self, offset_ms: u32) -> i64 {
        let change = self.changes.range(..=offset_ms).next_back();
        change.map_or(0, |(_, start)| *start)
    }

    /// Sets the start of the sample at an offset. If it is not the newest of its series, those after it keep theirs.
    pub(super) fn set(&mut self, offset_ms: u32, start: i64, is_newest: bool) {
        let before = self.at(offset_ms);
        if before == start {
            return;
        }
        if !is_newest && let Some(next) = offset_ms.checked_add(1) {
            self.changes.entry(next).or_insert(before);
        }
        self.changes.insert(offset_ms, start);
    }

    /// Appends the start of each sample, given their increasing times; `window` is when the window begins.
    pub(super) fn read(&self, window: i64, timestamps: &[i64], out: &mut Vec<i64>) {
        let Some(first) = timestamps.first() else {
            return;
        };
        let offset = |t: &i64| u32::try_from(t.saturating_sub(window)).unwrap_or(u32::MAX);
        let mut start = self.at(offset(first));
        let later = offset(first).saturating_add(1);
        let mut changes = self.changes.range(later..).peekable();
        for t in timestamps {
            while let Some((_, next)) = changes.next_if(|(from, _)| **from <= offset(t)) {
                start = *next;
            }
            out.push(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_sample_keeps_its_own(samples in prop::collection::vec((0_u32..60, 0_i64..4), 0..80)) {
            let (mut starts, mut model) = (Starts::default(), BTreeMap::new());
            for (offset, start) in samples {
                let is_newest = model.keys().all(|o| *o < offset);
                starts.set(offset, start, is_newest);
                model.insert(offset, start);
            }
            let times: Vec<i64> = model.keys().map(|o| 500 + i64::from(*o)).collect();
            let mut read = Vec::new();
            starts.read(500, &times, &mut read);
            prop_assert_eq!(read, model.into_values().collect::<Vec<_>>());
        }
    }
}
