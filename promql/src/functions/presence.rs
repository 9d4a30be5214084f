//! Functions of what is there and what is not: `and`, `unless`, `absent`, and holes filled with NaN.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use crate::mixed::{MixedVectors, is_mixed, kept};
use crate::steps::{StepVectors, StepWriter, step_type};

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

impl PlanFunction for Presence {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::And => "prom_and",
            Self::Unless => "prom_unless",
            Self::Absent => "prom_absent",
            Self::OrNan => "prom_or_nan",
            Self::There => "prom_there",
        };
        name.into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        match self {
            Self::And | Self::Unless if is_mixed(types.at(0)?) => types.at(0).cloned(),
            _ => types.steps().map(step_type),
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let rows = arguments.rows();
        let a = arguments.column(0)?;
        let vectors = || StepVectors::from_array(&a);
        let out = match self {
            Self::And if is_mixed(a.data_type()) => {
                return mixed_masked(&a, rows, &arguments.vectors(1)?, true);
            }
            Self::Unless if is_mixed(a.data_type()) => {
                return mixed_masked(&a, rows, &arguments.vectors(1)?, false);
            }
            Self::And => vectors()?.masked(arguments.vectors(1)?.present.as_ref()),
            Self::Unless => vectors()?.masked(Some(&holes(&arguments.vectors(1)?))),
            Self::Absent => absent(&vectors()?),
            Self::OrNan => or_nan(&vectors()?),
            Self::There => there(&a, rows)?,
        };
        out.into_array()
    }
}

/// The points of `a` where `mask` has a point, or has none.
fn mixed_masked(a: &ArrayRef, rows: usize, mask: &StepVectors, wanted: bool) -> Result<ArrayRef> {
    kept(a, rows, |row, step| mask.has(row, step) == wanted)
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
