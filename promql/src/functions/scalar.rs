//! Vectors that come from no series: constants and the time of each step.
//!
//! `prom_constant(value, steps)`, `prom_time(start, interval, steps)`.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use crate::steps::{StepVectors, step_type};

/// The functions of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FromNothing {
    /// One number at every step.
    Constant,
    /// Seconds since the epoch of every step.
    Time,
}

impl FromNothing {
    fn steps_at(self) -> usize {
        match self {
            Self::Constant => 1,
            Self::Time => 2,
        }
    }
}

impl PlanFunction for FromNothing {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Constant => "prom_constant",
            Self::Time => "prom_time",
        };
        name.into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.steps_at(self.steps_at()).map(step_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let steps = arguments.int(self.steps_at())? as usize;
        let row: Vec<f64> = match self {
            Self::Constant => match arguments.number(0)? {
                Some(v) => vec![v; steps],
                None => return internal_err!("a constant is a number"),
            },
            Self::Time => {
                let (start, interval) = (arguments.int(0)?, arguments.int(1)?);
                (0..steps as i64)
                    .map(|i| (start + i * interval) as f64 / 1000.0)
                    .collect()
            }
        };
        let vectors = StepVectors {
            steps,
            values: row.repeat(arguments.rows()).into(),
            present: None,
        };
        vectors.into_array()
    }
}
