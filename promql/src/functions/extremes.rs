//! `min_of` and `max_of` of two scalars: `prom_min_of(a, b)` and `prom_max_of(a, b)`, at least one of them a step vector.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{StepScalar, any_signature, planned_vector};
use crate::steps::{StepVectors, steps_of};

/// Which of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Extreme {
    /// The smaller.
    Min,
    /// The larger.
    Max,
}

impl Extreme {
    /// Of two numbers: NaN if one of them is, unless the other is the very extreme.
    pub(crate) fn of(self, a: f64, b: f64) -> f64 {
        let (worst, pick): (f64, fn(f64, f64) -> bool) = match self {
            Self::Min => (f64::NEG_INFINITY, |a, b| a < b),
            Self::Max => (f64::INFINITY, |a, b| a > b),
        };
        if a == worst || b == worst {
            worst
        } else if a.is_nan() || b.is_nan() {
            f64::NAN
        } else if a == 0.0 && b == 0.0 {
            // Of zeros the sign decides.
            if a.is_sign_negative() == (self == Self::Min) {
                a
            } else {
                b
            }
        } else if pick(a, b) {
            a
        } else {
            b
        }
    }

    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(ExtremeUdf {
            extreme: self,
            signature: any_signature(),
        }))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExtremeUdf {
    extreme: Extreme,
    signature: Signature,
}

impl ScalarUDFImpl for ExtremeUdf {
    fn name(&self) -> &str {
        match self.extreme {
            Extreme::Min => "prom_min_of",
            Extreme::Max => "prom_max_of",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(
            self.name(),
            planned_vector(&args)?,
            false,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let steps = steps_of(args.return_field.data_type()).unwrap_or(0);
        let a = StepScalar::read(&args.args, 0)?;
        let b = StepScalar::read(&args.args, 1)?;
        let mut values = Vec::with_capacity(args.number_rows * steps);
        for row in 0..args.number_rows {
            values.extend((0..steps).map(|step| self.extreme.of(a.at(row, step), b.at(row, step))));
        }
        let vectors = StepVectors {
            steps,
            values: values.into(),
            present: None,
        };
        Ok(ColumnarValue::Array(vectors.into_array()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        assert!(Extreme::Min.of(nan, inf).is_nan());
        assert_eq!(Extreme::Min.of(nan, -inf), -inf);
        assert_eq!(Extreme::Max.of(inf, nan), inf);
        assert!(Extreme::Min.of(0.0, -0.0).is_sign_negative());
        assert!(Extreme::Max.of(0.0, -0.0).is_sign_positive());
    }
}
