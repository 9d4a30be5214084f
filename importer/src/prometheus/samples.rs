//! The samples of one series, gathered from chunks of one block or several.

use narthex_engine::HistogramRows;
use narthex_formats::tsdb::{self, Chunk};
use narthex_model::{Histogram, ResetHint, Result, TimeRange, TimestampMs};

/// Samples of a series, and working memory.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) timestamps: Vec<TimestampMs>,
    pub(super) values: Vec<f64>,
    /// Filled by [`Samples::sort`].
    pub(super) histograms: HistogramRows,
    gathered: Vec<(TimestampMs, Histogram)>,
    chunk_timestamps: Vec<TimestampMs>,
    chunk_values: Vec<f64>,
    chunk_histograms: Vec<(TimestampMs, Histogram)>,
}

impl Samples {
    /// Forgets the samples.
    pub(super) fn clear(&mut self) {
        self.timestamps.clear();
        self.values.clear();
        self.gathered.clear();
        self.histograms = HistogramRows::default();
    }

    /// How many there are, once they are sorted.
    pub(super) fn len(&self) -> usize {
        self.timestamps.len() + self.histograms.len()
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

    /// Appends the samples of a chunk of native histograms that lie in `range` and were not `deleted`.
    pub(super) fn push_histograms(
        &mut self,
        chunk: Chunk<'_>,
        range: TimeRange,
        deleted: &[TimeRange],
    ) -> Result<()> {
        self.chunk_histograms.clear();
        tsdb::decode_histograms(chunk.encoding, chunk.data, &mut self.chunk_histograms)?;
        let mut follows = true;
        for (t, mut histogram) in self.chunk_histograms.drain(..) {
            if !range.contains(t) || deleted.iter().any(|d| d.contains(t)) {
                follows = false;
                continue;
            }
            // A hint speaks of the sample before it, which must be there.
            if !follows {
                forget_hint(&mut histogram);
            }
            follows = true;
            self.gathered.push((t, histogram));
        }
        Ok(())
    }

    /// Puts the samples in order of time, each time once: of several samples the one that was appended last, and a float
    /// rather than a histogram.
    pub(super) fn sort(&mut self) {
        self.sort_floats();
        self.sort_histograms();
    }

    fn sort_floats(&mut self) {
        if self.timestamps.is_sorted_by(|a, b| a < b) {
            return;
        }
        let samples = self.timestamps.iter().copied();
        let mut samples: Vec<_> = samples.zip(self.values.iter().copied()).collect();
        // Stable: of equal times the later one comes last.
        samples.sort_by_key(|s| s.0);
        samples.reverse();
        samples.dedup_by_key(|s| s.0);
        self.timestamps.clear();
        self.values.clear();
        for (t, value) in samples.into_iter().rev() {
            self.timestamps.push(t);
            self.values.push(value);
        }
    }

    fn sort_histograms(&mut self) {
        if !self.gathered.is_sorted_by(|a, b| a.0 < b.0) {
            // Chunks overlap: what came before a sample is another one now.
            self.gathered.iter_mut().for_each(|(_, h)| forget_hint(h));
            self.gathered.sort_by_key(|s| s.0);
            self.gathered.reverse();
            self.gathered.dedup_by_key(|s| s.0);
            self.gathered.reverse();
        }
        for (t, histogram) in &self.gathered {
            if self.timestamps.binary_search(t).is_err() {
                self.histograms.push(*t, 0, &histogram.as_ref());
            }
        }
    }
}

fn forget_hint(histogram: &mut Histogram) {
    if histogram.reset_hint != ResetHint::Gauge {
        histogram.reset_hint = ResetHint::Unknown;
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

    #[test]
    fn hints_of_overlapping_chunks_are_forgotten() {
        let histogram = |t, count| {
            let reset_hint = ResetHint::NotReset;
            (
                t,
                Histogram {
                    count,
                    reset_hint,
                    ..Histogram::default()
                },
            )
        };
        let mut samples = Samples {
            timestamps: vec![4],
            values: vec![1.0],
            gathered: vec![
                histogram(1, 1.0),
                histogram(3, 2.0),
                histogram(3, 3.0),
                histogram(2, 4.0),
                histogram(4, 5.0),
            ],
            ..Samples::default()
        };
        samples.sort();
        assert_eq!(samples.histograms.timestamps, [1, 2, 3]);
        let found: Vec<_> = samples.histograms.histograms.iter().collect();
        assert!(found.iter().all(|h| h.reset_hint == ResetHint::Unknown));
        assert_eq!(
            found.iter().map(|h| h.count).collect::<Vec<_>>(),
            [1.0, 4.0, 3.0]
        );
    }
}
