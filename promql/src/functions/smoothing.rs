//! `prom_double_exponential_smoothing(times, values, first_end, interval, steps, range, smoothing, trend)`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{
    MetricNames, SampleLists, StepScalar, any_signature, column, planned_int, refused,
};
use super::range::{LiveSamples, windows};
use super::remarks::HistogramRemarks;
use crate::histogram::HistogramNote;
use crate::kernels::windows::BoundsCache;
use crate::mixed::HistogramLists;
use crate::notes::Speaker;
use crate::steps::{StepWriter, step_type};

/// The function for plans. With a speaker, two more arguments follow: native histograms, and the metric's name.
pub(crate) fn double_exponential_smoothing(speaker: Option<Speaker>) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(SmoothingUdf {
        speaker,
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SmoothingUdf {
    speaker: Option<Speaker>,
    signature: Signature,
}

impl ScalarUDFImpl for SmoothingUdf {
    fn name(&self) -> &str {
        "prom_double_exponential_smoothing"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let steps = planned_int(&args, 4)? as usize;
        Ok(Arc::new(Field::new(self.name(), step_type(steps), false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = SampleLists::read(&args.args, args.number_rows)?;
        let windows = windows(&args.args)?;
        let factors = [
            StepScalar::read(&args.args, 6)?,
            StepScalar::read(&args.args, 7)?,
        ];
        let mut out = StepWriter::new(lists.len(), windows.steps);
        let mut ignored = match &self.speaker {
            Some(speaker) => Some(Ignored {
                histograms: HistogramLists::of(&column(&args.args, 8, args.number_rows)?)?,
                bounds: BoundsCache::new(windows.clone()),
                remarks: HistogramRemarks::new(speaker, MetricNames::read(&args.args, 9)?),
            }),
            None => None,
        };
        let mut cache = BoundsCache::new(windows);
        let mut live = LiveSamples::default();
        for row in 0..lists.len() {
            let (timestamps, values) = lists.row(row);
            let (timestamps, values) = live.of(timestamps, values);
            let mut points = out.row_mut(row);
            if let Some(ignored) = &mut ignored {
                ignored.say_beside(row, cache.bounds(timestamps).0);
            }
            for (step, (lo, hi)) in cache.bounds(timestamps).0.iter().enumerate() {
                if lo < hi {
                    let [smoothing, trend] = checked(&factors, row, step)?;
                    let window = &values[*lo as usize..*hi as usize];
                    smoothed(window, smoothing, trend, |v| points.set(step, v));
                }
            }
        }
        Ok(ColumnarValue::Array(out.finish().into_array()?))
    }
}

/// Histograms among the floats, which are left out.
struct Ignored<'a> {
    histograms: HistogramLists,
    bounds: BoundsCache,
    remarks: HistogramRemarks<'a>,
}

impl Ignored<'_> {
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
fn checked(factors: &[StepScalar; 2], row: usize, step: usize) -> Result<[f64; 2]> {
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
