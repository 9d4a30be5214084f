//! Range functions over one window of a series that has histograms.
//!
//! Windows of floats alone go to the kernels of floats. Histograms are few, so that nothing here is shared by windows that
//! overlap.

mod edges;
mod ends;
mod extended;
mod floats;
mod instant;
mod pairs;
mod rate;
mod starts;
mod totals;

#[cfg(test)]
mod samples;

use super::{Combined, FloatHistogram, HistogramNote, Incompatible, Operation, Point};
use crate::kernels::{order, regression, sum};

pub(crate) use extended::{ExtendedFunction, extended_function, smoothed_instant};

/// The samples of one window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    /// Milliseconds, increasing.
    pub(crate) times: &'a [i64],
    /// One per time, no stale markers.
    pub(crate) points: &'a [Point],
    /// When the counter of each sample began, 0 where that is not known; empty if that shall not matter.
    pub(crate) starts: &'a [i64],
    /// The instant just before the window.
    pub(crate) start: i64,
    /// The last instant inside.
    pub(crate) end: i64,
}

/// Where notes go.
pub(crate) type Say<'a> = &'a mut dyn FnMut(HistogramNote);

/// A function of a window and of the function's scalar argument.
pub(crate) type WindowFunction = fn(&Window<'_>, f64, Say<'_>) -> Option<Point>;

/// What the samples of a window are.
enum Kind<'a> {
    Floats,
    Histograms(Vec<&'a FloatHistogram>),
    Mixed,
}

impl<'a> Window<'a> {
    fn kind(&self) -> Kind<'a> {
        let histograms: Vec<_> = self.points.iter().filter_map(Point::histogram).collect();
        match histograms.len() {
            0 => Kind::Floats,
            all if all == self.points.len() => Kind::Histograms(histograms),
            _ => Kind::Mixed,
        }
    }

    fn seconds(&self) -> f64 {
        (self.end - self.start) as f64 / 1000.0
    }
}

/// Notes what there is to say of a sum or difference; `None` if there is none. Hints that contradict each other do not
/// matter where resets are looked for.
fn heed(
    combined: Result<Combined, Incompatible>,
    operation: Operation,
    notes: &mut Vec<HistogramNote>,
) -> Option<()> {
    let Ok(combined) = combined else {
        notes.push(HistogramNote::MixedExponentialCustom);
        return None;
    };
    let reconciled = HistogramNote::Reconciled(operation);
    notes.extend(combined.reconciled.then_some(reconciled));
    Some(())
}

/// Range functions by name.
static FUNCTIONS: &[(&str, WindowFunction)] = &[
    ("avg_over_time", totals::avg_over_time),
    ("changes", pairs::changes),
    ("count_over_time", ends::count_over_time),
    ("delta", rate::delta),
    ("deriv", |w, p, say| {
        floats::only(w, regression::deriv, p, say)
    }),
    ("first_over_time", ends::first_over_time),
    ("idelta", instant::idelta),
    ("increase", rate::increase),
    ("irate", instant::irate),
    ("last_over_time", ends::last_over_time),
    ("mad_over_time", |w, p, say| {
        floats::only(w, order::mad_over_time, p, say)
    }),
    ("max_over_time", |w, p, say| {
        floats::only(w, order::max_over_time, p, say)
    }),
    ("min_over_time", |w, p, say| {
        floats::only(w, order::min_over_time, p, say)
    }),
    ("predict_linear", |w, p, say| {
        floats::only(w, regression::predict_linear, p, say)
    }),
    ("present_over_time", ends::present_over_time),
    ("quantile_over_time", |w, p, say| {
        floats::only(w, order::quantile_over_time, p, say)
    }),
    ("rate", rate::rate),
    ("resets", pairs::resets),
    ("stddev_over_time", |w, p, say| {
        floats::only(w, sum::stddev_over_time, p, say)
    }),
    ("stdvar_over_time", |w, p, say| {
        floats::only(w, sum::stdvar_over_time, p, say)
    }),
    ("sum_over_time", totals::sum_over_time),
    ("ts_of_first_over_time", ends::ts_of_first_over_time),
    ("ts_of_last_over_time", ends::ts_of_last_over_time),
    ("ts_of_max_over_time", |w, p, say| {
        floats::only(w, order::ts_of_max_over_time, p, say)
    }),
    ("ts_of_min_over_time", |w, p, say| {
        floats::only(w, order::ts_of_min_over_time, p, say)
    }),
];

/// The range function called `name` in PromQL.
pub(crate) fn window_function(name: &str) -> Option<WindowFunction> {
    let found = FUNCTIONS.iter().find(|(known, _)| *known == name);
    found.map(|(_, function)| *function)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::range::RANGE_FUNCTIONS;

    #[test]
    fn every_range_function_is_here() {
        for function in RANGE_FUNCTIONS {
            assert!(
                window_function(function.name).is_some(),
                "{}",
                function.name
            );
        }
    }

    #[test]
    fn a_window_of_floats_is_as_ever() {
        let points = [1.0, 3.0, 2.0].map(Point::Float);
        let window = Window {
            times: &[0, 10_000, 20_000],
            points: &points,
            starts: &[],
            start: -10_000,
            end: 20_000,
        };
        let rate = window_function("increase").expect("known");
        let grown = rate(&window, f64::NAN, &mut |note| panic!("{note:?}"));
        assert_eq!(grown, Some(Point::Float(5.0)));
    }
}
