//! Instant selectors: the newest sample in the lookback, unless it is a stale marker.
//!
//! `prom_instant(times, values, first_end, interval, steps, lookback)` gives values, `prom_instant_timestamp` the seconds of
//! the samples chosen. Both need the stale markers, which end a series at once.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use narthex_model::is_stale;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use super::series::SampleLists;
use crate::kernels::windows::Timelines;
use crate::steps::{StepWriter, step_type};

/// What to take of the chosen sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Take {
    /// Its value.
    Value,
    /// Its time in seconds.
    Timestamp,
}

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Instant(pub(crate) Take);

impl PlanFunction for Instant {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self.0 {
            Take::Value => "prom_instant",
            Take::Timestamp => "prom_instant_timestamp",
        };
        name.into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.window_steps().map(step_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let windows = arguments.windows()?;
        let lists = SampleLists::read(arguments)?;
        let mut out = StepWriter::new(arguments.rows(), windows.steps);
        let mut timelines = Timelines::new(&windows);
        for row in 0..arguments.rows() {
            let (timestamps, values) = lists.row(row);
            let bounds = &timelines.of(timestamps).bounds;
            let mut points = out.row_mut(row);
            for (step, (_, hi)) in bounds.iter().enumerate().filter(|(_, (lo, hi))| lo < hi) {
                let last = *hi as usize - 1;
                if is_stale(values[last]) {
                    continue;
                }
                match self.0 {
                    Take::Value => points.set(step, values[last]),
                    Take::Timestamp => points.set(step, timestamps[last] as f64 / 1000.0),
                }
            }
        }
        out.finish().into_array()
    }
}
