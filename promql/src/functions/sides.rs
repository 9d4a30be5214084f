//! A window function for `or`: of several sides, the first that has a point in the group keeps its points.
//!
//! `prom_or(vector, side) OVER (PARTITION BY labels)`, sides numbered from 0, gives each row with holes where an earlier side has
//! a point.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int64Type;
use datafusion::common::Result;

use super::window::GroupFunction;
use crate::mixed::{MixedVectors, kept};

/// The points of the first side that has any, step by step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FirstSide;

impl GroupFunction for FirstSide {
    fn name(&self) -> &'static str {
        "prom_or"
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let vectors = MixedVectors::from_array(&arguments[0])?;
        let sides = arguments[1].as_primitive::<Int64Type>();
        if rows <= 1 || (0..rows).all(|row| sides.value(row) == sides.value(0)) {
            return Ok(arguments[0].slice(0, rows));
        }
        let mut first = vec![i64::MAX; vectors.steps()];
        for row in 0..rows {
            let side = sides.value(row);
            vectors.for_each_present(row, |step| first[step] = first[step].min(side));
        }
        kept(&arguments[0], rows, |row, step| {
            first[step] == sides.value(row)
        })
    }
}
