//! Slices counted by PromQL.

use narthex_model::{is_stale, stale_nan};

use super::{Grid, Method, Slices};
use crate::spec::Which;

/// Slices of what two queries gave for each slice: all events, and those that are told apart. A stale marker: nothing. Where the first gave
/// something and the second nothing, there were none of those; where what it gave is no number, as 0 / 0, there were no events.
pub fn of_queries(grid: Grid, total: &[f64], some: &[f64], which: Which) -> Slices {
    let at = |column: &[f64], i: usize| column.get(i).copied().unwrap_or(stale_nan());
    let zero_if_nan = |v: f64| if v.is_finite() { v } else { 0.0 };
    let column = |of: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..grid.len).map(of).collect() };
    let counted = |i: usize| at(total, i).is_finite();
    let some = column(&|i| match counted(i) {
        true => zero_if_nan(at(some, i)),
        false => 0.0,
    });
    let seen = |i: usize| !is_stale(at(total, i));
    let observed_ms = column(&|i| if seen(i) { grid.step as f64 } else { 0.0 });
    let total = column(&|i| zero_if_nan(at(total, i)));
    let rest = total.iter().zip(&some).map(|(t, s)| t - s).collect();
    let (good, bad) = match which {
        Which::Good => (some, rest),
        Which::Bad => (rest, some),
    };
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

/// Slices of what a query for the fraction of errors gave for each slice; a stale marker: nothing. Each slice is one event, part good, part
/// bad; where it is no number there is none.
pub fn of_ratio(grid: Grid, errors: &[f64]) -> Slices {
    let ones: Vec<f64> = errors
        .iter()
        .map(|e| if e.is_nan() { *e } else { 1.0 })
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
    fn nothing_is_not_zero_nor_is_what_is_no_number() {
        let grid = Grid::over(TimeRange::new(0, 50), 10);
        let total = [5.0, stale_nan(), 0.0, 7.0, f64::NAN];
        let some = [1.0, 2.0, stale_nan(), f64::NAN, 3.0];
        let slices = of_queries(grid, &total, &some, Which::Bad);
        assert_eq!(slices.total, [5.0, 0.0, 0.0, 7.0, 0.0]);
        assert_eq!(slices.bad, [1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(slices.good, [4.0, 0.0, 0.0, 7.0, 0.0]);
        assert_eq!(slices.observed_ms, [10.0, 0.0, 10.0, 10.0, 10.0]);
        let unknown = of_queries(grid, &total, &[], Which::Bad);
        assert_eq!(unknown.bad, [0.0; 5]);
    }

    #[test]
    fn a_fraction_is_of_one() {
        let grid = Grid::over(TimeRange::new(0, 40), 10);
        let slices = of_ratio(grid, &[0.25, stale_nan(), 7.0, f64::NAN]);
        assert_eq!(slices.good, [0.75, 0.0, 0.0, 0.0]);
        assert_eq!(slices.total, [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(slices.observed_ms, [10.0, 0.0, 10.0, 10.0]);
    }
}
