//! The floats of a window, through the kernels of floats.

use super::{Say, Window};
use crate::histogram::{HistogramNote, Point};
use crate::kernels::counter::Extensions;
use crate::kernels::starts::StartsKernel;
use crate::kernels::windows::Windows;
use crate::kernels::{RangeKernel, Series};
use crate::steps::{StepRow, StepWriter};

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
    run(window, kernel, window.times, &values(window), f64::NAN)
}

/// As [`all`]; where it is known when counters began, `started` asks that too.
pub(super) fn counter(
    window: &Window<'_>,
    kernel: RangeKernel,
    started: StartsKernel,
    say: Say<'_>,
) -> Option<Point> {
    if window.starts.is_empty() {
        return all(window, kernel);
    }
    let mut overlap = false;
    let point = one_step(window, window.times, &values(window), |series, row| {
        overlap = started(series, window.counters(), row);
    });
    if overlap {
        say(HistogramNote::StartsOverlap);
    }
    point
}

fn values(window: &Window<'_>) -> Vec<f64> {
    window.points.iter().filter_map(Point::float).collect()
}

fn run(
    window: &Window<'_>,
    kernel: RangeKernel,
    times: &[i64],
    values: &[f64],
    parameter: f64,
) -> Option<Point> {
    one_step(window, times, values, |series, row| {
        kernel(series, &|_| parameter, row);
    })
}

/// What `fill` makes of the window alone.
pub(super) fn one_step(
    window: &Window<'_>,
    times: &[i64],
    values: &[f64],
    fill: impl FnOnce(&Series<'_>, &mut StepRow<'_>),
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
        extensions: &Extensions::default(),
    };
    let mut out = StepWriter::new(1, 1);
    let mut row = out.row_mut(0);
    fill(&series, &mut row);
    row.present[0].then(|| Point::Float(row.values[0]))
}
