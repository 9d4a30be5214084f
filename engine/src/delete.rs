//! Deleting: what is asked for, what is answered, and the count of what goes.

use std::sync::{Arc, mpsc};

use narthex_model::{Error, Matcher, Result, TimeRange, TimestampMs};

use crate::commit::Work;
use crate::histograms::HistogramColumns;
use crate::selection::{SampleColumns, Selection};
use crate::series_table::SeriesTable;
use crate::shared::Shared;
use crate::state::State;
use crate::stitch::series_at_once;
use crate::stored_block::StoredBlock;
use crate::tombstone::any_accepts;

/// What a delete removed, or would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteReceipt {
    /// Series that lost samples.
    pub series: u64,
    /// Samples that are no longer answered.
    pub samples: u64,
    /// Times of the oldest and the newest of them, both included, in milliseconds since the epoch.
    pub time: Option<(TimestampMs, TimestampMs)>,
    /// Blocks that hold some of them and are to be rewritten.
    pub blocks: u64,
}

/// A delete on its way to the WAL thread.
pub(crate) struct DeleteRequest {
    pub(crate) matcher_sets: Vec<Vec<Matcher>>,
    pub(crate) range: TimeRange,
    /// Told what was stored before, once the tombstone is on disk and in force.
    pub(crate) done: mpsc::SyncSender<Result<Arc<State>>>,
}

/// Deletes, and counts what was there.
pub(crate) fn delete(
    shared: &Shared,
    matcher_sets: &[Vec<Matcher>],
    range: TimeRange,
) -> Result<DeleteReceipt> {
    check(matcher_sets)?;
    let request = |done| {
        Work::Delete(DeleteRequest {
            matcher_sets: matcher_sets.to_vec(),
            range,
            done,
        })
    };
    let before = shared.ask(request)??;
    let counted = count(shared, &before, matcher_sets, range);
    counted.map_err(|e| e.context("the delete is in force, but what it removed cannot be counted"))
}

/// What a delete would remove now.
pub(crate) fn preview(
    shared: &Shared,
    matcher_sets: &[Vec<Matcher>],
    range: TimeRange,
) -> Result<DeleteReceipt> {
    check(matcher_sets)?;
    count(shared, &shared.snapshot(), matcher_sets, range)
}

/// A forgotten selector must not delete everything.
fn check(matcher_sets: &[Vec<Matcher>]) -> Result<()> {
    let says_something = |set: &Vec<Matcher>| set.iter().any(|m| !m.accepts_empty());
    if !matcher_sets.is_empty() && matcher_sets.iter().all(says_something) {
        return Ok(());
    }
    Err(Error::invalid(
        "a delete needs selectors, each with a matcher that does not accept the empty value",
    ))
}

/// Ordinals of the series that all matchers of one of the sets accept.
pub(crate) fn matched(series: &SeriesTable, matcher_sets: &[Vec<Matcher>]) -> Vec<u32> {
    let mut ordinals = Vec::new();
    for set in matcher_sets {
        series.for_each(set, |series| ordinals.push(series.ordinal));
    }
    ordinals.sort_unstable();
    ordinals.dedup();
    ordinals
}

fn count(
    shared: &Shared,
    state: &Arc<State>,
    matcher_sets: &[Vec<Matcher>],
    range: TimeRange,
) -> Result<DeleteReceipt> {
    let now = (shared.options.now)();
    let (range, state, hiding) = state.kept(range, now);
    // One set can use the index.
    let matchers = match matcher_sets {
        [one] => one.as_slice(),
        _ => &[],
    };
    let series = shared.series.select(matchers, |series| {
        let (ordinal, labels) = (series.ordinal, series.labels());
        let is_shown =
            any_accepts(matcher_sets, labels) && state.may_show(ordinal, range, &hiding.of(labels));
        is_shown.then(|| state.count_max(ordinal, range))
    });
    let hidden = hiding.of_all((0..series.len()).map(|at| series.labels(at)));
    let concerned = |b: &&Arc<_>| has_any(b, &series.ordinals, range);
    let mut receipt = DeleteReceipt {
        blocks: state.blocks.iter().filter(concerned).count() as u64,
        ..DeleteReceipt::default()
    };
    let selection = Selection::new(state, range, series, hidden);
    let mut from = 0;
    while from < selection.len() {
        let samples = (from..selection.len()).map(|at| selection.cost(at));
        let to = from + series_at_once(samples);
        receipt.add(
            &selection.read(from..to)?,
            &selection.read_histograms(from..to)?,
        );
        from = to;
    }
    Ok(receipt)
}

fn has_any(block: &StoredBlock, ordinals: &[u32], range: TimeRange) -> bool {
    ordinals.iter().any(|o| block.may_have(*o, range))
}

impl DeleteReceipt {
    fn add(&mut self, floats: &SampleColumns, histograms: &HistogramColumns) {
        let loses = |at: &usize| !floats.rows(*at).is_empty() || !histograms.rows(*at).is_empty();
        self.series += (0..floats.offsets.len()).filter(loses).count() as u64;
        let times = || {
            floats
                .timestamps
                .iter()
                .chain(&histograms.samples.timestamps)
        };
        let times = || times().copied();
        self.samples += (floats.values.len() + histograms.samples.len()) as u64;
        if let Some((min, max)) = times().min().zip(times().max()) {
            let (first, last) = self.time.unwrap_or((min, max));
            self.time = Some((first.min(min), last.max(max)));
        }
    }
}
