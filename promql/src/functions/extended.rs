//! Functions of `anchored` and `smoothed` selectors.
//!
//! `prom_rate_anchored(times, values, first_end, interval, steps, range, lookback)`: windows as for `prom_rate`, with samples
//! up to `lookback` outside. The name of the metric comes last, where there is something to say about it.

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
    kernel: ExtendedKernel,
}

const fn anchored(name: &'static str, kernel: ExtendedKernel) -> ExtendedFunction {
    ExtendedFunction {
        name,
        extension: Extension::Anchored,
        kernel,
    }
}

const fn smoothed(name: &'static str, kernel: ExtendedKernel) -> ExtendedFunction {
    ExtendedFunction {
        extension: Extension::Smoothed,
        ..anchored(name, kernel)
    }
}

static EXTENDED_FUNCTIONS: &[ExtendedFunction] = &[
    anchored("changes", extended::changes),
    anchored("delta", extended::delta),
    anchored("increase", extended::increase),
    anchored("rate", extended::rate),
    anchored("resets", extended::resets),
    smoothed("delta", extended::delta),
    smoothed("increase", extended::increase),
    smoothed("rate", extended::rate),
    smoothed("", extended::instant),
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
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self.function.name {
            "" => "instant",
            name => name,
        };
        format!("prom_{name}_{}", self.function.extension.as_str()).into()
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
        floats.vectors(&reach.around(&windows), |row, series, out| {
            kernel(&Extended::of(series, &windows, extension), out);
            remarks.after(row, out.present, &Operand::NONE);
            Ok(())
        })
    }
}
