//! Range functions over floats of which it is known when their counters began.
//!
//! `prom_rate_started(times, values, first_end, interval, steps, range, starts, name)`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::is_stale;

use super::arguments::{
    MetricNames, SampleLists, StartLists, StepScalar, any_signature, planned_int,
};
use super::range::{LiveSamples, windows};
use super::remarks::{HistogramRemarks, Remarks};
use crate::histogram::HistogramNote;
use crate::kernels::Series;
use crate::kernels::starts::{self, Starts, StartsKernel};
use crate::kernels::windows::BoundsCache;
use crate::notes::Speaker;
use crate::steps::{StepWriter, step_type};

/// A function that asks when counters began.
struct StartsFunction {
    /// PromQL's name.
    name: &'static str,
    /// The name in plans.
    plan_name: &'static str,
    kernel: StartsKernel,
}

const fn function(
    name: &'static str,
    plan_name: &'static str,
    kernel: StartsKernel,
) -> StartsFunction {
    StartsFunction {
        name,
        plan_name,
        kernel,
    }
}

static STARTS_FUNCTIONS: &[StartsFunction] = &[
    function("increase", "prom_increase_started", starts::increase),
    function("irate", "prom_irate_started", starts::irate),
    function("rate", "prom_rate_started", starts::rate),
    function("resets", "prom_resets_started", starts::resets),
];

/// The function called `name` in PromQL, if it asks when counters began.
pub(crate) fn starts_function(name: &str, speaker: Speaker) -> Option<Arc<ScalarUDF>> {
    let function = STARTS_FUNCTIONS.iter().find(|f| f.name == name)?;
    Some(Arc::new(ScalarUDF::new_from_impl(StartsUdf {
        plan_name: function.plan_name,
        speaker,
        signature: any_signature(),
    })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct StartsUdf {
    plan_name: &'static str,
    speaker: Speaker,
    signature: Signature,
}

impl ScalarUDFImpl for StartsUdf {
    fn name(&self) -> &str {
        self.plan_name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let steps = planned_int(&args, 4)? as usize;
        let data_type = step_type(steps);
        Ok(Arc::new(Field::new(self.plan_name, data_type, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut known = STARTS_FUNCTIONS.iter();
        let Some(function) = known.find(|f| f.plan_name == self.plan_name) else {
            return internal_err!("{} is not registered", self.plan_name);
        };
        let lists = SampleLists::read(&args.args, args.number_rows)?;
        let starts = StartLists::read(&args.args, Some(6), &lists)?;
        let windows = windows(&args.args)?;
        let names = || MetricNames::read(&args.args, 7);
        let mut remarks = Remarks::of(function.name, &self.speaker, names()?);
        let mut overlaps = HistogramRemarks::new(&self.speaker, names()?);
        let mut out = StepWriter::new(lists.len(), windows.steps);
        let mut cache = BoundsCache::new(windows);
        let (mut live, mut live_starts) = (LiveSamples::default(), Vec::new());
        for row in 0..lists.len() {
            let (timestamps, values) = lists.row(row);
            let starts = live_only(starts.row(row), values, &mut live_starts);
            let (timestamps, values) = live.of(timestamps, values);
            let (bounds, windows) = cache.bounds(timestamps);
            let series = Series {
                timestamps,
                values,
                bounds,
                windows,
            };
            let times = timestamps;
            let mut points = out.row_mut(row);
            if (function.kernel)(&series, Starts { times, starts }, &mut points) {
                overlaps.say(row, HistogramNote::StartsOverlap);
            }
            if let Some(remarks) = &mut remarks {
                remarks.after(row, points.present, &StepScalar::Constant(f64::NAN));
            }
        }
        Ok(ColumnarValue::Array(out.finish().into_array()?))
    }
}

/// The starts of samples that are no stale markers.
fn live_only<'a>(starts: &'a [i64], values: &[f64], live: &'a mut Vec<i64>) -> &'a [i64] {
    if !values.iter().any(|v| is_stale(*v)) {
        return starts;
    }
    live.clear();
    let samples = starts.iter().zip(values);
    live.extend(samples.filter(|(_, v)| !is_stale(**v)).map(|(s, _)| *s));
    live
}
