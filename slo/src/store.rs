//! What the ledger needs of a store of samples.

use std::ops::Range;

use narthex_model::{HistogramRef, Labels, LabelsRef, Matcher, Result, TimeRange, TimestampMs};

use crate::count::Grid;

/// A store of samples, as it was at one moment.
pub trait Store: Send + Sync {
    /// The series that all `matchers` accept and that may have samples in `range`, sorted by labels.
    ///
    /// # Errors
    /// Whatever the store says.
    fn select(&self, matchers: &[Matcher], range: TimeRange) -> Result<Box<dyn Chosen>>;

    /// The value of a PromQL expression at the end of each slice of `grid`, of each series that it gives; a stale
    /// marker where it has none, NaN where it has a value that is no number.
    ///
    /// # Errors
    /// Those of the expression.
    fn evaluate(&self, expr: &str, grid: Grid) -> Result<Vec<(Labels, Vec<f64>)>>;

    /// From the oldest to the newest sample; `None`: there is none.
    fn span(&self) -> Option<TimeRange>;

    /// What it is made of, if it is made of anything that can be told apart.
    fn origins(&self) -> Origins {
        Origins::default()
    }
}

/// What a store is made of at one moment: what changed while nobody took note is found by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins {
    /// Blocks, which never change.
    pub blocks: Vec<OriginBlock>,
    /// Deletes that may not be carried out in all blocks yet: their numbers, and the times they concern.
    pub deletes: Vec<(u64, TimeRange)>,
    /// The highest number that a delete ever had.
    pub newest_delete: u64,
    /// The times of samples that are in no block.
    pub head: Option<TimeRange>,
}

/// A block of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginBlock {
    /// Its name, which no other block has.
    pub name: String,
    /// The times of its samples.
    pub span: TimeRange,
    /// The blocks that it was merged from.
    pub parents: Vec<String>,
    /// Deletes up to this number are carried out in it.
    pub deletes_through: u64,
}

/// Series that were selected, by position.
pub trait Chosen: Send + Sync {
    /// How many.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels of one.
    ///
    /// # Panics
    /// If there is no such series.
    fn labels(&self, at: usize) -> LabelsRef<'_>;

    /// At most how many samples one has.
    fn cost(&self, at: usize) -> u64;

    /// The series at `positions`, in that order.
    fn only(&self, positions: &[u32]) -> Box<dyn Chosen>;

    /// Positions in an order that has series with the same times side by side, if reading them so is worthwhile.
    fn by_times(&self) -> Option<Vec<u32>>;

    /// The float samples in the range of the selection; may be called from many threads. `positions` are of series that are sorted by
    /// labels.
    ///
    /// # Errors
    /// Whatever the store says.
    fn read(&self, positions: Range<usize>) -> Result<Box<dyn Samples>>;

    /// Tells `each` of all native histograms of one series in the range of the selection, in order of time.
    ///
    /// # Errors
    /// Whatever the store says.
    fn read_histograms(
        &self,
        at: usize,
        each: &mut dyn FnMut(TimestampMs, &HistogramRef<'_>),
    ) -> Result<()>;
}

/// Samples that were read, by position in what was asked for.
pub trait Samples {
    /// Times, increasing, and as many values. Series with the same times may have them from the same place.
    fn series(&self, at: usize) -> (&[TimestampMs], &[f64]);
}
