//! Functions of what is there and what is not: `and`, `unless`, `absent`, and holes filled with NaN.

use std::sync::Arc;

use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column, planned_vector};
use crate::steps::StepVectors;

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
            true,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let vectors = (0..args.args.len())
            .map(|i| StepVectors::from_array(&column(&args.args, i, args.number_rows)?))
            .collect::<Result<Vec<_>>>()?;
        let out = match (self.function, vectors.as_slice()) {
            (Presence::And, [a, b]) => masked(a, b.present.as_ref()),
            (Presence::Unless, [a, b]) => masked(a, Some(&holes(b))),
            (Presence::Absent, [a]) => absent(a),
            (Presence::OrNan, [a]) => or_nan(a),
            _ => return internal_err!("{} called with {} vectors", self.name(), vectors.len()),
        };
        Ok(ColumnarValue::Array(out.into_array()?))
    }
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
