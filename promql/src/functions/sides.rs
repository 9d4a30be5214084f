//! A window function for `or`: of several sides, the first that has a point in the group keeps its points.
//!
//! `prom_or(vector, side) OVER (PARTITION BY labels)`, sides numbered from 0, gives each row with holes where an earlier side has
//! a point.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{FieldRef, Int64Type};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, WindowUDF, WindowUDFImpl};

use super::arguments::any_signature;
use crate::steps::{StepVectors, StepWriter};

/// The function for plans.
pub(crate) fn first_side() -> Arc<WindowUDF> {
    Arc::new(WindowUDF::new_from_impl(FirstSideUdf {
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FirstSideUdf {
    signature: Signature,
}

impl WindowUDFImpl for FirstSideUdf {
    fn name(&self) -> &str {
        "prom_or"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(FirstSideEvaluator))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        match args.input_fields() {
            [vector, ..] => Ok(Arc::new(vector.as_ref().clone().with_name(args.name()))),
            [] => internal_err!("prom_or needs a vector"),
        }
    }
}

#[derive(Debug)]
struct FirstSideEvaluator;

impl PartitionEvaluator for FirstSideEvaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let vectors = StepVectors::from_array(&values[0])?;
        let sides = values[1].as_primitive::<Int64Type>();
        if rows <= 1 || (0..rows).all(|row| sides.value(row) == sides.value(0)) {
            return Ok(values[0].slice(0, rows));
        }
        let mut first = vec![i64::MAX; vectors.steps];
        for row in 0..rows {
            let side = sides.value(row);
            vectors.for_each(row, |step, _| first[step] = first[step].min(side));
        }
        let mut out = StepWriter::new(rows, vectors.steps);
        for row in 0..rows {
            let mut points = out.row_mut(row);
            vectors.for_each(row, |step, v| {
                if first[step] == sides.value(row) {
                    points.set(step, v);
                }
            });
        }
        out.finish().into_array()
    }
}
