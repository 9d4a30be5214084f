//! Functions that take samples as they are, whatever they hold.

use super::{Say, Window};
use crate::histogram::Point;

pub(super) fn first_over_time(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    window.points.first().cloned()
}

pub(super) fn last_over_time(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    window.points.last().cloned()
}

pub(super) fn ts_of_first_over_time(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    window.times.first().map(|time| seconds(*time))
}

pub(super) fn ts_of_last_over_time(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    window.times.last().map(|time| seconds(*time))
}

pub(super) fn count_over_time(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    let count = window.points.len();
    (count > 0).then_some(Point::Float(count as f64))
}

pub(super) fn present_over_time(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    (!window.points.is_empty()).then_some(Point::Float(1.0))
}

fn seconds(time: i64) -> Point {
    Point::Float(time as f64 / 1000.0)
}
