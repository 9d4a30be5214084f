//! Range functions: from sample lists to step vectors, through a kernel.
//!
//! `prom_rate(times, values, first_end, interval, steps, range[, parameter][, name])`: a function that may have something to say
//! gets the metric's name last.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::arguments::{ArgumentTypes, Arguments};
use super::operand::Operand;
use super::plan_function::{Listed, PlanFunction};
use super::remarks::Remarks;
use super::series::SampleLists;
use crate::kernels::{RangeKernel, change, counter, order, regression, sum};
use crate::notes::Speaker;
use crate::steps::step_type;

/// A range function of PromQL.
#[derive(Debug)]
pub(crate) struct RangeFunction {
    /// PromQL's name.
    pub(crate) name: &'static str,
    /// Whether the result keeps the metric's name.
    pub(crate) keeps_name: bool,
    /// Position of the scalar argument in the PromQL call, if it has one.
    pub(crate) parameter: Option<usize>,
    kernel: RangeKernel,
}

const fn plain(name: &'static str, kernel: RangeKernel) -> RangeFunction {
    RangeFunction {
        name,
        keeps_name: false,
        parameter: None,
        kernel,
    }
}

const fn keeps(name: &'static str, kernel: RangeKernel) -> RangeFunction {
    RangeFunction {
        keeps_name: true,
        ..plain(name, kernel)
    }
}

const fn with(name: &'static str, parameter: usize, kernel: RangeKernel) -> RangeFunction {
    RangeFunction {
        parameter: Some(parameter),
        ..plain(name, kernel)
    }
}

/// All of them, sorted by name. An instant selector is `last_over_time` over the lookback.
pub(crate) static RANGE_FUNCTIONS: &[RangeFunction] = &[
    plain("avg_over_time", sum::avg_over_time),
    plain("changes", change::changes),
    plain("count_over_time", sum::count_over_time),
    plain("delta", counter::delta),
    plain("deriv", regression::deriv),
    keeps("first_over_time", order::first_over_time),
    plain("idelta", counter::idelta),
    plain("increase", counter::increase),
    plain("irate", counter::irate),
    keeps("last_over_time", order::last_over_time),
    plain("mad_over_time", order::mad_over_time),
    plain("max_over_time", order::max_over_time),
    plain("min_over_time", order::min_over_time),
    with("predict_linear", 1, regression::predict_linear),
    plain("present_over_time", sum::present_over_time),
    with("quantile_over_time", 0, order::quantile_over_time),
    plain("rate", counter::rate),
    plain("resets", change::resets),
    plain("stddev_over_time", sum::stddev_over_time),
    plain("stdvar_over_time", sum::stdvar_over_time),
    plain("sum_over_time", sum::sum_over_time),
    plain("ts_of_first_over_time", order::ts_of_first_over_time),
    plain("ts_of_last_over_time", order::ts_of_last_over_time),
    plain("ts_of_max_over_time", order::ts_of_max_over_time),
    plain("ts_of_min_over_time", order::ts_of_min_over_time),
];

/// The range function called `name` in PromQL.
pub(crate) fn range_function(name: &str) -> Option<&'static RangeFunction> {
    RANGE_FUNCTIONS.iter().find(|f| f.name == name)
}

impl RangeFunction {
    /// The function for plans; with a speaker it takes the metric's name as its last argument.
    pub(crate) fn udf(&'static self, speaker: Option<Speaker>) -> Arc<ScalarUDF> {
        let function = Listed(self);
        OverFloats { function, speaker }.udf()
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OverFloats {
    function: Listed<RangeFunction>,
    speaker: Option<Speaker>,
}

impl PlanFunction for OverFloats {
    fn plan_name(&self) -> Cow<'static, str> {
        format!("prom_{}", self.function.name).into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.window_steps().map(step_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let parameter = match self.function.parameter {
            Some(_) => arguments.operand(6)?,
            None => Operand::NONE,
        };
        let kernel = self.function.kernel;
        let mut remarks = Remarks::read(self.function.name, self.speaker.as_ref(), arguments)?;
        let floats = SampleLists::read(arguments)?;
        floats.vectors(&arguments.windows()?, |row, series, out| {
            kernel(series, &|step| parameter.at(row, step), out);
            remarks.after(row, out.present, &parameter);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(RANGE_FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
    }
}
