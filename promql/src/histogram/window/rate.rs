//! `rate`, `increase` and `delta`: the growth between the first and last sample, extended to the window's edges.

use narthex_model::ResetHint;

use super::{Kind, Say, Window, floats, heed};
use crate::histogram::{FloatHistogram, HistogramNote, Operation, Point};
use crate::kernels::{counter, starts};

pub(super) fn rate(window: &Window<'_>, _: f64, say: Say<'_>) -> Option<Point> {
    extended_growth(window, true, window.seconds(), say, |say| {
        floats::counter(window, counter::rate, starts::rate, say)
    })
}

pub(super) fn increase(window: &Window<'_>, _: f64, say: Say<'_>) -> Option<Point> {
    extended_growth(window, true, 1.0, say, |say| {
        floats::counter(window, counter::increase, starts::increase, say)
    })
}

pub(super) fn delta(window: &Window<'_>, _: f64, say: Say<'_>) -> Option<Point> {
    extended_growth(window, false, 1.0, say, |_| {
        floats::all(window, counter::delta)
    })
}

fn extended_growth(
    window: &Window<'_>,
    is_counter: bool,
    seconds: f64,
    say: Say<'_>,
    of_floats: impl FnOnce(Say<'_>) -> Option<Point>,
) -> Option<Point> {
    match window.kind() {
        Kind::Floats => of_floats(say),
        Kind::Mixed => {
            say(HistogramNote::MixedFloatsHistograms);
            None
        }
        Kind::Histograms(histograms) => {
            let mut growth = Growth {
                window,
                histograms,
                is_counter,
                notes: Vec::new(),
            };
            let grown = growth.extended(seconds);
            growth.notes.into_iter().for_each(say);
            grown.map(Point::Histogram)
        }
    }
}

/// How much the histograms of a window grew.
struct Growth<'a> {
    window: &'a Window<'a>,
    histograms: Vec<&'a FloatHistogram>,
    is_counter: bool,
    notes: Vec<HistogramNote>,
}

impl Growth<'_> {
    /// The growth as if the series went on to the window's edges, per this many seconds.
    fn extended(&mut self, seconds: f64) -> Option<FloatHistogram> {
        let first = *self.histograms.first()?;
        let sampled = match self.histograms.len() {
            1 => None,
            _ => Some(self.sampled()?),
        };
        let counter_start = self.window.counter_start_inside();
        let (mut grown, factor) = match (counter_start.filter(|_| self.is_counter), sampled) {
            (Some(start), None) => (first.clone(), self.window.factor_since(start)),
            (Some(start), Some(mut grown)) => {
                self.add(&mut grown, first)?;
                (grown, self.window.factor_since(start))
            }
            (None, None) => return None,
            (None, Some(grown)) => {
                let counts = self.is_counter.then_some((first.count, grown.count));
                (grown, self.window.factor(counts))
            }
        };
        grown.multiply(factor / seconds);
        Some(grown)
    }

    /// The growth from the first sample to the last, of which there are two at least.
    fn sampled(&mut self) -> Option<FloatHistogram> {
        let (first, last) = (
            self.histograms[0],
            self.histograms[self.histograms.len() - 1],
        );
        let inner = &self.histograms[1..self.histograms.len() - 1];
        let is_gauge = |h: &&&FloatHistogram| h.hint == ResetHint::Gauge;
        let gauges = [&first, &last].into_iter().filter(is_gauge).count();
        if self.is_counter && gauges > 0 {
            self.notes.push(HistogramNote::NotCounter);
        }
        // What was before a reset at once after the first sample does not matter, nor whether it fits.
        let first = if self.is_counter && self.is_reset(1, first) {
            self.histograms[1].nothing()
        } else {
            first.clone()
        };
        if last.is_custom() != first.is_custom() {
            self.notes.push(HistogramNote::MixedExponentialCustom);
            return None;
        }
        let mut schema = last.schema.min(first.schema);
        if self.is_counter {
            if inner.iter().any(|h| h.is_custom() != first.is_custom()) {
                self.notes = vec![HistogramNote::MixedExponentialCustom];
                return None;
            }
            if inner.iter().any(|h| is_gauge(&h)) {
                self.notes.push(HistogramNote::NotCounter);
            }
            schema = inner.iter().fold(schema, |schema, h| schema.min(h.schema));
        } else if gauges < 2 {
            self.notes.push(HistogramNote::NotGauge);
        }
        let mut grown = last.clone();
        grown.coarsen(schema);
        heed(grown.sub(&first), Operation::Subtraction, &mut self.notes)?;
        if self.is_counter {
            self.add_lost(&mut grown, &first)?;
        }
        grown.hint = ResetHint::Gauge;
        Some(grown)
    }

    /// Adds what was lost at each reset.
    fn add_lost(&mut self, grown: &mut FloatHistogram, first: &FloatHistogram) -> Option<()> {
        let mut overlap = false;
        for at in 1..self.histograms.len() {
            overlap |= self.window.overlaps(at);
            let before = if at == 1 {
                first
            } else {
                self.histograms[at - 1]
            };
            if self.is_reset(at, before) {
                self.add(grown, before)?;
            }
        }
        if overlap {
            self.notes.push(HistogramNote::StartsOverlap);
        }
        Some(())
    }

    fn is_reset(&self, at: usize, before: &FloatHistogram) -> bool {
        self.window.restarts(at) || self.histograms[at].is_reset_after(before)
    }

    fn add(&mut self, grown: &mut FloatHistogram, more: &FloatHistogram) -> Option<()> {
        heed(grown.add(more), Operation::Addition, &mut self.notes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{count, counter, window};
    use super::*;
    use crate::histogram::samples::custom;

    fn silent(note: HistogramNote) {
        panic!("{note:?}");
    }

    #[test]
    fn grows_as_floats_do() {
        // What happens to the count is what would happen to a float counter of the same values.
        let cases: [&[f64]; 4] = [
            &[15.0, 20.0, 40.0],
            &[15.0, 2490.0, 2490.0],
            &[5.0, 1.0, 3.0, 2.0],
            &[1.0, 1.0],
        ];
        for values in cases {
            let histograms: Vec<_> = values.iter().map(|v| counter(*v)).collect();
            let floats: Vec<_> = values.iter().map(|v| Point::Float(*v)).collect();
            for (from, to) in [(0, 0), (5_000, 3_000), (30_000, 70_000), (1_000, 11_000)] {
                let at = |points| {
                    let mut window = window(points);
                    (window.start, window.end) = (window.start - from, window.end + to);
                    window
                };
                for function in [rate, increase] {
                    let float = function(&at(&floats), 0.0, &mut silent);
                    let float = float.and_then(|point| point.float()).expect("grown");
                    let histogram =
                        count(function(&at(&histograms), 0.0, &mut silent)).expect("grown");
                    assert!(
                        (float - histogram).abs() < 1e-9,
                        "{values:?}: {float} {histogram}"
                    );
                }
            }
        }
    }

    #[test]
    fn layouts_before_a_reset_do_not_matter() {
        let points = [
            Point::Histogram(custom(&[1.0], &[(0, 1.0)])),
            counter(4.0),
            counter(5.0),
        ];
        let grown = increase(&window(&points), 0.0, &mut silent);
        assert_eq!(count(grown), Some(5.0));
        let mut said = Vec::new();
        assert_eq!(
            delta(&window(&points), 0.0, &mut |note| said.push(note)),
            None
        );
        assert_eq!(said, [HistogramNote::MixedExponentialCustom]);
    }

    #[test]
    fn starts_inside_the_window() {
        let points = [counter(4.0), counter(6.0)];
        let at = |points, starts| Window {
            starts,
            start: 0,
            ..window(points)
        };
        let known = at(&points, &[5_000, 5_000]);
        assert_eq!(count(increase(&known, 0.0, &mut silent)), Some(6.0));
        let single = at(&points[..1], &[5_000]);
        assert_eq!(count(increase(&single, 0.0, &mut silent)), Some(4.0));
        assert_eq!(increase(&at(&points[..1], &[0]), 0.0, &mut silent), None);
        let restarted = at(&points, &[5_000, 15_000]);
        assert_eq!(count(increase(&restarted, 0.0, &mut silent)), Some(10.0));
        let mut said = Vec::new();
        increase(&at(&points, &[5_000, 6_000]), 0.0, &mut |note| {
            said.push(note);
        });
        assert_eq!(said, [HistogramNote::StartsOverlap]);
    }
}
