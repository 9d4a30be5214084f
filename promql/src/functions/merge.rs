//! A window function that makes one series of rows with the same labels, which have their points at different steps.
//!
//! `prom_merge(vector) OVER (PARTITION BY labels)` gives all points to the first row of the group and holes to the others.

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arguments::refused;
use super::window::GroupFunction;
use crate::mixed::{MixedVectors, MixedWriter, is_mixed};
use crate::steps::{StepVectors, StepWriter};

/// What PromQL says of two series with the same labels.
pub(crate) const SAME_LABELS: &str = "vector cannot contain metrics with the same labelset";

/// All points of a group in its first row; fails if two rows have one at the same step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Merge;

impl GroupFunction for Merge {
    fn name(&self) -> &'static str {
        "prom_merge"
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        if rows <= 1 {
            return Ok(arguments[0].slice(0, rows));
        }
        if is_mixed(arguments[0].data_type()) {
            return merged_mixed(&arguments[0], rows);
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

fn merged_mixed(array: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    let vectors = MixedVectors::from_array(array)?;
    let mut all = vec![None; vectors.steps()];
    let mut clash = false;
    for row in 0..rows {
        vectors.for_each(row, |step, point| {
            clash |= all[step].replace(point).is_some();
        });
    }
    if clash {
        return Err(refused(SAME_LABELS));
    }
    let mut out = MixedWriter::new(rows, vectors.steps());
    out.push_row(all);
    (1..rows).for_each(|_| out.push_row([]));
    out.finish()
}
