//! `prom_limit_ratio(vector, ratio, name, label, …)`: keeps the series whose hash falls into the share that `ratio` says.
//!
//! A ratio from 0 to 1 takes the share from below, one from -1 to 0 the share from above, so that `r` and `r - 1` complement
//! each other.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments};
use super::label_sets::LabelSets;
use super::plan_function::PlanFunction;
use crate::mixed::{is_mixed, kept};
use crate::steps::StepVectors;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct LimitRatio;

impl PlanFunction for LimitRatio {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_limit_ratio".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.at(0).cloned()
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let rows = arguments.rows();
        let vectors = arguments.column(0)?;
        let ratio = arguments.operand(1)?;
        let labels = 2..arguments.len();
        let names = labels.clone().step_by(2).map(|i| arguments.text(i));
        let names = names.collect::<Result<Vec<_>>>()?;
        let columns = labels.skip(1).step_by(2).map(|i| arguments.column(i));
        let sets = LabelSets::of(&columns.collect::<Result<Vec<_>>>()?);
        let mut scratch = Vec::new();
        let shares = (0..rows).map(|row| share(sets.hash(&names, row, &mut scratch)));
        let shares: Vec<_> = shares.collect();
        let keep = |row: usize, step| is_kept(ratio.at(row, step), shares[row]);
        if is_mixed(vectors.data_type()) {
            return kept(&vectors, rows, keep);
        }
        let vectors = StepVectors::from_array(&vectors)?;
        let kept = BooleanBuffer::collect_bool(rows * vectors.steps, |at| {
            keep(at / vectors.steps, at % vectors.steps)
        });
        vectors.masked(Some(&NullBuffer::new(kept))).into_array()
    }
}

/// Where a hash lies between 0 and 1.
fn share(hash: u64) -> f64 {
    hash as f64 / u64::MAX as f64
}

fn is_kept(ratio: f64, share: f64) -> bool {
    let ratio = ratio.clamp(-1.0, 1.0);
    if ratio >= 0.0 {
        share < ratio
    } else {
        share >= 1.0 + ratio
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complements() {
        for share in [0.0, 0.19, 0.2, 0.21, 0.99] {
            assert_ne!(is_kept(0.2, share), is_kept(-0.8, share), "{share}");
        }
        assert!(is_kept(7.0, 0.99) && is_kept(-7.0, 0.0) && !is_kept(0.0, 0.0));
    }
}
