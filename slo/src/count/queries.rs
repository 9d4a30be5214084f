//! Slices counted by PromQL.

use super::{Grid, Method, Slices};
use crate::spec::Which;

/// Slices of what two queries gave for each slice: all events, and those that are told apart. NaN: nothing. Where the first gave
/// something and the second nothing, there were none of those.
pub fn of_queries(grid: Grid, total: &[f64], some: &[f64], which: Which) -> Slices {
    let at = |column: &[f64], i: usize| column.get(i).copied().unwrap_or(f64::NAN);
    let zero_if_nan = |v: f64| if v.is_finite() { v } else { 0.0 };
    let seen = |i: usize| at(total, i).is_finite();
    let column = |of: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let value = |i| if seen(i) { of(i) } else { 0.0 };
        (0..grid.len).map(value).collect()
    };
    let some = column(&|i| zero_if_nan(at(some, i)));
    let total = column(&|i| at(total, i));
    let rest = total.iter().zip(&some).map(|(t, s)| t - s).collect();
    let (good, bad) = match which {
        Which::Good => (some, rest),
        Which::Bad => (rest, some),
    };
    let observed_ms = column(&|_| grid.step as f64);
    Slices {
        grid,
        method: Method::Queries,
        good,
        total,
        bad,
        bounds: None,
        observed_ms,
    }
}

/// Slices of what a query for the fraction of errors gave for each slice; NaN: nothing. Each slice is one event, part good, part bad.
pub fn of_ratio(grid: Grid, errors: &[f64]) -> Slices {
    let ones: Vec<f64> = errors
        .iter()
        .map(|e| if e.is_nan() { f64::NAN } else { 1.0 })
        .collect();
    let errors: Vec<f64> = errors.iter().map(|e| e.clamp(0.0, 1.0)).collect();
    Slices {
        method: Method::Ratio,
        ..of_queries(grid, &ones, &errors, Which::Bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narthex_model::TimeRange;

    #[test]
    fn nothing_is_not_zero() {
        let grid = Grid::over(TimeRange::new(0, 40), 10);
        let slices = of_queries(grid, &[5.0, f64::NAN, 0.0, 7.0], &[1.0, 2.0], Which::Bad);
        assert_eq!(slices.total, [5.0, 0.0, 0.0, 7.0]);
        assert_eq!(slices.bad, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(slices.good, [4.0, 0.0, 0.0, 7.0]);
        assert_eq!(slices.observed_ms, [10.0, 0.0, 10.0, 10.0]);
    }

    #[test]
    fn a_fraction_is_of_one() {
        let grid = Grid::over(TimeRange::new(0, 30), 10);
        let slices = of_ratio(grid, &[0.25, f64::NAN, 7.0]);
        assert_eq!(slices.good, [0.75, 0.0, 0.0]);
        assert_eq!(slices.total, [1.0, 0.0, 1.0]);
        assert_eq!(slices.observed_ms, [10.0, 0.0, 10.0]);
    }
}
