//! `prom_repeat(vector, steps)`: the only step of each row, at all steps.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use crate::mixed::{MixedVectors, MixedWriter, is_mixed, mixed_type};
use crate::steps::{StepVectors, step_type};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Repeat;

impl PlanFunction for Repeat {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_repeat".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        let steps = types.steps_at(1)?;
        Ok(if is_mixed(types.at(0)?) {
            mixed_type(steps)
        } else {
            step_type(steps)
        })
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let vectors = arguments.column(0)?;
        let steps = arguments.int(1)? as usize;
        if is_mixed(vectors.data_type()) {
            mixed(&vectors, arguments.rows(), steps)
        } else {
            floats(&StepVectors::from_array(&vectors)?, steps)
        }
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
