//! Instant selectors over series that may have native histograms: the newest sample of either kind in the lookback, unless it
//! is a stale marker.
//!
//! `prom_mixed_instant(times, values, first_end, interval, steps, lookback, histograms)` gives the points,
//! `prom_mixed_instant_timestamp` the seconds of the samples chosen.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use narthex_model::is_stale;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use super::points::Take;
use super::series::SampleLists;
use crate::histogram::Point;
use crate::kernels::windows::{BoundsCache, Windows};
use crate::mixed::{HistogramLists, MixedWriter, mixed_type};
use crate::steps::{StepWriter, step_type};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct MixedInstant(pub(crate) Take);

impl PlanFunction for MixedInstant {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self.0 {
            Take::Value => "prom_mixed_instant",
            Take::Timestamp => "prom_mixed_instant_timestamp",
        };
        name.into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        let vectors = match self.0 {
            Take::Value => mixed_type,
            Take::Timestamp => step_type,
        };
        types.window_steps().map(vectors)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let windows = arguments.windows()?;
        let floats = SampleLists::read(arguments)?;
        let histograms = arguments.histograms(6)?;
        let mut chooser = Chooser::new(&floats, &histograms, windows.clone());
        match self.0 {
            Take::Value => values(&mut chooser, arguments.rows(), &windows),
            Take::Timestamp => timestamps(&mut chooser, arguments.rows(), &windows),
        }
    }
}

fn values(chooser: &mut Chooser<'_>, rows: usize, windows: &Windows) -> Result<ArrayRef> {
    let mut out = MixedWriter::new(rows, windows.steps);
    for row in 0..rows {
        let chosen = chooser.row(row);
        let floats = chooser.floats.row(row).1;
        let point = |chosen: Chosen| match chosen {
            Chosen::Float(at) => Point::Float(floats[at]),
            Chosen::Histogram(at) => Point::Histogram(chooser.histograms.get(row, at)),
        };
        out.push_row(chosen.into_iter().map(|chosen| chosen.map(point)));
    }
    out.finish()
}

fn timestamps(chooser: &mut Chooser<'_>, rows: usize, windows: &Windows) -> Result<ArrayRef> {
    let mut out = StepWriter::new(rows, windows.steps);
    for row in 0..rows {
        let mut points = out.row_mut(row);
        for (step, chosen) in chooser.row(row).into_iter().enumerate() {
            let t = chosen.map(|chosen| match chosen {
                Chosen::Float(at) => chooser.floats.row(row).0[at],
                Chosen::Histogram(at) => chooser.histograms.at(row)[at],
            });
            if let Some(t) = t {
                points.set(step, t as f64 / 1000.0);
            }
        }
    }
    out.finish().into_array()
}

/// A sample of a row, by its position among those of its kind.
#[derive(Debug, Clone, Copy)]
enum Chosen {
    Float(usize),
    Histogram(usize),
}

/// Finds the newest sample of each window.
struct Chooser<'a> {
    floats: &'a SampleLists,
    histograms: &'a HistogramLists,
    float_bounds: BoundsCache,
    histogram_bounds: BoundsCache,
}

impl<'a> Chooser<'a> {
    fn new(floats: &'a SampleLists, histograms: &'a HistogramLists, windows: Windows) -> Self {
        Self {
            floats,
            histograms,
            float_bounds: BoundsCache::new(windows.clone()),
            histogram_bounds: BoundsCache::new(windows),
        }
    }

    /// What each step of `row` takes.
    fn row(&mut self, row: usize) -> Vec<Option<Chosen>> {
        let (times, values) = self.floats.row(row);
        let (histogram_times, sums) = (self.histograms.at(row), self.histograms.sums(row));
        let (floats, _) = self.float_bounds.bounds(times);
        let (histograms, _) = self.histogram_bounds.bounds(histogram_times);
        let last = |(lo, hi): &(u32, u32)| (lo < hi).then(|| *hi as usize - 1);
        let newest = |(floats, histograms)| {
            let float = last(floats);
            let histogram = last(histograms);
            let later = |at: &usize| float.is_none_or(|f| times[f] < histogram_times[*at]);
            match (histogram.filter(later), float) {
                (Some(at), _) => (!is_stale(sums[at])).then_some(Chosen::Histogram(at)),
                (None, Some(at)) => (!is_stale(values[at])).then_some(Chosen::Float(at)),
                (None, None) => None,
            }
        };
        floats.iter().zip(histograms).map(newest).collect()
    }
}
