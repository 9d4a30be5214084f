//! `changes` and `resets`: how often a sample differs from the one before.

use super::{Say, Window};
use crate::histogram::Point;

pub(super) fn changes(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    window.count_pairs(Window::changed)
}

pub(super) fn resets(window: &Window<'_>, _: f64, _: Say<'_>) -> Option<Point> {
    window.count_pairs(Window::reset)
}

impl Window<'_> {
    /// How many samples after the first `hit` accepts, which gets their positions.
    pub(super) fn count_pairs(&self, hit: impl Fn(&Self, usize) -> bool) -> Option<Point> {
        let after_first = 1..self.points.len();
        let count = after_first.filter(|at| hit(self, *at)).count();
        (!self.points.is_empty()).then_some(Point::Float(count as f64))
    }

    /// Whether sample `at` differs from the one before.
    pub(super) fn changed(&self, at: usize) -> bool {
        match (&self.points[at - 1], &self.points[at]) {
            (Point::Float(a), Point::Float(b)) => a != b && !(a.is_nan() && b.is_nan()),
            (Point::Histogram(a), Point::Histogram(b)) => !b.same(a),
            _ => true,
        }
    }

    /// Whether a counter began anew at sample `at`.
    pub(super) fn reset(&self, at: usize) -> bool {
        match (&self.points[at - 1], &self.points[at]) {
            (Point::Float(a), Point::Float(b)) => b < a || self.restarts(at),
            (Point::Histogram(a), Point::Histogram(b)) => self.restarts(at) || b.is_reset_after(a),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{counter, window};
    use super::*;

    #[test]
    fn floats_and_histograms_in_turn() {
        let points = [
            Point::Float(1.0),
            counter(1.0),
            counter(1.0),
            counter(2.0),
            counter(1.0),
            Point::Float(5.0),
            Point::Float(4.0),
        ];
        let window = window(&points);
        let count = |function: fn(&Window<'_>, f64, Say<'_>) -> Option<Point>| {
            function(&window, 0.0, &mut |note| panic!("{note:?}"))
        };
        assert_eq!(count(changes), Some(Point::Float(5.0)));
        assert_eq!(count(resets), Some(Point::Float(4.0)));
    }
}
