//! Functions of `anchored` and `smoothed` selectors.
//!
//! `prom_rate_anchored(times, values, first_end, interval, steps, range, lookback)`: windows as for `prom_rate`, with samples
//! up to `lookback` outside. The name of the metric comes last, where there is something to say about it.

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
use crate::ast::Extension;
use crate::kernels::extended::{self, Extended, ExtendedKernel, Reach};
use crate::notes::Speaker;
use crate::steps::step_type;

/// A function of such selectors.
#[derive(Debug)]
struct ExtendedFunction {
    /// PromQL's name; empty for the selector itself.
    name: &'static str,
    extension: Extension,
    /// The name in plans.
    plan_name: &'static str,
    kernel: ExtendedKernel,
}

const fn anchored(
    name: &'static str,
    plan_name: &'static str,
    kernel: ExtendedKernel,
) -> ExtendedFunction {
    ExtendedFunction {
        name,
        extension: Extension::Anchored,
        plan_name,
        kernel,
    }
}

const fn smoothed(
    name: &'static str,
    plan_name: &'static str,
    kernel: ExtendedKernel,
) -> ExtendedFunction {
    ExtendedFunction {
        extension: Extension::Smoothed,
        ..anchored(name, plan_name, kernel)
    }
}

static EXTENDED_FUNCTIONS: &[ExtendedFunction] = &[
    anchored("changes", "prom_changes_anchored", extended::changes),
    anchored("delta", "prom_delta_anchored", extended::delta),
    anchored("increase", "prom_increase_anchored", extended::increase),
    anchored("rate", "prom_rate_anchored", extended::rate),
    anchored("resets", "prom_resets_anchored", extended::resets),
    smoothed("delta", "prom_delta_smoothed", extended::delta),
    smoothed("increase", "prom_increase_smoothed", extended::increase),
    smoothed("rate", "prom_rate_smoothed", extended::rate),
    smoothed("", "prom_instant_smoothed", extended::instant),
];

/// The function called `name` in PromQL, over selectors with `extension`; without a name, the instant selector.
pub(crate) fn extended_function(
    name: &str,
    extension: Extension,
    speaker: Option<Speaker>,
) -> Option<Arc<ScalarUDF>> {
    let function = EXTENDED_FUNCTIONS
        .iter()
        .find(|f| f.name == name && f.extension == extension)?;
    let function = Listed(function);
    Some(Beyond { function, speaker }.udf())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Beyond {
    function: Listed<ExtendedFunction>,
    speaker: Option<Speaker>,
}

impl PlanFunction for Beyond {
    fn plan_name(&self) -> &str {
        self.function.plan_name
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.window_steps().map(step_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let extension = self.function.extension;
        let kernel = self.function.kernel;
        let windows = arguments.windows()?;
        let lookback = arguments.int(6)?;
        let reach = Reach {
            extension,
            lookback,
        };
        let mut remarks = Remarks::read(self.function.name, self.speaker.as_ref(), arguments)?;
        let floats = SampleLists::read(arguments)?;
        floats.vectors(reach.around(&windows), |row, series, out| {
            let series = Extended {
                timestamps: series.timestamps,
                values: series.values,
                bounds: series.bounds,
                windows: &windows,
                extension,
            };
            kernel(&series, out);
            remarks.after(row, out.present, &Operand::NONE);
            Ok(())
        })
    }
}
