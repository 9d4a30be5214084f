//! `rate` and `increase` of floats that say since when they count.

use super::{Say, Window};
use crate::histogram::{HistogramNote, Point};

/// The growth as if the series went on to the window's edges, per this many seconds.
pub(super) fn grown(window: &Window<'_>, seconds: f64, say: Say<'_>) -> Option<f64> {
    let values: Vec<_> = window.points.iter().filter_map(Point::float).collect();
    let (first, last) = (*values.first()?, *values.last()?);
    let mut grown = last - first;
    for at in 1..values.len() {
        if window.reset(at) {
            grown += values[at - 1];
        }
    }
    if (1..values.len()).any(|at| window.overlaps(at)) {
        say(HistogramNote::StartsOverlap);
    }
    let factor = match window.counter_start_inside() {
        Some(start) => {
            grown += first;
            window.factor_since(start)
        }
        None if values.len() < 2 => return None,
        None => window.factor(Some((first, grown))),
    };
    Some(grown * (factor / seconds))
}

#[cfg(test)]
mod tests {
    use super::super::rate::increase;
    use super::super::samples::window;
    use super::*;

    fn increased(values: &[f64], starts: &[i64], from: i64) -> (Option<f64>, Vec<HistogramNote>) {
        let points: Vec<_> = values.iter().map(|v| Point::Float(*v)).collect();
        let window = Window {
            starts,
            start: from,
            ..window(&points)
        };
        let mut said = Vec::new();
        let grown = increase(&window, 0.0, &mut |note| said.push(note));
        (grown.and_then(|point| point.float()), said)
    }

    #[test]
    fn resets_that_values_do_not_show() {
        let values = [10.0, 10.0, 30.0];
        assert_eq!(increased(&values, &[5_000; 3], 9_999).0, Some(20.001));
        assert_eq!(
            increased(&values, &[5_000, 15_000, 15_000], 9_000)
                .0
                .map(f64::round),
            Some(32.0)
        );
        assert_eq!(increased(&values, &[], 10_000).0, Some(20.0));
    }

    #[test]
    fn a_start_inside_is_a_zero() {
        assert_eq!(increased(&[3.0], &[4_000], 0).0, Some(3.0));
        assert_eq!(increased(&[3.0], &[0], 0).0, None);
        assert_eq!(increased(&[3.0], &[-4_000], 0).0, None);
        assert_eq!(increased(&[3.0, 5.0], &[4_000; 2], 0).0, Some(5.0));
    }

    #[test]
    fn overlaps() {
        let (_, said) = increased(&[1.0, 2.0], &[2_000, 3_000], 0);
        assert_eq!(said, [HistogramNote::StartsOverlap]);
        assert!(increased(&[1.0, 2.0], &[2_000, 2_000], 0).1.is_empty());
    }
}
