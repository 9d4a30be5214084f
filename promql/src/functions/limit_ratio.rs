//! `prom_limit_ratio(vector, ratio, name, label, …)`: keeps the series whose hash falls into the share that `ratio` says.
//!
//! A ratio from 0 to 1 takes the share from below, one from -1 to 0 the share from above, so that `r` and `r - 1` complement
//! each other.

use std::sync::Arc;

use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{StepScalar, any_signature, column, text};
use super::label_sets::LabelSets;
use crate::mixed::{is_mixed, kept};
use crate::steps::StepVectors;

/// The function for plans.
pub(crate) fn limit_ratio() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(LimitRatioUdf {
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LimitRatioUdf {
    signature: Signature,
}

impl ScalarUDFImpl for LimitRatioUdf {
    fn name(&self) -> &str {
        "prom_limit_ratio"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields.first() {
            Some(vector) => Ok(Arc::new(
                vector
                    .as_ref()
                    .clone()
                    .with_name(self.name())
                    .with_nullable(true),
            )),
            None => internal_err!("{} needs a vector", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let vectors = column(&args.args, 0, rows)?;
        let ratio = StepScalar::read(&args.args, 1)?;
        let labels = 2..args.args.len();
        let names = labels.clone().step_by(2).map(|i| text(&args.args, i));
        let names = names.collect::<Result<Vec<_>>>()?;
        let columns = labels
            .skip(1)
            .step_by(2)
            .map(|i| column(&args.args, i, rows));
        let sets = LabelSets::of(&columns.collect::<Result<Vec<_>>>()?);
        let mut scratch = Vec::new();
        let shares = (0..rows).map(|row| share(sets.hash(&names, row, &mut scratch)));
        let shares: Vec<_> = shares.collect();
        if is_mixed(vectors.data_type()) {
            let keep = |row: usize, step| is_kept(ratio.at(row, step), shares[row]);
            return Ok(ColumnarValue::Array(kept(&vectors, rows, keep)?));
        }
        let vectors = StepVectors::from_array(&vectors)?;
        let kept = BooleanBuffer::collect_bool(rows * vectors.steps, |at| {
            let (row, step) = (at / vectors.steps, at % vectors.steps);
            is_kept(ratio.at(row, step), shares[row])
        });
        let present = NullBuffer::union(Some(&NullBuffer::new(kept)), vectors.present.as_ref());
        let out = StepVectors {
            present: present.filter(|p| p.null_count() > 0),
            ..vectors
        };
        Ok(ColumnarValue::Array(out.into_array()?))
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
