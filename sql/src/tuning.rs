//! How the rows of a plan are cut into pieces: no answer depends on it, only speed and memory.

/// Sizes that the plan of a PromQL query is made for. Tests vary them.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// At most so many rows per batch; fewer where rows are long.
    pub batch_rows_max: usize,
    /// One more partition for each so many samples.
    pub samples_per_partition: u64,
    /// The smaller side of a join is shared with all partitions up to so many bytes.
    pub broadcast_bytes: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            batch_rows_max: 8192,
            // With fewer, one more partition costs more than it brings.
            samples_per_partition: 1 << 17,
            broadcast_bytes: 1 << 20,
        }
    }
}

impl Tuning {
    /// A batch of step vectors should have about so many bytes.
    const BATCH_BYTES: usize = 4 << 20;
    /// Even if rows are long, a batch should have some …
    const BATCH_ROWS_MIN: usize = 64;
    /// … up to so many bytes.
    const BATCH_BYTES_MAX: usize = 64 << 20;
    /// A step: a float and its part of the validity bitmap, rounded up.
    const STEP_BYTES: usize = 9;

    /// Rows per batch of vectors of `steps` steps.
    pub(crate) fn batch_rows(&self, steps: usize) -> usize {
        let row = Self::row_bytes(steps);
        let rows_min = (Self::BATCH_BYTES_MAX / row).min(Self::BATCH_ROWS_MIN);
        let rows = (Self::BATCH_BYTES / row).max(rows_min);
        rows.min(self.batch_rows_max).max(1)
    }

    /// Partitions for so many samples, at most `partitions_max`.
    pub(crate) fn partitions(&self, samples: u64, partitions_max: usize) -> usize {
        let useful = samples / self.samples_per_partition.max(1);
        let useful = usize::try_from(useful).unwrap_or(usize::MAX);
        useful.clamp(1, partitions_max.max(1))
    }

    /// Rows up to which a side of a join is shared.
    pub(crate) fn broadcast_rows(&self, steps: usize) -> usize {
        match self.broadcast_bytes {
            0 => 0,
            bytes => (bytes / Self::row_bytes(steps)).max(1),
        }
    }

    fn row_bytes(steps: usize) -> usize {
        steps.max(1).saturating_mul(Self::STEP_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rows_come_in_small_batches() {
        let tuning = Tuning::default();
        let sizes = [1, 100, 11_000, 1_000_000, usize::MAX].map(|steps| tuning.batch_rows(steps));
        assert_eq!(sizes, [8192, 4660, 64, 7, 1]);
        let one = Tuning {
            batch_rows_max: 1,
            ..tuning
        };
        assert_eq!(one.batch_rows(100), 1);
        assert_eq!(
            (tuning.partitions(0, 8), tuning.partitions(u64::MAX, 8)),
            (1, 8)
        );
        assert_eq!(
            (tuning.broadcast_rows(1), tuning.broadcast_rows(usize::MAX)),
            (116_508, 1)
        );
    }
}
