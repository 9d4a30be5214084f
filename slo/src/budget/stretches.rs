//! Stretches of time that are good or not.

use narthex_model::TimeRange;

use super::sums::{floor, is_observed};
use crate::count::{Grid, Slices};
use crate::ledger::Prefix;
use crate::spec::{Absent, Budgeting, Missing, Objective};

/// How many stretches of time count, and how good they were in sum.
#[derive(Debug, Clone)]
pub(super) struct Stretches {
    grid: Grid,
    counted: Prefix,
    good: Prefix,
}

/// What the slices of a stretch add up to.
#[derive(Default)]
struct Stretch {
    kept: usize,
    observed: usize,
    bad: f64,
    total: f64,
}

impl Stretches {
    /// `None` with occurrences. `out` are the slices that are taken out: a stretch is judged by the others, and gone without them.
    pub(super) fn new(
        slices: &Slices,
        out: &[bool],
        objective: &Objective,
        missing: &Missing,
    ) -> Option<Self> {
        let (step, good_from) = match objective.budgeting {
            Budgeting::Occurrences => return None,
            Budgeting::Timeslices {
                slice_ms,
                good_from,
            } => (slice_ms, Some(good_from)),
            Budgeting::RatioTimeslices { slice_ms } => (slice_ms, None),
        };
        let step = floor(step, slices.grid.step).max(slices.grid.step);
        let grid = Grid::over(slices.grid.range(), step);
        let mut stretches: Vec<Stretch> = Vec::new();
        stretches.resize_with(grid.len, Stretch::default);
        for i in (0..slices.grid.len).filter(|i| !out[*i]) {
            let stretch = &mut stretches[grid.index(slices.grid.edge(i))];
            stretch.kept += 1;
            stretch.observed += usize::from(is_observed(slices, i));
            stretch.bad += slices.bad[i];
            stretch.total += slices.total[i];
        }
        let mut before = None;
        let judged = stretches.iter().map(|stretch| {
            let goodness = stretch.goodness(good_from, missing, before);
            before = goodness.or(before);
            goodness
        });
        let judged: Vec<Option<f64>> = judged.collect();
        Some(Self {
            grid,
            counted: Prefix::new(judged.iter().map(|g| f64::from(u8::from(g.is_some())))),
            good: Prefix::new(judged.iter().map(|g| g.unwrap_or(0.0))),
        })
    }

    /// How many count, and how good they were, added.
    pub(super) fn counts(&self, span: TimeRange) -> (f64, f64) {
        let (from, to) = (self.grid.index(span.start), self.grid.index(span.end));
        (self.counted.sum(from, to), self.good.sum(from, to))
    }
}

impl Stretch {
    /// How good it was, 0 to 1; `None`: it does not count. `before`: how good the last one was that counts.
    fn goodness(
        &self,
        good_from: Option<f64>,
        missing: &Missing,
        before: Option<f64>,
    ) -> Option<f64> {
        if self.total > 0.0 {
            let ratio = (1.0 - self.bad / self.total).clamp(0.0, 1.0);
            return Some(good_from.map_or(ratio, |from| f64::from(u8::from(ratio >= from))));
        }
        if self.kept == 0 {
            return None;
        }
        let is_observed = self.observed * 2 >= self.kept;
        let policy = if is_observed {
            missing.no_traffic
        } else {
            missing.no_data
        };
        match policy {
            Absent::Exclude => None,
            Absent::Good => Some(1.0),
            Absent::Bad => Some(0.0),
            Absent::Hold => before,
        }
    }
}
