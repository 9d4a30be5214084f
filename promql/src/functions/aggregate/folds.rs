//! The folds: sum, mean, count, extremes, variance.

use super::fold::{Fold, State};
use crate::kernels::sum::{Compensated, Mean};

/// State: sum, lost.
#[derive(Clone, Copy)]
pub(super) struct Sum;

impl Fold for Sum {
    const COLUMNS: usize = 2;

    fn start(&self, v: f64) -> State {
        [v, 0.0, 0.0]
    }

    fn add(&self, [sum, lost, _]: State, v: f64) -> State {
        let mut total = Compensated { sum, lost };
        total.add(v);
        [total.sum, total.lost, 0.0]
    }

    fn merge(&self, a: State, b: State) -> State {
        let [sum, lost, _] = self.add(a, b[0]);
        [sum, lost + b[1], 0.0]
    }

    fn finish(&self, [sum, lost, _]: State) -> f64 {
        Compensated { sum, lost }.total()
    }
}

/// State: sum, lost, count; once the sum has overflown: mean, lost, and the count negated.
#[derive(Clone, Copy)]
pub(super) struct Avg;

fn mean([sum, lost, count]: State) -> Mean {
    Mean {
        total: Compensated { sum, lost },
        count: count.abs(),
        running: count < 0.0,
    }
}

fn mean_state(mean: Mean) -> State {
    let Mean {
        total,
        count,
        running,
    } = mean;
    [total.sum, total.lost, if running { -count } else { count }]
}

impl Fold for Avg {
    const COLUMNS: usize = 3;

    fn start(&self, v: f64) -> State {
        [v, 0.0, 1.0]
    }

    fn add(&self, state: State, v: f64) -> State {
        let mut mean = mean(state);
        mean.add(v);
        mean_state(mean)
    }

    fn merge(&self, a: State, b: State) -> State {
        mean_state(mean(a).merge(mean(b)))
    }

    fn finish(&self, state: State) -> f64 {
        mean(state).value()
    }
}

/// State: count.
#[derive(Clone, Copy)]
pub(super) struct Count;

impl Fold for Count {
    const COLUMNS: usize = 1;

    fn start(&self, _: f64) -> State {
        [1.0, 0.0, 0.0]
    }

    fn add(&self, [count, ..]: State, _: f64) -> State {
        [count + 1.0, 0.0, 0.0]
    }

    fn merge(&self, a: State, b: State) -> State {
        [a[0] + b[0], 0.0, 0.0]
    }

    fn finish(&self, [count, ..]: State) -> f64 {
        count
    }
}

/// State: 1.
#[derive(Clone, Copy)]
pub(super) struct Group;

impl Fold for Group {
    const COLUMNS: usize = 1;

    fn start(&self, _: f64) -> State {
        [1.0, 0.0, 0.0]
    }

    fn add(&self, state: State, _: f64) -> State {
        state
    }

    fn merge(&self, a: State, _: State) -> State {
        a
    }

    fn finish(&self, _: State) -> f64 {
        1.0
    }
}

/// State: the least value; NaN only if all are.
#[derive(Clone, Copy)]
pub(super) struct Min;

impl Fold for Min {
    const COLUMNS: usize = 1;

    fn start(&self, v: f64) -> State {
        [v, 0.0, 0.0]
    }

    fn add(&self, [least, ..]: State, v: f64) -> State {
        [
            if v < least || least.is_nan() {
                v
            } else {
                least
            },
            0.0,
            0.0,
        ]
    }

    fn merge(&self, a: State, b: State) -> State {
        self.add(a, b[0])
    }

    fn finish(&self, [least, ..]: State) -> f64 {
        least
    }
}

/// State: the greatest value; NaN only if all are.
#[derive(Clone, Copy)]
pub(super) struct Max;

impl Fold for Max {
    const COLUMNS: usize = 1;

    fn start(&self, v: f64) -> State {
        [v, 0.0, 0.0]
    }

    fn add(&self, [greatest, ..]: State, v: f64) -> State {
        [
            if v > greatest || greatest.is_nan() {
                v
            } else {
                greatest
            },
            0.0,
            0.0,
        ]
    }

    fn merge(&self, a: State, b: State) -> State {
        self.add(a, b[0])
    }

    fn finish(&self, [greatest, ..]: State) -> f64 {
        greatest
    }
}

/// Population variance or its root. State: count, mean, sum of squared distances from the mean (Welford; merged after
/// Chan, Golub and LeVeque).
#[derive(Clone, Copy)]
pub(super) struct Variance {
    pub(super) root: bool,
}

impl Fold for Variance {
    const COLUMNS: usize = 3;

    fn start(&self, v: f64) -> State {
        [1.0, v, if v.is_finite() { 0.0 } else { f64::NAN }]
    }

    fn add(&self, [count, mean, squares]: State, v: f64) -> State {
        let count = count + 1.0;
        let delta = v - mean;
        let mean = mean + delta / count;
        [count, mean, squares + delta * (v - mean)]
    }

    fn merge(&self, a: State, b: State) -> State {
        let count = a[0] + b[0];
        let delta = b[1] - a[1];
        [
            count,
            a[1] + delta * b[0] / count,
            a[2] + b[2] + delta * delta * a[0] * b[0] / count,
        ]
    }

    fn finish(&self, [count, _, squares]: State) -> f64 {
        let variance = squares / count;
        if self.root { variance.sqrt() } else { variance }
    }
}

/// The value of the only point; NaN if there are more. State: count, value.
#[derive(Clone, Copy)]
pub(super) struct Only;

impl Fold for Only {
    const COLUMNS: usize = 2;

    fn start(&self, v: f64) -> State {
        [1.0, v, 0.0]
    }

    fn add(&self, [count, v, _]: State, _: f64) -> State {
        [count + 1.0, v, 0.0]
    }

    fn merge(&self, a: State, b: State) -> State {
        [a[0] + b[0], a[1], 0.0]
    }

    fn finish(&self, [count, v, _]: State) -> f64 {
        if count == 1.0 { v } else { f64::NAN }
    }
}
