//! `anchored` and `smoothed` selectors: growth between values at the very edges of a window.

use std::ops::Range;

use narthex_model::ResetHint;

use super::{Kind, Say, Window, heed};
use crate::ast::Extension;
use crate::histogram::{FloatHistogram, HistogramNote, Operation, Point};
use crate::kernels::extended::{self, Extended, ExtendedKernel};

/// A function of the samples within reach of a window; its `start` and `end` are those of the window itself.
pub(crate) type ExtendedFunction = fn(&Window<'_>, Extension, Say<'_>) -> Option<Point>;

/// The function called `name` in PromQL.
pub(crate) fn extended_function(name: &str) -> Option<ExtendedFunction> {
    Some(match name {
        "rate" => |window, extension, say| {
            growth(
                window,
                extension,
                Some(window.seconds()),
                extended::rate,
                say,
            )
        },
        "increase" => {
            |window, extension, say| growth(window, extension, Some(1.0), extended::increase, say)
        }
        "delta" => |window, extension, say| growth(window, extension, None, extended::delta, say),
        "changes" => |window, _, _| window.anchored()?.count_pairs(Window::changed),
        "resets" => |window, _, _| window.anchored()?.count_pairs(Window::reset),
        _ => return None,
    })
}

/// An instant selector that is `smoothed`: the value at the window's end itself, or the last one known.
pub(crate) fn smoothed_instant(window: &Window<'_>, say: Say<'_>) -> Option<Point> {
    match window.kind() {
        Kind::Floats => floats(window, Extension::Smoothed, extended::instant),
        Kind::Mixed => {
            say(HistogramNote::MixedFloatsHistograms);
            None
        }
        Kind::Histograms(histograms) => {
            let mut edges = Edges::new(window, histograms, true);
            let found = edges.at_end();
            edges.notes.into_iter().for_each(say);
            found.map(Point::Histogram)
        }
    }
}

fn growth(
    window: &Window<'_>,
    extension: Extension,
    counter_seconds: Option<f64>,
    kernel: ExtendedKernel,
    say: Say<'_>,
) -> Option<Point> {
    match window.kind() {
        Kind::Floats => floats(window, extension, kernel),
        Kind::Mixed => {
            say(HistogramNote::MixedFloatsHistograms);
            None
        }
        Kind::Histograms(histograms) => {
            let mut edges = Edges::new(window, histograms, counter_seconds.is_some());
            let grown = edges.grown(extension == Extension::Smoothed);
            edges.notes.into_iter().for_each(say);
            let mut grown = grown?;
            if let Some(seconds) = counter_seconds {
                grown.divide(seconds);
            }
            Some(Point::Histogram(grown))
        }
    }
}

/// A window of nothing but floats, through the kernel of floats.
fn floats(window: &Window<'_>, extension: Extension, kernel: ExtendedKernel) -> Option<Point> {
    let values: Vec<_> = window.points.iter().filter_map(Point::float).collect();
    super::floats::one_step(window, window.times, &values, |series, row| {
        kernel(&Extended::of(series, series.windows, extension), row);
    })
}

impl<'a> Window<'a> {
    /// Only the newest sample at or before the start and those after it, if there are some.
    fn anchored(&self) -> Option<Self> {
        let after = self.times.partition_point(|t| *t <= self.start);
        if after == self.times.len() {
            return None;
        }
        let from = after.saturating_sub(1);
        Some(Self {
            times: &self.times[from..],
            points: &self.points[from..],
            starts: self.starts.get(from..).unwrap_or_default(),
            ..*self
        })
    }
}

/// The histograms within reach of a window, and its edges.
struct Edges<'a> {
    window: &'a Window<'a>,
    histograms: Vec<&'a FloatHistogram>,
    is_counter: bool,
    notes: Vec<HistogramNote>,
}

impl<'a> Edges<'a> {
    fn new(window: &'a Window<'a>, histograms: Vec<&'a FloatHistogram>, is_counter: bool) -> Self {
        Self {
            window,
            histograms,
            is_counter,
            notes: Vec::new(),
        }
    }

    /// The value at the window's end.
    fn at_end(&mut self) -> Option<FloatHistogram> {
        let end = self.window.end;
        let next = self.window.times.partition_point(|t| *t < end);
        if self.window.times.get(next) == Some(&end) {
            return Some(self.histograms[next].clone());
        }
        let before = next.checked_sub(1)?;
        let from = self.histograms[before];
        let Some(to) = self.histograms.get(next) else {
            return Some(from.clone());
        };
        if from.is_custom() != to.is_custom() {
            self.notes.push(HistogramNote::MixedExponentialCustom);
            return None;
        }
        self.is_counter = from.hint != ResetHint::Gauge;
        self.between(before, end)
    }

    /// The growth from edge to edge.
    fn grown(&mut self, smoothed: bool) -> Option<FloatHistogram> {
        let (times, start, end) = (self.window.times, self.window.start, self.window.end);
        let first = times.partition_point(|t| *t <= start).saturating_sub(1);
        let mut last = times.len() - 1;
        if smoothed {
            last = last.min(times.partition_point(|t| *t < end));
        }
        if times[last] <= start || (smoothed && times[first] > end) {
            return None;
        }
        self.check(first, last)?;
        let left_cut = smoothed && times[first] < start;
        let left = if left_cut {
            self.between(first, start)?
        } else {
            self.histograms[first].clone()
        };
        let right = if smoothed && last > 0 && times[last] > end {
            self.between(last - 1, end)?
        } else {
            self.histograms[last].clone()
        };
        if !self.is_counter && [&left, &right].iter().any(|h| h.hint != ResetHint::Gauge) {
            self.notes.push(HistogramNote::NotGauge);
        }
        let mut grown = right.clone();
        heed(grown.sub(&left), Operation::Subtraction, &mut self.notes)?;
        if self.is_counter {
            self.add_lost(&mut grown, first..last, (&left, left_cut), &right)?;
        }
        grown.hint = ResetHint::Gauge;
        Some(grown)
    }

    /// Whether the histograms from `first` to `last` go together.
    fn check(&mut self, first: usize, last: usize) -> Option<()> {
        let is_custom = self.histograms[first].is_custom();
        for histogram in &self.histograms[first..=last] {
            if histogram.is_custom() != is_custom {
                self.notes.push(HistogramNote::MixedExponentialCustom);
                return None;
            }
            if self.is_counter && histogram.hint == ResetHint::Gauge {
                self.notes.push(HistogramNote::NotCounter);
            }
        }
        Some(())
    }

    /// The histogram at `t` on the line from sample `at` to the next; a counter that begins anew there, begins at zero.
    fn between(&mut self, at: usize, t: i64) -> Option<FloatHistogram> {
        let (before, after) = (self.histograms[at], self.histograms[at + 1]);
        let (from, to) = (self.window.times[at], self.window.times[at + 1]);
        let share = (t - from) as f64 / (to - from) as f64;
        let mut value = after.clone();
        if self.is_counter && after.is_reset_after(before) {
            value.multiply(share);
            return Some(value);
        }
        heed(value.sub(before), Operation::Subtraction, &mut self.notes)?;
        value.multiply(share);
        heed(value.add(before), Operation::Addition, &mut self.notes)?;
        Some(value)
    }

    /// Adds what a counter lost from its left edge over the samples between to its right edge. `within` are the samples
    /// from that of the left edge to before that of the right one.
    fn add_lost(
        &mut self,
        grown: &mut FloatHistogram,
        within: Range<usize>,
        left: (&FloatHistogram, bool),
        right: &FloatHistogram,
    ) -> Option<()> {
        let (mut before, cut) = left;
        let mut first = within.start + 1;
        if cut && self.histograms[first].is_reset_after(self.histograms[within.start]) {
            // The value at the left edge is one after the reset.
            before = self.histograms[first];
            first += 1;
        }
        if first > within.end {
            return Some(());
        }
        let inside = self.histograms[first..within.end].iter().copied();
        for now in inside.chain([right]) {
            if now.is_reset_after(before) {
                heed(grown.add(before), Operation::Addition, &mut self.notes)?;
            }
            before = now;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{count, counter, window};
    use super::*;

    /// What happens to the count is what would happen to a float counter of the same values.
    #[test]
    fn grows_as_floats_do() {
        let cases: [&[f64]; 4] = [
            &[1.0, 3.0, 7.0, 8.0],
            &[5.0, 10.0, 3.0],
            &[10.0, 5.0, 2.0, 4.0],
            &[10.0, 5.0],
        ];
        for values in cases {
            let histograms: Vec<_> = values.iter().map(|v| counter(*v)).collect();
            let floats: Vec<_> = values.iter().map(|v| Point::Float(*v)).collect();
            for (start, end) in [
                (10_000, 20_000),
                (13_000, 28_000),
                (13_000, 18_000),
                (0, 45_000),
                (20_000, 30_000),
            ] {
                let at = |points| Window {
                    start,
                    end,
                    ..window(points)
                };
                for (extension, name) in [
                    (Extension::Smoothed, "increase"),
                    (Extension::Smoothed, "rate"),
                ] {
                    let function = extended_function(name).expect("known");
                    let float = function(&at(&floats), extension, &mut |_| ());
                    let histogram = function(&at(&histograms), extension, &mut |_| ());
                    let (float, histogram) = (float.and_then(|p| p.float()), count(histogram));
                    let near = (float.unwrap_or(-1.0) - histogram.unwrap_or(-1.0)).abs() < 1e-9;
                    assert!(near, "{values:?} {start} {end}: {float:?} {histogram:?}");
                }
            }
        }
    }

    #[test]
    fn the_value_at_an_instant() {
        let points = [counter(10.0), counter(20.0), counter(2.0)];
        let at = |end| {
            let window = Window {
                start: 0,
                end,
                ..window(&points)
            };
            count(smoothed_instant(&window, &mut |note| panic!("{note:?}")))
        };
        assert_eq!(at(15_000), Some(15.0));
        assert_eq!(at(20_000), Some(20.0));
        assert_eq!(at(25_000), Some(1.0));
        assert_eq!(at(40_000), Some(2.0));
        assert_eq!(at(5_000), None);
    }

    #[test]
    fn from_the_anchor_on() {
        let points = [
            counter(1.0),
            Point::Float(2.0),
            Point::Float(1.0),
            counter(5.0),
        ];
        let resets = extended_function("resets").expect("known");
        let at = |start| {
            let window = Window {
                start,
                ..window(&points)
            };
            resets(&window, Extension::Anchored, &mut |_| ()).and_then(|p| p.float())
        };
        assert_eq!(
            [0, 10_000, 20_000, 35_000, 40_000].map(at),
            [Some(3.0), Some(3.0), Some(2.0), Some(1.0), None]
        );
    }
}
