//! Window functions that keep some series of a group at each step: `topk`, `bottomk`, `limitk`.
//!
//! `prom_topk(vector, k) OVER (PARTITION BY labels)` gives each row with holes where it is not kept.

use std::cmp::Ordering;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, plan_err};

use super::window::GroupFunction;
use crate::steps::{StepVectors, StepWriter};

/// Which points are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ranked {
    /// The largest; NaN last.
    Topk,
    /// The smallest; NaN last.
    Bottomk,
    /// The first.
    Limitk,
}

impl GroupFunction for Ranked {
    fn name(self) -> &'static str {
        match self {
            Self::Topk => "prom_topk",
            Self::Bottomk => "prom_bottomk",
            Self::Limitk => "prom_limitk",
        }
    }

    fn evaluate(self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let vectors = StepVectors::from_array(&arguments[0])?;
        let mut out = StepWriter::new(rows, vectors.steps);
        let mut there: Vec<(usize, f64)> = Vec::with_capacity(rows);
        for step in 0..vectors.steps {
            there.clear();
            there.extend(
                (0..rows)
                    .filter(|row| present(&vectors, *row, step))
                    .map(|row| (row, vectors.row(row)[step])),
            );
            let keep = keep_count(&arguments[1], step, there.len())?;
            for (row, v) in self.kept(&mut there, keep) {
                out.row_mut(*row).set(step, *v);
            }
        }
        out.finish().into_array()
    }
}

impl Ranked {
    fn kept(self, there: &mut [(usize, f64)], keep: usize) -> &[(usize, f64)] {
        let order: fn(&(usize, f64), &(usize, f64)) -> Ordering = match self {
            Self::Topk => |a, b| nan_last(b.1, a.1, a.1, b.1).then(a.0.cmp(&b.0)),
            Self::Bottomk => |a, b| nan_last(a.1, b.1, a.1, b.1).then(a.0.cmp(&b.0)),
            Self::Limitk => |a, b| a.0.cmp(&b.0),
        };
        if keep == 0 {
            return &[];
        }
        if keep < there.len() {
            there.select_nth_unstable_by(keep - 1, order);
        }
        &there[..keep]
    }
}

fn present(vectors: &StepVectors, row: usize, step: usize) -> bool {
    vectors
        .present
        .as_ref()
        .is_none_or(|p| p.is_valid(row * vectors.steps + step))
}

/// Compares `a` with `b`, but puts the point whose own value (`own_a`, `own_b`) is NaN last.
fn nan_last(a: f64, b: f64, own_a: f64, own_b: f64) -> Ordering {
    match (own_a.is_nan(), own_b.is_nan()) {
        (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (a_nan, b_nan) => a_nan.cmp(&b_nan),
    }
}

/// How many of `there` points to keep at `step`: the parameter is a number column or a step vector.
fn keep_count(parameter: &ArrayRef, step: usize, there: usize) -> Result<usize> {
    let k = match parameter.data_type() {
        DataType::Float64 => parameter.as_primitive::<Float64Type>().value(0),
        _ => StepVectors::from_array(parameter)?.row(0)[step],
    };
    if there == 0 {
        return Ok(0);
    }
    if k.is_nan() {
        return plan_err!("Parameter value is NaN");
    }
    if k.abs() >= 2_f64.powi(63) {
        return plan_err!("Scalar value {k} overflows int64");
    }
    Ok((k.max(0.0) as usize).min(there))
}
