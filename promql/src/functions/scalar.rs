//! Vectors that come from no series: constants and the time of each step.
//!
//! `prom_constant(value, steps)`, `prom_time(start, interval, steps)`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, int, planned_int};
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
    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(FromNothingUdf {
            function: self,
            signature: any_signature(),
        }))
    }

    fn steps_at(self) -> usize {
        match self {
            Self::Constant => 1,
            Self::Time => 2,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FromNothingUdf {
    function: FromNothing,
    signature: Signature,
}

impl ScalarUDFImpl for FromNothingUdf {
    fn name(&self) -> &str {
        match self.function {
            FromNothing::Constant => "prom_constant",
            FromNothing::Time => "prom_time",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let steps = planned_int(&args, self.function.steps_at())? as usize;
        Ok(Arc::new(Field::new(self.name(), step_type(steps), false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let steps = int(&args.args, self.function.steps_at())? as usize;
        let row: Vec<f64> = match (self.function, args.args.first()) {
            (FromNothing::Constant, Some(ColumnarValue::Scalar(ScalarValue::Float64(Some(v))))) => {
                vec![*v; steps]
            }
            (FromNothing::Time, _) => {
                let (start, interval) = (int(&args.args, 0)?, int(&args.args, 1)?);
                (0..steps as i64)
                    .map(|i| (start + i * interval) as f64 / 1000.0)
                    .collect()
            }
            (FromNothing::Constant, other) => {
                return internal_err!("expected a number, got {other:?}");
            }
        };
        let values = row.repeat(args.number_rows);
        let array: ArrayRef = StepVectors {
            steps,
            values: values.into(),
            present: None,
        }
        .into_array()?;
        Ok(ColumnarValue::Array(array))
    }
}
