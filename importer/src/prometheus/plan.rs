//! Which spans of time an import writes, and what each needs.

use narthex_engine::{ImportLog, backfill_windows};
use narthex_model::{Result, TimeRange};

use super::folder::FoundBlock;

/// What an import does, one span after the other.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// In order of time.
    pub steps: Vec<Step>,
}

/// A span of time that becomes one block.
#[derive(Debug, Clone)]
pub struct Step {
    /// The span.
    pub range: TimeRange,
    /// Blocks with samples in it, those that rank last at the end.
    pub blocks: Vec<FoundBlock>,
    /// Whether an earlier run has imported it.
    pub is_done: bool,
    /// About how many samples it has, as far as the blocks say.
    pub samples: u64,
}

impl Plan {
    /// What is to be done to import `blocks` into a store with blocks of `block_duration_ms`; `log` says what was done
    /// before.
    ///
    /// # Errors
    /// `Invalid` if the blocks span more time than can be meant.
    pub fn new(
        blocks: &[FoundBlock],
        block_duration_ms: i64,
        log: Option<&ImportLog<'_>>,
    ) -> Result<Self> {
        let ranges = blocks.iter().map(|b| b.meta.range);
        let Some(whole) = ranges.reduce(|a, b| a.union(&b)) else {
            return Ok(Self::default());
        };
        let windows = backfill_windows(whole, block_duration_ms)?;
        let steps = windows
            .into_iter()
            .filter_map(|window| step(window, blocks, log));
        Ok(Self {
            steps: steps.collect(),
        })
    }

    /// About how many samples there are, those that were imported before included.
    pub fn samples(&self) -> u64 {
        self.steps.iter().map(|s| s.samples).sum()
    }
}

fn step(range: TimeRange, blocks: &[FoundBlock], log: Option<&ImportLog<'_>>) -> Option<Step> {
    let overlapping = blocks.iter().filter(|b| b.meta.range.overlaps(&range));
    let mut blocks: Vec<_> = overlapping.cloned().collect();
    blocks.sort_by(|a, b| a.meta.ulid.cmp(&b.meta.ulid));
    if blocks.is_empty() {
        return None;
    }
    let is_done = |b: &FoundBlock| {
        let inside = b.meta.range.intersection(&range);
        log.is_some_and(|log| source_names(b).all(|name| log.covers(&name, inside)))
    };
    Some(Step {
        range,
        is_done: blocks.iter().all(is_done),
        samples: blocks.iter().map(|b| share(b, range)).sum(),
        blocks,
    })
}

/// What the log calls the blocks that `block` was made of: merging in Prometheus does not change the names.
pub(super) fn source_names(block: &FoundBlock) -> impl Iterator<Item = String> {
    let sources = block.meta.sources.iter();
    sources.map(|name| format!("prometheus/{name}"))
}

/// About how many samples of `block` lie in `range`.
fn share(block: &FoundBlock, range: TimeRange) -> u64 {
    let length = |r: TimeRange| r.end.saturating_sub(r.start).max(1) as f64;
    let inside = block.meta.range.intersection(&range);
    let part = length(inside) / length(block.meta.range);
    (block.meta.stats.num_samples as f64 * part) as u64
}
