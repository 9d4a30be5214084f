//! The folds: sum, mean, count, extremes, variance.

use super::fold::Fold;
use crate::kernels::sum::{Compensated, Mean};

/// State: sum, lost.
#[derive(Clone, Copy)]
pub(super) struct Sum;

impl Fold<2> for Sum {
    fn start(&self, v: f64) -> [f64; 2] {
        [v, 0.0]
    }

    fn add(&self, [sum, lost]: [f64; 2], v: f64) -> [f64; 2] {
        let mut total = Compensated { sum, lost };
        total.add(v);
        [total.sum, total.lost]
    }

    fn merge(&self, a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
        let [sum, lost] = self.add(a, b[0]);
        [sum, lost + b[1]]
    }

    fn finish(&self, [sum, lost]: [f64; 2]) -> f64 {
        Compensated { sum, lost }.total()
    }
}

/// State: sum, lost, count; once the sum has overflown: mean, lost, and the count negated.
#[derive(Clone, Copy)]
pub(super) struct Avg;

fn mean([sum, lost, count]: [f64; 3]) -> Mean {
    Mean {
        total: Compensated { sum, lost },
        count: count.abs(),
        running: count < 0.0,
    }
}

fn mean_state(mean: Mean) -> [f64; 3] {
    let Mean {
        total,
        count,
        running,
    } = mean;
    [total.sum, total.lost, if running { -count } else { count }]
}

impl Fold<3> for Avg {
    fn start(&self, v: f64) -> [f64; 3] {
        [v, 0.0, 1.0]
    }

    fn add(&self, state: [f64; 3], v: f64) -> [f64; 3] {
        let mut mean = mean(state);
        mean.add(v);
        mean_state(mean)
    }

    fn merge(&self, a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
        mean_state(mean(a).merge(mean(b)))
    }

    fn finish(&self, state: [f64; 3]) -> f64 {
        mean(state).value()
    }
}

/// State: count.
#[derive(Clone, Copy)]
pub(super) struct Count;

impl Fold<1> for Count {
    fn start(&self, _: f64) -> [f64; 1] {
        [1.0]
    }

    fn add(&self, [count]: [f64; 1], _: f64) -> [f64; 1] {
        [count + 1.0]
    }

    fn merge(&self, a: [f64; 1], b: [f64; 1]) -> [f64; 1] {
        [a[0] + b[0]]
    }

    fn finish(&self, [count]: [f64; 1]) -> f64 {
        count
    }
}

/// State: 1.
#[derive(Clone, Copy)]
pub(super) struct Group;

impl Fold<1> for Group {
    fn start(&self, _: f64) -> [f64; 1] {
        [1.0]
    }

    fn add(&self, state: [f64; 1], _: f64) -> [f64; 1] {
        state
    }

    fn merge(&self, a: [f64; 1], _: [f64; 1]) -> [f64; 1] {
        a
    }

    fn finish(&self, _: [f64; 1]) -> f64 {
        1.0
    }
}

/// State: the least value; NaN only if all are.
#[derive(Clone, Copy)]
pub(super) struct Min;

impl Fold<1> for Min {
    fn start(&self, v: f64) -> [f64; 1] {
        [v]
    }

    fn add(&self, [least]: [f64; 1], v: f64) -> [f64; 1] {
        [if v < least || least.is_nan() {
            v
        } else {
            least
        }]
    }

    fn merge(&self, a: [f64; 1], b: [f64; 1]) -> [f64; 1] {
        self.add(a, b[0])
    }

    fn finish(&self, [least]: [f64; 1]) -> f64 {
        least
    }
}

/// State: the greatest value; NaN only if all are.
#[derive(Clone, Copy)]
pub(super) struct Max;

impl Fold<1> for Max {
    fn start(&self, v: f64) -> [f64; 1] {
        [v]
    }

    fn add(&self, [greatest]: [f64; 1], v: f64) -> [f64; 1] {
        [if v > greatest || greatest.is_nan() {
            v
        } else {
            greatest
        }]
    }

    fn merge(&self, a: [f64; 1], b: [f64; 1]) -> [f64; 1] {
        self.add(a, b[0])
    }

    fn finish(&self, [greatest]: [f64; 1]) -> f64 {
        greatest
    }
}

/// Population variance or its root. [f64; 1]: count, mean, sum of squared distances from the mean (Welford; merged after
/// Chan, Golub and LeVeque).
#[derive(Clone, Copy)]
pub(super) struct Variance {
    pub(super) root: bool,
}

impl Fold<3> for Variance {
    fn start(&self, v: f64) -> [f64; 3] {
        [1.0, v, if v.is_finite() { 0.0 } else { f64::NAN }]
    }

    fn add(&self, [count, mean, squares]: [f64; 3], v: f64) -> [f64; 3] {
        let count = count + 1.0;
        let delta = v - mean;
        let mean = mean + delta / count;
        [count, mean, squares + delta * (v - mean)]
    }

    fn merge(&self, a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
        let count = a[0] + b[0];
        let delta = b[1] - a[1];
        [
            count,
            a[1] + delta * b[0] / count,
            a[2] + b[2] + delta * delta * a[0] * b[0] / count,
        ]
    }

    fn finish(&self, [count, _, squares]: [f64; 3]) -> f64 {
        let variance = squares / count;
        if self.root { variance.sqrt() } else { variance }
    }
}

/// The value of the only point; NaN if there are more. [f64; 3]: count, value.
#[derive(Clone, Copy)]
pub(super) struct Only;

impl Fold<2> for Only {
    fn start(&self, v: f64) -> [f64; 2] {
        [1.0, v]
    }

    fn add(&self, [count, v]: [f64; 2], _: f64) -> [f64; 2] {
        [count + 1.0, v]
    }

    fn merge(&self, a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
        [a[0] + b[0], a[1]]
    }

    fn finish(&self, [count, v]: [f64; 2]) -> f64 {
        if count == 1.0 { v } else { f64::NAN }
    }
}
