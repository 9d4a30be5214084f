//! Instant selectors: the newest sample in the lookback, unless it is a stale marker.
//!
//! `prom_instant(times, values, first_end, interval, steps, lookback)` gives values, `prom_instant_timestamp` the seconds of
//! the samples chosen. Both need the stale markers, which end a series at once.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::is_stale;

use super::arguments::{SampleLists, any_signature, planned_int};
use super::range::windows;
use crate::kernels::windows::BoundsCache;
use crate::steps::{StepWriter, step_type};

/// What to take of the chosen sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Take {
    /// Its value.
    Value,
    /// Its time in seconds.
    Timestamp,
}

/// The function for plans.
pub(crate) fn instant(take: Take) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(InstantUdf {
        take,
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct InstantUdf {
    take: Take,
    signature: Signature,
}

impl ScalarUDFImpl for InstantUdf {
    fn name(&self) -> &str {
        match self.take {
            Take::Value => "prom_instant",
            Take::Timestamp => "prom_instant_timestamp",
        }
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
        let rows = args.number_rows;
        let args = &args.args;
        let windows = windows(args)?;
        let steps = windows.steps;
        let lists = SampleLists::read(args, rows)?;
        let mut cache = BoundsCache::new(windows);
        let mut out = StepWriter::new(rows, steps);
        for row in 0..rows {
            let (timestamps, values) = lists.row(row);
            let (bounds, _) = cache.bounds(timestamps);
            let mut points = out.row_mut(row);
            for (step, (lo, hi)) in bounds.iter().enumerate().filter(|(_, (lo, hi))| lo < hi) {
                debug_assert!(lo < hi);
                let last = *hi as usize - 1;
                if is_stale(values[last]) {
                    continue;
                }
                match self.take {
                    Take::Value => points.set(step, values[last]),
                    Take::Timestamp => points.set(step, timestamps[last] as f64 / 1000.0),
                }
            }
        }
        Ok(ColumnarValue::Array(out.finish().into_array()?))
    }
}
