//! Functions of what is there and what is not: `and`, `unless`, `absent`, and holes filled with NaN.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column, planned_vector};
use crate::mixed::{MixedVectors, is_mixed, kept};
use crate::steps::{StepVectors, StepWriter};

/// The functions of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Presence {
    /// `(a, b)`: the points of `a` where `b` has one.
    And,
    /// `(a, b)`: the points of `a` where `b` has none.
    Unless,
    /// `(a)`: 1 where `a` has no point, holes elsewhere.
    Absent,
    /// `(a)`: `a` with NaN in its holes.
    OrNan,
    /// `(a)`: 1 where `a` has a point, be it a float or a histogram.
    There,
}

impl Presence {
    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(PresenceUdf {
            function: self,
            signature: any_signature(),
        }))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PresenceUdf {
    function: Presence,
    signature: Signature,
}

impl ScalarUDFImpl for PresenceUdf {
    fn name(&self) -> &str {
        match self.function {
            Presence::And => "prom_and",
            Presence::Unless => "prom_unless",
            Presence::Absent => "prom_absent",
            Presence::OrNan => "prom_or_nan",
            Presence::There => "prom_there",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let first = args.arg_fields.first().map(|f| f.data_type());
        let masks = matches!(self.function, Presence::And | Presence::Unless);
        let data_type = match first.filter(|first| masks && is_mixed(first)) {
            Some(mixed) => mixed.clone(),
            None => planned_vector(&args)?,
        };
        Ok(Arc::new(Field::new(self.name(), data_type, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = (0..args.args.len())
            .map(|i| column(&args.args, i, rows))
            .collect::<Result<Vec<_>>>()?;
        let vectors = |i: usize| StepVectors::from_array(&columns[i]);
        let out = match (self.function, columns.as_slice()) {
            (Presence::And, [a, _]) if is_mixed(a.data_type()) => {
                return mixed_masked(a, rows, &vectors(1)?, true);
            }
            (Presence::Unless, [a, _]) if is_mixed(a.data_type()) => {
                return mixed_masked(a, rows, &vectors(1)?, false);
            }
            (Presence::And, [_, _]) => masked(&vectors(0)?, vectors(1)?.present.as_ref()),
            (Presence::Unless, [_, _]) => masked(&vectors(0)?, Some(&holes(&vectors(1)?))),
            (Presence::Absent, [_]) => absent(&vectors(0)?),
            (Presence::OrNan, [_]) => or_nan(&vectors(0)?),
            (Presence::There, [a]) => there(a, rows)?,
            _ => return internal_err!("{} called with {} vectors", self.name(), columns.len()),
        };
        Ok(ColumnarValue::Array(out.into_array()?))
    }
}

/// The points of `a` where `mask` has a point, or has none.
fn mixed_masked(
    a: &ArrayRef,
    rows: usize,
    mask: &StepVectors,
    wanted: bool,
) -> Result<ColumnarValue> {
    let present = mask.present.as_ref();
    let is_there = |at: usize| present.is_none_or(|present| present.is_valid(at));
    let keep = |row: usize, step: usize| is_there(row * mask.steps + step) == wanted;
    Ok(ColumnarValue::Array(kept(a, rows, keep)?))
}

fn there(a: &ArrayRef, rows: usize) -> Result<StepVectors> {
    let vectors = MixedVectors::from_array(a)?;
    let mut out = StepWriter::new(rows, vectors.steps());
    for row in 0..rows {
        let mut points = out.row_mut(row);
        vectors.for_each_present(row, |step| points.set(step, 1.0));
    }
    Ok(out.finish())
}

fn masked(a: &StepVectors, mask: Option<&NullBuffer>) -> StepVectors {
    let present = NullBuffer::union(a.present.as_ref(), mask);
    StepVectors {
        present: present.filter(|p| p.null_count() > 0),
        ..a.clone()
    }
}

/// Valid where `a` has a hole.
fn holes(a: &StepVectors) -> NullBuffer {
    match &a.present {
        None => NullBuffer::new_null(a.values.len()),
        Some(present) => NullBuffer::new(!present.inner()),
    }
}

fn absent(a: &StepVectors) -> StepVectors {
    StepVectors {
        steps: a.steps,
        values: vec![1.0; a.values.len()].into(),
        present: Some(holes(a)),
    }
}

fn or_nan(a: &StepVectors) -> StepVectors {
    let there = a.present.as_ref().map_or_else(
        || BooleanBuffer::new_set(a.values.len()),
        |p| p.inner().clone(),
    );
    let values = a
        .values
        .iter()
        .zip(there.iter())
        .map(|(v, there)| if there { *v } else { f64::NAN });
    StepVectors {
        steps: a.steps,
        values: values.collect(),
        present: None,
    }
}
