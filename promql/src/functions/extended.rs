//! Functions of `anchored` and `smoothed` selectors.
//!
//! `prom_rate_anchored(times, values, first_end, interval, steps, range, lookback)`: windows as for `prom_rate`, with samples
//! up to `lookback` outside. The name of the metric comes last, where there is something to say about it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{MetricNames, SampleLists, StepScalar, any_signature, int, planned_int};
use super::range::{LiveSamples, windows};
use super::remarks::Remarks;
use crate::ast::Extension;
use crate::kernels::extended::{self, Extended, ExtendedKernel, Reach};
use crate::kernels::windows::BoundsCache;
use crate::notes::Speaker;
use crate::steps::{StepWriter, step_type};

/// A function of such selectors.
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
        name,
        extension: Extension::Smoothed,
        plan_name,
        kernel,
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
    Some(Arc::new(ScalarUDF::new_from_impl(ExtendedUdf {
        plan_name: function.plan_name,
        speaker,
        signature: any_signature(),
    })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExtendedUdf {
    plan_name: &'static str,
    speaker: Option<Speaker>,
    signature: Signature,
}

impl ScalarUDFImpl for ExtendedUdf {
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
        let Some(function) = EXTENDED_FUNCTIONS
            .iter()
            .find(|f| f.plan_name == self.plan_name)
        else {
            return internal_err!("{} is not registered", self.plan_name);
        };
        let lists = SampleLists::read(&args.args, args.number_rows)?;
        let windows = windows(&args.args)?;
        let reach = Reach {
            extension: function.extension,
            lookback: int(&args.args, 6)?,
        };
        let mut remarks = match &self.speaker {
            Some(speaker) => {
                let names = MetricNames::read(&args.args, args.args.len().saturating_sub(1))?;
                Remarks::of(function.name, speaker, names)
            }
            None => None,
        };
        let mut out = StepWriter::new(lists.len(), windows.steps);
        let mut cache = BoundsCache::new(reach.around(&windows));
        let mut live = LiveSamples::default();
        for row in 0..lists.len() {
            let (timestamps, values) = lists.row(row);
            let (timestamps, values) = live.of(timestamps, values);
            let series = Extended {
                timestamps,
                values,
                bounds: cache.bounds(timestamps).0,
                windows: &windows,
                extension: function.extension,
            };
            let mut points = out.row_mut(row);
            (function.kernel)(&series, &mut points);
            if let Some(remarks) = &mut remarks {
                remarks.after(row, points.present, &StepScalar::Constant(f64::NAN));
            }
        }
        Ok(ColumnarValue::Array(out.finish().into_array()?))
    }
}
