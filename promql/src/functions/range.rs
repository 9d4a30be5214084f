//! Range functions: from sample lists to step vectors, through a kernel.
//!
//! `prom_rate(times, values, first_end, interval, steps, range[, parameter][, name])`: a function that may have something to say
//! gets the metric's name last.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::is_stale;

use super::arguments::{MetricNames, SampleLists, StepScalar, any_signature, int, planned_int};
use super::remarks::Remarks;
use crate::kernels::windows::{BoundsCache, Windows};
use crate::kernels::{RangeKernel, Series, change, counter, order, regression, sum};
use crate::notes::Speaker;
use crate::steps::{StepWriter, step_type};

/// A range function of PromQL.
pub(crate) struct RangeFunction {
    /// PromQL's name.
    pub(crate) name: &'static str,
    /// The name in plans.
    pub(crate) plan_name: &'static str,
    /// Whether the result keeps the metric's name.
    pub(crate) keeps_name: bool,
    /// Position of the scalar argument in the PromQL call, if it has one.
    pub(crate) parameter: Option<usize>,
    kernel: RangeKernel,
}

const fn plain(name: &'static str, plan_name: &'static str, kernel: RangeKernel) -> RangeFunction {
    RangeFunction {
        name,
        plan_name,
        keeps_name: false,
        parameter: None,
        kernel,
    }
}

const fn keeps(name: &'static str, plan_name: &'static str, kernel: RangeKernel) -> RangeFunction {
    RangeFunction {
        name,
        plan_name,
        keeps_name: true,
        parameter: None,
        kernel,
    }
}

const fn with(
    name: &'static str,
    plan_name: &'static str,
    parameter: usize,
    kernel: RangeKernel,
) -> RangeFunction {
    RangeFunction {
        name,
        plan_name,
        keeps_name: false,
        parameter: Some(parameter),
        kernel,
    }
}

/// All of them, sorted by name. An instant selector is `last_over_time` over the lookback.
pub(crate) static RANGE_FUNCTIONS: &[RangeFunction] = &[
    plain("avg_over_time", "prom_avg_over_time", sum::avg_over_time),
    plain("changes", "prom_changes", change::changes),
    plain(
        "count_over_time",
        "prom_count_over_time",
        sum::count_over_time,
    ),
    plain("delta", "prom_delta", counter::delta),
    plain("deriv", "prom_deriv", regression::deriv),
    keeps(
        "first_over_time",
        "prom_first_over_time",
        order::first_over_time,
    ),
    plain("idelta", "prom_idelta", counter::idelta),
    plain("increase", "prom_increase", counter::increase),
    plain("irate", "prom_irate", counter::irate),
    keeps(
        "last_over_time",
        "prom_last_over_time",
        order::last_over_time,
    ),
    plain("mad_over_time", "prom_mad_over_time", order::mad_over_time),
    plain("max_over_time", "prom_max_over_time", order::max_over_time),
    plain("min_over_time", "prom_min_over_time", order::min_over_time),
    with(
        "predict_linear",
        "prom_predict_linear",
        1,
        regression::predict_linear,
    ),
    plain(
        "present_over_time",
        "prom_present_over_time",
        sum::present_over_time,
    ),
    with(
        "quantile_over_time",
        "prom_quantile_over_time",
        0,
        order::quantile_over_time,
    ),
    plain("rate", "prom_rate", counter::rate),
    plain("resets", "prom_resets", change::resets),
    plain(
        "stddev_over_time",
        "prom_stddev_over_time",
        sum::stddev_over_time,
    ),
    plain(
        "stdvar_over_time",
        "prom_stdvar_over_time",
        sum::stdvar_over_time,
    ),
    plain("sum_over_time", "prom_sum_over_time", sum::sum_over_time),
    plain(
        "ts_of_first_over_time",
        "prom_ts_of_first_over_time",
        order::ts_of_first_over_time,
    ),
    plain(
        "ts_of_last_over_time",
        "prom_ts_of_last_over_time",
        order::ts_of_last_over_time,
    ),
    plain(
        "ts_of_max_over_time",
        "prom_ts_of_max_over_time",
        order::ts_of_max_over_time,
    ),
    plain(
        "ts_of_min_over_time",
        "prom_ts_of_min_over_time",
        order::ts_of_min_over_time,
    ),
];

/// The range function called `name` in PromQL.
pub(crate) fn range_function(name: &str) -> Option<&'static RangeFunction> {
    RANGE_FUNCTIONS.iter().find(|f| f.name == name)
}

impl RangeFunction {
    /// The function for plans; with a speaker it takes the metric's name as its last argument.
    pub(crate) fn udf(&self, speaker: Option<Speaker>) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(RangeUdf {
            plan_name: self.plan_name,
            speaker,
            signature: any_signature(),
        }))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RangeUdf {
    plan_name: &'static str,
    speaker: Option<Speaker>,
    signature: Signature,
}

impl ScalarUDFImpl for RangeUdf {
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
        Ok(Arc::new(Field::new(
            self.plan_name,
            step_type(steps),
            false,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(function) = RANGE_FUNCTIONS
            .iter()
            .find(|f| f.plan_name == self.plan_name)
        else {
            return internal_err!("{} is not registered", self.plan_name);
        };
        let rows = args.number_rows;
        let args = &args.args;
        let windows = windows(args)?;
        let parameter = match function.parameter {
            Some(_) => StepScalar::read(args, 6)?,
            None => StepScalar::Constant(f64::NAN),
        };
        let remarks = match &self.speaker {
            Some(speaker) => {
                let names = MetricNames::read(args, args.len().saturating_sub(1))?;
                Remarks::of(function.name, speaker, names)
            }
            None => None,
        };
        let lists = SampleLists::read(args, rows)?;
        let vectors = run(function.kernel, &lists, windows, &parameter, remarks);
        Ok(ColumnarValue::Array(vectors.finish().into_array()?))
    }
}

/// The windows that arguments 2 to 5 tell.
pub(super) fn windows(args: &[ColumnarValue]) -> Result<Windows> {
    Ok(Windows {
        first_end: int(args, 2)?,
        interval: int(args, 3)?,
        steps: int(args, 4)? as usize,
        range: int(args, 5)?,
    })
}

fn run(
    kernel: RangeKernel,
    lists: &SampleLists,
    windows: Windows,
    parameter: &StepScalar,
    mut remarks: Option<Remarks<'_>>,
) -> StepWriter {
    let mut out = StepWriter::new(lists.len(), windows.steps);
    let mut cache = BoundsCache::new(windows);
    let mut live = LiveSamples::default();
    for row in 0..lists.len() {
        let (timestamps, values) = lists.row(row);
        let (timestamps, values) = live.of(timestamps, values);
        let (bounds, windows) = cache.bounds(timestamps);
        let series = Series {
            timestamps,
            values,
            bounds,
            windows,
        };
        let mut points = out.row_mut(row);
        kernel(&series, &|step| parameter.at(row, step), &mut points);
        if let Some(remarks) = &mut remarks {
            remarks.after(row, points.present, parameter);
        }
    }
    out
}

/// Leaves out stale markers; copies only where there are some.
#[derive(Default)]
pub(super) struct LiveSamples {
    timestamps: Vec<i64>,
    values: Vec<f64>,
}

impl LiveSamples {
    pub(super) fn of<'a>(
        &'a mut self,
        timestamps: &'a [i64],
        values: &'a [f64],
    ) -> (&'a [i64], &'a [f64]) {
        if !values.iter().any(|v| is_stale(*v)) {
            return (timestamps, values);
        }
        self.timestamps.clear();
        self.values.clear();
        for (t, v) in timestamps
            .iter()
            .zip(values)
            .filter(|(_, v)| !is_stale(**v))
        {
            self.timestamps.push(*t);
            self.values.push(*v);
        }
        (&self.timestamps, &self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sane() {
        assert!(RANGE_FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        assert!(
            RANGE_FUNCTIONS
                .iter()
                .all(|f| f.plan_name.strip_prefix("prom_") == Some(f.name))
        );
    }
}
