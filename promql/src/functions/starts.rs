//! Range functions over floats of which it is known when their counters began.
//!
//! `prom_rate_started(times, values, first_end, interval, steps, range, starts, name)`.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use narthex_model::is_stale;

use super::arguments::{ArgumentTypes, Arguments};
use super::operand::Operand;
use super::plan_function::{Listed, PlanFunction};
use super::remarks::{HistogramRemarks, Remarks};
use super::series::{SampleLists, StartLists};
use crate::histogram::HistogramNote;
use crate::kernels::starts::{self, Starts, StartsKernel};
use crate::notes::Speaker;
use crate::steps::step_type;

/// A function that asks when counters began.
#[derive(Debug)]
struct StartsFunction {
    /// PromQL's name.
    name: &'static str,
    kernel: StartsKernel,
}

const fn function(name: &'static str, kernel: StartsKernel) -> StartsFunction {
    StartsFunction { name, kernel }
}

static STARTS_FUNCTIONS: &[StartsFunction] = &[
    function("increase", starts::increase),
    function("irate", starts::irate),
    function("rate", starts::rate),
    function("resets", starts::resets),
];

/// The function called `name` in PromQL, if it asks when counters began.
pub(crate) fn starts_function(name: &str, speaker: Speaker) -> Option<Arc<ScalarUDF>> {
    let function = STARTS_FUNCTIONS.iter().find(|f| f.name == name)?;
    let function = Listed(function);
    Some(SinceStarts { function, speaker }.udf())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SinceStarts {
    function: Listed<StartsFunction>,
    speaker: Speaker,
}

impl PlanFunction for SinceStarts {
    fn plan_name(&self) -> Cow<'static, str> {
        format!("prom_{}_started", self.function.name).into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.window_steps().map(step_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let kernel = self.function.kernel;
        let floats = SampleLists::read(arguments)?;
        let starts = StartLists::read(arguments, Some(6), &floats)?;
        let mut remarks = Remarks::read(self.function.name, Some(&self.speaker), arguments)?;
        let mut overlaps = HistogramRemarks::read(&self.speaker, arguments)?;
        let mut live = Vec::new();
        floats.vectors(&arguments.windows()?, |row, series, out| {
            let starts = Starts {
                times: series.timestamps,
                starts: live_only(starts.row(row), floats.row(row).1, &mut live),
            };
            if kernel(series, starts, out) {
                overlaps.say(row, HistogramNote::StartsOverlap);
            }
            remarks.after(row, out.present, &Operand::NONE);
            Ok(())
        })
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
