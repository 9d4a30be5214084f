//! `sum_over_time`, `avg_over_time`, `count_over_time`, `stddev_over_time`, `stdvar_over_time`, `present_over_time`.

use super::Series;
use crate::steps::StepRow;

/// A sum and the rounding error it lost (Neumaier), as Prometheus sums.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Compensated {
    pub(crate) sum: f64,
    pub(crate) lost: f64,
}

impl Compensated {
    /// Adds `v`.
    #[inline]
    pub(crate) fn add(&mut self, v: f64) {
        // Choices of values, not of ways: the compiler can do several at once.
        let t = self.sum + v;
        let sum_is_larger = self.sum.abs() >= v.abs();
        let larger = if sum_is_larger { self.sum } else { v };
        let smaller = if sum_is_larger { v } else { self.sum };
        let lost = self.lost + ((larger - t) + smaller);
        self.lost = if t.is_infinite() { 0.0 } else { lost };
        self.sum = t;
    }

    /// The sum with what was lost.
    pub(crate) fn total(self) -> f64 {
        if self.sum.is_infinite() {
            self.sum
        } else {
            self.sum + self.lost
        }
    }
}

pub(crate) fn sum_over_time(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    each_sum(series, |step, sum, _| out.set(step, sum));
}

pub(crate) fn avg_over_time(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    let mut overflown = Vec::new();
    each_sum(series, |step, sum, count| {
        out.set(step, sum / count as f64);
        if !sum.is_finite() {
            overflown.push(step);
        }
    });
    for step in overflown {
        let (lo, hi) = series.bounds[step];
        let mut mean = Mean::default();
        series.values[lo as usize..hi as usize]
            .iter()
            .for_each(|v| mean.add(*v));
        out.set(step, mean.value());
    }
}

/// A mean: a sum and a count until the sum would overflow, then a running mean, as Prometheus computes it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    /// The sum, or the mean once `running`.
    pub(crate) total: Compensated,
    pub(crate) count: f64,
    pub(crate) running: bool,
}

impl Mean {
    /// Adds `v`.
    pub(crate) fn add(&mut self, v: f64) {
        self.count += 1.0;
        if !self.running {
            let mut next = self.total;
            next.add(v);
            if self.count == 1.0 || !next.sum.is_infinite() {
                self.total = next;
                return;
            }
            self.run(self.count - 1.0);
        }
        let mean = self.total.sum;
        let keeps = v.is_finite() || (v.is_infinite() && (mean > 0.0) == (v > 0.0));
        if mean.is_infinite() && keeps {
            return;
        }
        let mean = self.total.total();
        self.total.add(v / self.count - mean / self.count);
    }

    /// The mean of two disjoint sets of values.
    pub(crate) fn merge(mut self, mut other: Self) -> Self {
        let count = self.count + other.count;
        if !self.running && !other.running {
            let mut total = self.total;
            total.add(other.total.sum);
            total.lost += other.total.lost;
            if !total.sum.is_infinite() {
                return Self {
                    total,
                    count,
                    running: false,
                };
            }
        }
        self.run(self.count);
        other.run(other.count);
        let mut total = Compensated {
            sum: self.value() * (self.count / count),
            lost: 0.0,
        };
        total.add(other.value() * (other.count / count));
        Self {
            total,
            count,
            running: true,
        }
    }

    /// Goes on as a running mean of the `count` values so far.
    fn run(&mut self, count: f64) {
        if !self.running {
            self.running = true;
            self.total.sum /= count;
            self.total.lost /= count;
        }
    }

    /// The mean.
    pub(crate) fn value(self) -> f64 {
        let total = self.total.total();
        if self.running {
            total
        } else {
            total / self.count
        }
    }
}

/// Gives `f` the sum and count of every filled window.
///
/// Prefix sums in two floats make it linear however far the windows overlap: their differences are at least as exact as
/// a compensated sum of each window. Values that are not finite would spoil every later prefix, so such series are summed
/// window by window.
fn each_sum(series: &Series<'_>, mut f: impl FnMut(usize, f64, usize)) {
    let overlap: usize = series
        .bounds
        .iter()
        .map(|(lo, hi)| (hi - lo) as usize)
        .sum();
    if overlap <= series.values.len() * 2 {
        return each_sum_directly(series, f);
    }
    let mut prefix = Vec::with_capacity(series.values.len() + 1);
    let mut running = (0.0, 0.0);
    prefix.push(running);
    for v in series.values {
        running = add_exactly(running, *v);
        prefix.push(running);
    }
    if !(running.0 + running.1).is_finite() {
        return each_sum_directly(series, f);
    }
    for (step, lo, hi) in series.filled(1) {
        let (from, to) = (prefix[lo], prefix[hi]);
        let difference = add_exactly((to.0, to.1 - from.1), -from.0);
        f(step, difference.0 + difference.1, hi - lo);
    }
}

fn each_sum_directly(series: &Series<'_>, mut f: impl FnMut(usize, f64, usize)) {
    for (step, lo, hi) in series.filled(1) {
        let mut sum = Compensated::default();
        series.values[lo..hi].iter().for_each(|v| sum.add(*v));
        f(step, sum.total(), hi - lo);
    }
}

/// Adds to a number kept as an unevaluated sum of two floats (Knuth's two-sum).
fn add_exactly((high, low): (f64, f64), v: f64) -> (f64, f64) {
    let sum = high + v;
    let part = sum - high;
    let error = (high - (sum - part)) + (v - part);
    (sum, low + error)
}

pub(crate) fn count_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, lo, hi) in series.filled(1) {
        out.set(step, (hi - lo) as f64);
    }
}

pub(crate) fn present_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, _, _) in series.filled(1) {
        out.set(step, 1.0);
    }
}

pub(crate) fn stdvar_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, lo, hi) in series.filled(1) {
        out.set(step, variance(&series.values[lo..hi]));
    }
}

pub(crate) fn stddev_over_time(
    series: &Series<'_>,
    _: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, lo, hi) in series.filled(1) {
        out.set(step, variance(&series.values[lo..hi]).sqrt());
    }
}

/// The population variance (Welford, with compensated sums).
fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (Compensated::default(), Compensated::default());
    for (i, v) in values.iter().enumerate() {
        let delta = v - mean.total();
        mean.add(delta / (i + 1) as f64);
        squares.add(delta * (v - mean.total()));
    }
    squares.total() / values.len() as f64
}
