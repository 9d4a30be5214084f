//! `deriv` and `predict_linear`: lines fitted through a window.

use super::Series;
use super::sum::Compensated;
use crate::steps::StepRow;

pub(crate) fn deriv(series: &Series<'_>, _: &dyn Fn(usize) -> f64, out: &mut StepRow<'_>) {
    for (step, lo, hi) in series.filled(2) {
        let (slope, _) = line(series, lo, hi, series.timestamps[lo]);
        out.set(step, slope);
    }
}

/// Where the line will be `ahead` seconds after the evaluation time.
pub(crate) fn predict_linear(
    series: &Series<'_>,
    ahead: &dyn Fn(usize) -> f64,
    out: &mut StepRow<'_>,
) {
    for (step, lo, hi) in series.filled(2) {
        let (slope, intercept) = line(series, lo, hi, series.windows.end(step));
        out.set(step, slope * ahead(step) + intercept);
    }
}

/// Least squares through the samples `lo..hi`, times counted in seconds from `origin`: slope and intercept there.
fn line(series: &Series<'_>, lo: usize, hi: usize, origin: i64) -> (f64, f64) {
    let values = &series.values[lo..hi];
    let first = values[0];
    if values.iter().all(|v| *v == first) {
        return if first.is_infinite() {
            (f64::NAN, f64::NAN)
        } else {
            (0.0, first)
        };
    }
    let n = values.len() as f64;
    let [mut x_sum, mut y_sum, mut xy_sum, mut xx_sum] = [Compensated::default(); 4];
    for (t, y) in series.timestamps[lo..hi].iter().zip(values) {
        let x = (t - origin) as f64 / 1000.0;
        x_sum.add(x);
        y_sum.add(*y);
        xy_sum.add(x * y);
        xx_sum.add(x * x);
    }
    let (x, y) = (x_sum.total(), y_sum.total());
    let covariance = xy_sum.total() - x * y / n;
    let variance = xx_sum.total() - x * x / n;
    let slope = covariance / variance;
    (slope, y / n - slope * x / n)
}
