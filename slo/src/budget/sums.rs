//! Sums over any window of one group's slices, some of them taken out.

use narthex_model::TimeRange;

use super::stretches::Stretches;
use crate::count::{Grid, Slices};
use crate::ledger::{Prefix, Spans};
use crate::outcome::Counts;
use crate::spec::{Absent, Missing, Objective};

/// Sums over any window of one group's slices.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    grid: Grid,
    good: Prefix,
    total: Prefix,
    bad: Prefix,
    observed_ms: Prefix,
    /// How much something can be said of, where that is not what was observed.
    judged_ms: Option<Prefix>,
    bounds: Option<(Prefix, Prefix)>,
    /// How many slices were taken out.
    excluded: Prefix,
    /// How many were neither taken out nor observed.
    unobserved: Prefix,
    no_data: Absent,
    /// Stretches of time, where they are what counts.
    stretches: Option<Stretches>,
}

impl Sums {
    /// The sums of `slices` without those that `excluded` touches.
    pub(super) fn new(
        slices: &Slices,
        excluded: &Spans,
        objective: &Objective,
        missing: &Missing,
    ) -> Self {
        let grid = slices.grid;
        let out = is_out(&grid, excluded);
        let kept = |column: &[f64]| {
            Prefix::new(
                column
                    .iter()
                    .zip(&out)
                    .map(|(v, out)| if *out { 0.0 } else { *v }),
            )
        };
        let count = |of: &dyn Fn(usize) -> bool| {
            Prefix::new((0..grid.len).map(|i| f64::from(u8::from(of(i)))))
        };
        let bounds = slices.bounds.as_ref();
        Self {
            grid,
            good: kept(&slices.good),
            total: kept(&slices.total),
            bad: kept(&slices.bad),
            observed_ms: kept(&slices.observed_ms),
            judged_ms: None,
            bounds: bounds.map(|bounds| (kept(&bounds.low), kept(&bounds.high))),
            excluded: count(&|i| out[i]),
            unobserved: count(&|i| !out[i] && !is_observed(slices, i)),
            no_data: missing.no_data,
            stretches: Stretches::new(slices, &out, objective, missing),
        }
    }

    /// The same where something can be said of so much of each slice, though less of it may have been observed.
    pub(super) fn judging(mut self, judged_ms: &[f64]) -> Self {
        let is_kept = |i| self.excluded.sum(i, i + 1) == 0.0;
        let kept = judged_ms.iter().enumerate();
        let kept = kept.map(|(i, ms)| if is_kept(i) { *ms } else { 0.0 });
        self.judged_ms = Some(Prefix::new(kept));
        self
    }

    /// The slices that are added.
    pub(super) fn grid(&self) -> Grid {
        self.grid
    }

    /// What was counted in the slices of `span`.
    pub(super) fn counts(&self, span: TimeRange) -> Counts {
        let (from, to) = self.slices(span);
        let good = self.good.sum(from, to);
        let bounds = self.bounds.as_ref();
        let (good_low, good_high) = bounds.map_or((good, good), |(low, high)| {
            (low.sum(from, to), high.sum(from, to))
        });
        let (slices, good_slices) = self
            .stretches
            .as_ref()
            .map_or((0.0, 0.0), |s| s.counts(span));
        let counts = Counts {
            good,
            total: self.total.sum(from, to),
            bad: self.bad.sum(from, to),
            good_low,
            good_high,
            observed_ms: self.observed_ms.sum(from, to),
            slices,
            good_slices,
        };
        self.with_unobserved(counts, from, to)
    }

    /// What was bad in `span`, and of how much: events or stretches.
    pub(super) fn errors(&self, span: TimeRange) -> (f64, f64) {
        if let Some(stretches) = &self.stretches {
            let (all, good) = stretches.counts(span);
            return (all - good, all);
        }
        let (from, to) = self.slices(span);
        let (bad, total) = (self.bad.sum(from, to), self.total.sum(from, to));
        let more = self.presumed(from, to);
        let bad_too = if self.no_data == Absent::Bad {
            more
        } else {
            0.0
        };
        (bad + bad_too, total + more)
    }

    /// How much of `span` was observed and how much there was to observe, in milliseconds.
    pub(super) fn observed(&self, span: TimeRange) -> (f64, f64) {
        let (from, to) = self.slices(span);
        (self.observed_ms.sum(from, to), self.kept(span).0)
    }

    /// How much of `span` was not taken out and how much there is of it, in milliseconds.
    pub(super) fn kept(&self, span: TimeRange) -> (f64, f64) {
        let (from, to) = self.slices(span);
        let out = self.excluded.sum(from, to) * self.grid.step as f64;
        let length = floor(span.end, self.grid.step) - floor(span.start, self.grid.step);
        ((length as f64 - out).max(0.0), length as f64)
    }

    /// How much of `span` something can be said of and how much there is of it, in milliseconds: what was observed, and where absent data
    /// are good or bad, what was not as well, up to where slices end.
    pub(super) fn judged(&self, span: TimeRange) -> (f64, f64) {
        let (observed, all) = self.observed(span);
        let (from, to) = self.slices(span);
        let presumes = matches!(self.no_data, Absent::Good | Absent::Bad);
        if !presumes || (self.stretches.is_none() && self.usual(from, to).is_none()) {
            let judged = self.judged_ms.as_ref();
            return (judged.map_or(observed, |judged| judged.sum(from, to)), all);
        }
        let there = to.saturating_sub(from) as f64 - self.excluded.sum(from, to);
        (there * self.grid.step as f64, all)
    }

    fn slices(&self, span: TimeRange) -> (usize, usize) {
        (self.grid.index(span.start), self.grid.index(span.end))
    }

    /// Occurrences where absent data are good or bad: each slice that was not observed counts as many events as is usual.
    fn presumed(&self, from: usize, to: usize) -> f64 {
        if self.stretches.is_some() || !matches!(self.no_data, Absent::Good | Absent::Bad) {
            return 0.0;
        }
        let unobserved = self.unobserved.sum(from, to);
        if unobserved > 0.0 {
            self.usual(from, to).unwrap_or(0.0) * unobserved
        } else {
            0.0
        }
    }

    /// How many events an observed slice has: the mean of those from `from` on, before `to`; if they had none, as in an outage of all of
    /// that time, of all before `to`. `None`: nothing was observed until then.
    fn usual(&self, from: usize, to: usize) -> Option<f64> {
        let mean = |from: usize| {
            let out = self.unobserved.sum(from, to) + self.excluded.sum(from, to);
            let observed = to.saturating_sub(from) as f64 - out;
            (observed > 0.0).then(|| self.total.sum(from, to) / observed)
        };
        mean(from).filter(|mean| *mean > 0.0).or_else(|| mean(0))
    }

    fn with_unobserved(&self, mut counts: Counts, from: usize, to: usize) -> Counts {
        let more = self.presumed(from, to);
        counts.total += more;
        if self.no_data == Absent::Bad {
            counts.bad += more;
        } else {
            counts.good += more;
            counts.good_low += more;
            counts.good_high += more;
        }
        counts
    }
}

/// Whether more than half of a slice was observed, or events were seen in it.
pub(super) fn is_observed(slices: &Slices, i: usize) -> bool {
    slices.observed_ms[i] * 2.0 >= slices.grid.step as f64 || slices.total[i] > 0.0
}

/// Which slices an exclusion touches.
fn is_out(grid: &Grid, excluded: &Spans) -> Vec<bool> {
    let mut out = vec![false; grid.len];
    for span in excluded.iter().map(|span| span.intersection(&grid.range())) {
        if !span.is_empty() {
            out[grid.index(span.start)..=grid.index(span.end - 1)].fill(true);
        }
    }
    out
}

pub(super) fn floor(t: i64, step: i64) -> i64 {
    t.div_euclid(step) * step
}
