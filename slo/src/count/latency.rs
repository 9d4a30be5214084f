//! Events not slower than a threshold, by the buckets of classic histograms.

use super::counter;
use super::tally::{Tally, Unobserved, add};
use super::{Grid, Series};

/// Which buckets of a histogram tell how many events were not slower than a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BucketPlan {
    /// That of all events.
    pub(crate) total: usize,
    /// That of events surely not slower; `None`: the threshold is below all boundaries.
    pub(crate) lower: Option<usize>,
    /// That of events possibly not slower. The same as `lower` where the threshold is a boundary.
    pub(crate) upper: usize,
    /// The fraction of the events between the two that is taken for not slower, as if they were evenly spread.
    pub(crate) share: f64,
}

impl BucketPlan {
    /// The plan for buckets with these upper bounds, in any order; `None` if none of them is `+Inf`. Bounds are compared as numbers:
    /// `1` is `1.0`.
    pub(crate) fn new(bounds: &[f64], threshold: f64) -> Option<Self> {
        let total = bounds.iter().position(|bound| *bound == f64::INFINITY)?;
        let at = |i: usize| bounds[i];
        let all = || 0..bounds.len();
        let below = all().filter(|i| at(*i) <= threshold);
        let lower = below.max_by(|a, b| at(*a).total_cmp(&at(*b)));
        let above = all().filter(|i| at(*i) >= threshold);
        let upper = above
            .min_by(|a, b| at(*a).total_cmp(&at(*b)))
            .unwrap_or(total);
        let from = lower.map_or(0.0, at);
        let within = (threshold - from) / (at(upper) - from);
        Some(Self {
            total,
            lower,
            upper,
            // Nothing is known of how events lie before infinity; and 0 / 0 is that of a boundary.
            share: if within > 0.0 { within } else { 0.0 },
        })
    }

    /// Whether the threshold is a boundary.
    pub(crate) fn is_exact(&self) -> bool {
        self.lower == Some(self.upper)
    }
}

/// The series of one histogram that a [`BucketPlan`] asks for: the lives of each, none if it is not there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buckets<'a> {
    /// That of all events; without it nothing is known.
    pub(crate) total: &'a [Series<'a>],
    /// That of `lower`.
    pub(crate) lower: &'a [Series<'a>],
    /// That of `upper`; not looked at where the plan is exact.
    pub(crate) upper: &'a [Series<'a>],
}

impl Tally {
    /// Adds a histogram to a group. The events that are told apart must be the good ones.
    ///
    /// # Panics
    /// If there is no such group.
    pub(crate) fn histogram(&mut self, group: usize, plan: &BucketPlan, buckets: Buckets<'_>) {
        if buckets.total.is_empty() {
            return;
        }
        for life in buckets.total {
            self.total(group, *life);
        }
        if plan.is_exact() && self.group(group).1.bounds.is_none() {
            for life in buckets.lower {
                self.some(group, *life);
            }
        } else {
            self.between(group, plan, buckets);
        }
    }

    fn between(&mut self, group: usize, plan: &BucketPlan, buckets: Buckets<'_>) {
        let grid = *self.grid();
        let low = column(&grid, buckets.lower);
        let high = if plan.is_exact() {
            low.clone()
        } else {
            column(&grid, buckets.upper)
        };
        let (_, columns) = self.group(group);
        let bounds = columns.bounds_mut();
        add(&mut bounds.low, &low);
        add(&mut bounds.high, &high);
        let good = low.iter().zip(&high);
        let good: Vec<f64> = good.map(|(l, h)| l + (h - l) * plan.share).collect();
        add(&mut columns.some, &good);
    }
}

fn column(grid: &Grid, lives: &[Series<'_>]) -> Vec<f64> {
    let mut column = vec![0.0; grid.len];
    for life in lives {
        counter::count(*life, grid, &mut column, &mut Unobserved);
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(bounds: &[f64], threshold: f64) -> (Option<usize>, usize, f64) {
        let plan = BucketPlan::new(bounds, threshold).expect("has +Inf");
        (plan.lower, plan.upper, plan.share)
    }

    #[test]
    fn boundaries_and_between() {
        let bounds = [1.0, f64::INFINITY, 0.5, 0.1];
        assert_eq!(plan(&bounds, 0.5), (Some(2), 2, 0.0));
        assert_eq!(plan(&bounds, 0.75), (Some(2), 0, 0.5));
        assert_eq!(plan(&bounds, 0.05), (None, 3, 0.5));
        assert_eq!(plan(&bounds, 4.0), (Some(0), 1, 0.0));
        assert_eq!(plan(&bounds, f64::INFINITY), (Some(1), 1, 0.0));
        assert_eq!(BucketPlan::new(&[1.0], 1.0), None);
    }
}
