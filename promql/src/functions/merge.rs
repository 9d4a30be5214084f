//! A window function that makes one series of rows with the same labels, which have their points at different steps.
//!
//! `prom_merge(vector) OVER (PARTITION BY labels)` gives all points to the first row of the group and holes to the others.

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arguments::refused;
use super::window::GroupFunction;
use crate::steps::{StepVectors, StepWriter};

/// What PromQL says of two series with the same labels.
pub(crate) const SAME_LABELS: &str = "vector cannot contain metrics with the same labelset";

/// All points of a group in its first row; fails if two rows have one at the same step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Merge;

impl GroupFunction for Merge {
    fn name(self) -> &'static str {
        "prom_merge"
    }

    fn evaluate(self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        if rows <= 1 {
            return Ok(arguments[0].slice(0, rows));
        }
        let vectors = StepVectors::from_array(&arguments[0])?;
        let mut out = StepWriter::new(rows, vectors.steps);
        let mut all = out.row_mut(0);
        let mut clash = false;
        for row in 0..rows {
            vectors.for_each(row, |step, v| {
                clash |= all.present[step];
                all.set(step, v);
            });
        }
        if clash {
            return Err(refused(SAME_LABELS));
        }
        out.finish().into_array()
    }
}
