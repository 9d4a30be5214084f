//! The samples of one series, gathered from chunks of one block or several.

use narthex_formats::tsdb::{self, Chunk};
use narthex_model::{Result, TimeRange, TimestampMs};

/// Samples of a series, and working memory.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) timestamps: Vec<TimestampMs>,
    pub(super) values: Vec<f64>,
    chunk_timestamps: Vec<TimestampMs>,
    chunk_values: Vec<f64>,
    /// Native histograms that were passed by.
    pub(super) histograms_left_out: u64,
}

impl Samples {
    /// Forgets the samples.
    pub(super) fn clear(&mut self) {
        self.timestamps.clear();
        self.values.clear();
    }

    /// Appends the samples of a chunk of floats that lie in `range` and were not `deleted`.
    pub(super) fn push_floats(
        &mut self,
        data: &[u8],
        range: TimeRange,
        deleted: &[TimeRange],
    ) -> Result<()> {
        self.chunk_timestamps.clear();
        self.chunk_values.clear();
        tsdb::decode_floats(data, &mut self.chunk_timestamps, &mut self.chunk_values)?;
        let samples = self.chunk_timestamps.iter().zip(&self.chunk_values);
        for (t, value) in samples {
            if range.contains(*t) && !deleted.iter().any(|d| d.contains(*t)) {
                self.timestamps.push(*t);
                self.values.push(*value);
            }
        }
        Ok(())
    }

    /// Counts the samples of a chunk of native histograms.
    pub(super) fn push_histograms(&mut self, chunk: Chunk<'_>) -> Result<()> {
        let mut samples = Vec::new();
        tsdb::decode_histograms(chunk.encoding, chunk.data, &mut samples)?;
        self.histograms_left_out += samples.len() as u64;
        Ok(())
    }

    /// Puts the samples in order of time, each time once: of several samples the one that was appended last.
    pub(super) fn sort(&mut self) {
        if self.timestamps.is_sorted_by(|a, b| a < b) {
            return;
        }
        let samples = self.timestamps.iter().copied();
        let mut samples: Vec<_> = samples.zip(self.values.iter().copied()).collect();
        // Stable: of equal times the later one comes last.
        samples.sort_by_key(|s| s.0);
        samples.reverse();
        samples.dedup_by_key(|s| s.0);
        self.clear();
        for (t, value) in samples.into_iter().rev() {
            self.timestamps.push(t);
            self.values.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_times_the_later_sample_stays() {
        let mut samples = Samples {
            timestamps: vec![3, 5, 7, 1, 5, 3],
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            ..Samples::default()
        };
        samples.sort();
        assert_eq!(samples.timestamps, [1, 3, 5, 7]);
        assert_eq!(samples.values, [4.0, 6.0, 5.0, 3.0]);
    }
}
