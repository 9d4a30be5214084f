//! The floats of a window, through the kernels of floats.

use super::{Say, Window};
use crate::histogram::{HistogramNote, Point};
use crate::kernels::windows::Windows;
use crate::kernels::{RangeKernel, Series};
use crate::steps::StepWriter;

/// A function that knows floats alone: histograms among them are left out.
pub(super) fn only(
    window: &Window<'_>,
    kernel: RangeKernel,
    parameter: f64,
    say: Say<'_>,
) -> Option<Point> {
    let samples = window.times.iter().zip(window.points);
    let floats = samples.filter_map(|(time, point)| Some((*time, point.float()?)));
    let (times, values): (Vec<_>, Vec<_>) = floats.unzip();
    if !values.is_empty() && values.len() < window.points.len() {
        say(HistogramNote::Ignored);
    }
    run(window, kernel, &times, &values, parameter)
}

/// A function of a window of nothing but floats.
pub(super) fn all(window: &Window<'_>, kernel: RangeKernel) -> Option<Point> {
    let values: Vec<_> = window.points.iter().filter_map(Point::float).collect();
    run(window, kernel, window.times, &values, f64::NAN)
}

fn run(
    window: &Window<'_>,
    kernel: RangeKernel,
    times: &[i64],
    values: &[f64],
    parameter: f64,
) -> Option<Point> {
    let series = Series {
        timestamps: times,
        values,
        bounds: &[(0, values.len() as u32)],
        windows: &Windows {
            first_end: window.end,
            interval: 1,
            steps: 1,
            range: window.end - window.start,
        },
    };
    let mut out = StepWriter::new(1, 1);
    let mut row = out.row_mut(0);
    kernel(&series, &|_| parameter, &mut row);
    row.present[0].then(|| Point::Float(row.values[0]))
}
