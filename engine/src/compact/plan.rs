//! Which blocks are merged next. Looks at spans alone.

use narthex_model::{Error, Result, TimeRange};

use crate::limits::BACKFILL_WINDOWS_MAX;

/// Blocks grow to windows of these many times the shortest block: with 2 h to a day, then to eight days.
const GROWTH: [i64; 3] = [1, 12, 96];

/// So many blocks in one window are merged however small they are.
const MANY: usize = 8;

/// Fewer are merged if the smaller ones together have at least one over this of the samples of the largest.
const SMALL_SHARE: u64 = 4;

/// What is known of a block. Candidates come by rank: of two with the same sample, the later one has the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The window it was cut for, or merged for.
    pub(super) span: TimeRange,
    pub(super) samples: u64,
}

/// A window of time and the blocks, by position, that become one block for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) span: TimeRange,
    pub(super) blocks: Vec<usize>,
}

/// The first merge that is worth while: at least two blocks in one window of the smallest size, of a window into which
/// no samples are being written (`busy` tells). Windows lie at multiples of their length.
pub(super) fn pick(
    blocks: &[Candidate],
    block_duration_ms: i64,
    busy: impl Fn(TimeRange) -> bool,
) -> Option<Merge> {
    GROWTH.iter().find_map(|times| {
        let length = block_duration_ms.checked_mul(*times)?;
        let worth = |m: &Merge| pays(blocks, m) && keeps_ranks(blocks, m) && !busy(m.span);
        merges(blocks, length).into_iter().find(worth)
    })
}

/// Windows to cut old samples into: the first begins at or before the start of `range`, and so on to its end. They are
/// the longest that compaction makes from blocks of `block_duration_ms`, but shorter at the end, where samples may still
/// come.
///
/// # Errors
/// `Invalid` if there would be more windows than an import can mean.
pub fn backfill_windows(range: TimeRange, block_duration_ms: i64) -> Result<Vec<TimeRange>> {
    let windows = try_windows(range, block_duration_ms);
    windows.ok_or_else(|| {
        let TimeRange { start, end } = range;
        Error::invalid(format!(
            "the span from {start} to {end} ms is too long to be meant"
        ))
    })
}

/// `None` if there are too many, or one lies beyond the end of time.
fn try_windows(range: TimeRange, block_duration_ms: i64) -> Option<Vec<TimeRange>> {
    let [_, day, long] = GROWTH.map(|times| block_duration_ms.saturating_mul(times));
    let newest = range.end.checked_sub(1)?;
    let last_long = newest.div_euclid(long).checked_mul(long)?;
    let mut windows = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let length = if start < last_long { long } else { day };
        let window = start.div_euclid(length).checked_mul(length)?;
        let window = TimeRange::new(window, window.checked_add(length)?);
        windows.push(window);
        if windows.len() > BACKFILL_WINDOWS_MAX {
            return None;
        }
        start = window.end;
    }
    Some(windows)
}

/// Whether there is enough to merge: not a large block written anew for every few late samples.
fn pays(blocks: &[Candidate], merge: &Merge) -> bool {
    let samples = || {
        merge
            .blocks
            .iter()
            .filter_map(|at| blocks.get(*at))
            .map(|b| b.samples)
    };
    let (largest, all) = (samples().max().unwrap_or(0), samples().sum::<u64>());
    merge.blocks.len() >= MANY
        || (merge.blocks.len() > 1 && (all - largest) * SMALL_SHARE >= largest)
}

/// Whether no other block with samples of the same time ranks between those that are merged.
fn keeps_ranks(blocks: &[Candidate], merge: &Merge) -> bool {
    let (Some(first), Some(last)) = (merge.blocks.first(), merge.blocks.last()) else {
        return true;
    };
    let between = blocks.iter().enumerate().take(*last).skip(*first);
    let mut others = between.filter(|(at, _)| !merge.blocks.contains(at));
    !others.any(|(_, other)| other.span.overlaps(&merge.span))
}

/// Blocks by window of `length`; a block that is longer belongs to none.
fn merges(blocks: &[Candidate], length: i64) -> Vec<Merge> {
    let mut out: Vec<Merge> = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let start = block.span.start.div_euclid(length).saturating_mul(length);
        let span = TimeRange::new(start, start.saturating_add(length));
        if block.span.end > span.end {
            continue;
        }
        match out.iter_mut().find(|m| m.span == span) {
            Some(merge) => merge.blocks.push(at),
            None => out.push(Merge {
                span,
                blocks: vec![at],
            }),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(spans: &[(i64, i64)]) -> Vec<Candidate> {
        spans
            .iter()
            .map(|(a, b)| Candidate {
                span: TimeRange::new(*a, *b),
                samples: 1,
            })
            .collect()
    }

    fn picked(spans: &[(i64, i64)], busy_from: i64) -> Option<(i64, i64, Vec<usize>)> {
        pick(&blocks(spans), 10, |w| w.end > busy_from)
            .map(|m| (m.span.start, m.span.end, m.blocks))
    }

    #[test]
    fn smallest_windows_first() {
        assert_eq!(picked(&[(0, 10)], 1000), None);
        assert_eq!(
            picked(&[(0, 10), (10, 20), (10, 20)], 1000),
            Some((10, 20, vec![1, 2]))
        );
        assert_eq!(
            picked(&[(0, 10), (10, 20), (110, 120), (120, 130)], 1000),
            Some((0, 120, vec![0, 1, 2]))
        );
        assert_eq!(
            picked(&[(0, 120), (120, 240)], 1000),
            Some((0, 960, vec![0, 1]))
        );
        assert_eq!(picked(&[(0, 960), (960, 1920)], 5000), None);
        assert_eq!(
            picked(&[(-10, 0), (-20, -10)], 1000),
            Some((-120, 0, vec![0, 1]))
        );
    }

    #[test]
    fn old_samples_are_cut_into_long_windows() {
        let windows = |start, end| {
            let windows = backfill_windows(TimeRange::new(start, end), 10).expect("few");
            windows.iter().map(|w| (w.start, w.end)).collect::<Vec<_>>()
        };
        assert_eq!(windows(5, 5), []);
        assert_eq!(windows(5, 121), [(0, 120), (120, 240)]);
        assert_eq!(
            windows(-1, 1930),
            [(-960, 0), (0, 960), (960, 1920), (1920, 2040)]
        );
        assert!(backfill_windows(TimeRange::ALL, 10).is_err());
        assert!(backfill_windows(TimeRange::new(0, i64::MAX / 2), 10).is_err());
    }

    #[test]
    fn busy_windows_wait() {
        assert_eq!(picked(&[(0, 10), (10, 20)], 60), None);
        assert_eq!(
            picked(&[(0, 10), (0, 10), (10, 20)], 60),
            Some((0, 10, vec![0, 1]))
        );
    }

    #[test]
    fn a_block_between_two_keeps_them_apart() {
        assert_eq!(
            picked(&[(0, 10), (0, 30), (0, 10)], 1000),
            Some((0, 120, vec![0, 1, 2]))
        );
        assert_eq!(picked(&[(0, 10), (0, 2000), (0, 10)], 1000), None);
    }

    #[test]
    fn a_large_block_is_not_written_anew_for_a_few_samples() {
        let block = |samples| Candidate {
            span: TimeRange::new(0, 10),
            samples,
        };
        let few = [block(1000), block(100)];
        assert_eq!(pick(&few, 10, |_| false), None);
        assert!(pick(&[block(1000), block(100), block(200)], 10, |_| false).is_some());
        assert!(pick(&[few.as_slice(), &[block(1); 6]].concat(), 10, |_| false).is_some());
    }

    #[test]
    fn merging_comes_to_an_end() {
        let mut spans: Vec<(i64, i64)> = (0..200)
            .map(|i| (i * 10 % 700, i * 10 % 700 + 10))
            .collect();
        for _ in 0..spans.len() {
            let Some((start, end, merged)) = picked(&spans, 100_000) else {
                break;
            };
            spans = spans
                .iter()
                .enumerate()
                .filter(|(i, _)| !merged.contains(i))
                .map(|(_, s)| *s)
                .collect();
            spans.push((start, end));
        }
        assert_eq!(spans, vec![(0, 960)]);
    }
}
