//! Windows for tests.

use super::Window;
use crate::histogram::Point;
use crate::histogram::samples::exponential;

/// A histogram with this count, all in one bucket.
pub(super) fn counter(count: f64) -> Point {
    let mut histogram = exponential(0, (0.0, 0.0), &[(1, count)], &[]);
    histogram.sum = count;
    histogram.drop_empty();
    Point::Histogram(histogram)
}

/// Samples every ten seconds, the last at the end of the window, the first at its start.
pub(super) fn window(points: &[Point]) -> Window<'_> {
    static TIMES: [i64; 10] = [
        10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000, 90_000, 100_000,
    ];
    let times = &TIMES[..points.len()];
    Window {
        times,
        points,
        starts: &[],
        start: 10_000,
        end: times[times.len() - 1],
    }
}

/// The count of a histogram.
pub(super) fn count(point: Option<Point>) -> Option<f64> {
    point?.histogram().map(|histogram| histogram.count)
}
