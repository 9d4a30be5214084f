//! `prom_repeat(vector, steps)`: the only step of each row, at all steps.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column, int, planned_int};
use crate::mixed::{MixedVectors, MixedWriter, is_mixed, mixed_type};
use crate::steps::{StepVectors, step_type};

/// The function for plans.
pub(crate) fn repeat() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(RepeatUdf {
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RepeatUdf {
    signature: Signature,
}

impl ScalarUDFImpl for RepeatUdf {
    fn name(&self) -> &str {
        "prom_repeat"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let steps = planned_int(&args, 1)? as usize;
        let mixed = args
            .arg_fields
            .first()
            .is_some_and(|f| is_mixed(f.data_type()));
        let data_type = if mixed {
            mixed_type(steps)
        } else {
            step_type(steps)
        };
        Ok(Arc::new(Field::new(self.name(), data_type, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let vectors = column(&args.args, 0, args.number_rows)?;
        let steps = int(&args.args, 1)? as usize;
        let repeated = if is_mixed(vectors.data_type()) {
            mixed(&vectors, args.number_rows, steps)?
        } else {
            floats(&StepVectors::from_array(&vectors)?, steps)?
        };
        Ok(ColumnarValue::Array(repeated))
    }
}

fn floats(vectors: &StepVectors, steps: usize) -> Result<ArrayRef> {
    let values = vectors
        .values
        .iter()
        .flat_map(|v| std::iter::repeat_n(*v, steps));
    let present = vectors.present.as_ref().map(|present| {
        let points = present.len() * steps;
        NullBuffer::new(BooleanBuffer::collect_bool(points, |at| {
            present.is_valid(at / steps)
        }))
    });
    let repeated = StepVectors {
        steps,
        values: values.collect(),
        present,
    };
    repeated.into_array()
}

fn mixed(vectors: &ArrayRef, rows: usize, steps: usize) -> Result<ArrayRef> {
    let vectors = MixedVectors::from_array(vectors)?;
    let mut out = MixedWriter::new(rows, steps);
    for row in 0..rows {
        let point = vectors.row(row).into_iter().next().flatten();
        out.push_row(std::iter::repeat_n(point, steps));
    }
    out.finish()
}
