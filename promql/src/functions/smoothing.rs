//! `prom_double_exponential_smoothing(times, values, first_end, interval, steps, range, smoothing, trend)`.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments, refused};
use super::operand::Operand;
use super::plan_function::PlanFunction;
use super::remarks::HistogramRemarks;
use super::series::SampleLists;
use crate::histogram::HistogramNote;
use crate::kernels::windows::BoundsCache;
use crate::mixed::HistogramLists;
use crate::notes::Speaker;
use crate::steps::step_type;

/// The function. With a speaker, two more arguments follow: native histograms, and the metric's name.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct DoubleExponentialSmoothing(pub(crate) Option<Speaker>);

impl PlanFunction for DoubleExponentialSmoothing {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_double_exponential_smoothing".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.window_steps().map(step_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let factors = [arguments.operand(6)?, arguments.operand(7)?];
        let ignored = self.0.as_ref().map(|by| Ignored::read(by, arguments));
        let mut ignored = ignored.transpose()?;
        let floats = SampleLists::read(arguments)?;
        floats.vectors(&arguments.windows()?, |row, series, out| {
            if let Some(ignored) = &mut ignored {
                ignored.say_beside(row, series.bounds);
            }
            for (step, (lo, hi)) in series.bounds.iter().enumerate() {
                if lo < hi {
                    let [smoothing, trend] = checked(&factors, row, step)?;
                    let window = &series.values[*lo as usize..*hi as usize];
                    smoothed(window, smoothing, trend, |v| out.set(step, v));
                }
            }
            Ok(())
        })
    }
}

/// Histograms among the floats, which are left out.
struct Ignored<'a> {
    histograms: HistogramLists,
    bounds: BoundsCache,
    remarks: HistogramRemarks<'a>,
}

impl<'a> Ignored<'a> {
    fn read(speaker: &'a Speaker, arguments: &Arguments) -> Result<Self> {
        Ok(Self {
            histograms: arguments.histograms(8)?,
            bounds: BoundsCache::new(arguments.windows()?),
            remarks: HistogramRemarks::read(speaker, arguments)?,
        })
    }

    /// Says so if there are some in a window that has floats too.
    fn say_beside(&mut self, row: usize, floats: &[(u32, u32)]) {
        let live: Vec<_> = self.histograms.live(row).map(|(time, _)| time).collect();
        let histograms = self.bounds.bounds(&live).0;
        let has_some = |(lo, hi): &(u32, u32)| lo < hi;
        let mut both = floats.iter().zip(histograms);
        if both.any(|(floats, histograms)| has_some(floats) && has_some(histograms)) {
            self.remarks.say(row, HistogramNote::Ignored);
        }
    }
}

/// The factors of a step, which must lie between 0 and 1.
fn checked(factors: &[Operand; 2], row: usize, step: usize) -> Result<[f64; 2]> {
    let [smoothing, trend] = [&factors[0], &factors[1]].map(|f| f.at(row, step));
    for (factor, name, short) in [(smoothing, "smoothing", "sf"), (trend, "trend", "tf")] {
        if factor <= 0.0 || factor >= 1.0 {
            return Err(refused(format!(
                "invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}"
            )));
        }
    }
    Ok([smoothing, trend])
}

/// Gives the smoothed last value of two samples or more: each value counts `factor`, the level before with its trend the rest.
fn smoothed(values: &[f64], factor: f64, trend_factor: f64, mut found: impl FnMut(f64)) {
    let [first, second, ..] = values else { return };
    let (mut before, mut level, mut trend) = (0.0, *first, second - first);
    for (i, v) in values.iter().enumerate().skip(1) {
        if i > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        (before, level) = (level, factor * v + (1.0 - factor) * (level + trend));
    }
    found(level);
}
