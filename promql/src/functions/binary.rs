//! Arithmetic and comparisons, point by point, between vectors and scalars.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::ScalarUDF;

use super::arguments::Arguments;
use super::operand::Operand;
use super::plan_function::PlanFunction;
use crate::ast::BinaryOp;
use crate::steps::StepVectors;

/// What a comparison gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    /// The left value where it holds, a hole elsewhere.
    Filter,
    /// 1 where it holds, 0 elsewhere.
    Bool,
}

/// Arithmetic on two numbers; `None` for operators that compare or match.
pub(crate) fn arithmetic(op: BinaryOp) -> Option<fn(f64, f64) -> f64> {
    Some(match op {
        BinaryOp::Add => |a, b| a + b,
        BinaryOp::Sub => |a, b| a - b,
        BinaryOp::Mul => |a, b| a * b,
        BinaryOp::Div => |a, b| a / b,
        BinaryOp::Mod => |a, b| a % b,
        BinaryOp::Pow => f64::powf,
        BinaryOp::Atan2 => f64::atan2,
        _ => return None,
    })
}

/// Comparison of two numbers; `None` for other operators.
pub(crate) fn comparison(op: BinaryOp) -> Option<fn(f64, f64) -> bool> {
    Some(match op {
        BinaryOp::Equal => |a, b| a == b,
        BinaryOp::NotEqual => |a, b| a != b,
        BinaryOp::Less => |a, b| a < b,
        BinaryOp::LessOrEqual => |a, b| a <= b,
        BinaryOp::Greater => |a, b| a > b,
        BinaryOp::GreaterOrEqual => |a, b| a >= b,
        _ => return None,
    })
}

/// The comparison with its sides exchanged: `a < b` is `b > a`.
pub(crate) fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        same => same,
    }
}

/// The function for plans: `(left, right)`, each a step vector or a number, not both numbers.
pub(crate) fn binary(op: BinaryOp, comparison: Comparison) -> Arc<ScalarUDF> {
    Pointwise { op, comparison }.udf()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Pointwise {
    op: BinaryOp,
    comparison: Comparison,
}

impl PlanFunction for Pointwise {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match (self.op, self.comparison) {
            (BinaryOp::Add, _) => "prom_add",
            (BinaryOp::Sub, _) => "prom_sub",
            (BinaryOp::Mul, _) => "prom_mul",
            (BinaryOp::Div, _) => "prom_div",
            (BinaryOp::Mod, _) => "prom_mod",
            (BinaryOp::Pow, _) => "prom_pow",
            (BinaryOp::Atan2, _) => "prom_atan2",
            (BinaryOp::Equal, Comparison::Filter) => "prom_eq",
            (BinaryOp::NotEqual, Comparison::Filter) => "prom_ne",
            (BinaryOp::Less, Comparison::Filter) => "prom_lt",
            (BinaryOp::LessOrEqual, Comparison::Filter) => "prom_le",
            (BinaryOp::Greater, Comparison::Filter) => "prom_gt",
            (BinaryOp::GreaterOrEqual, Comparison::Filter) => "prom_ge",
            (BinaryOp::Equal, Comparison::Bool) => "prom_eq_bool",
            (BinaryOp::NotEqual, Comparison::Bool) => "prom_ne_bool",
            (BinaryOp::Less, Comparison::Bool) => "prom_lt_bool",
            (BinaryOp::LessOrEqual, Comparison::Bool) => "prom_le_bool",
            (BinaryOp::Greater, Comparison::Bool) => "prom_gt_bool",
            (BinaryOp::GreaterOrEqual, Comparison::Bool) => "prom_ge_bool",
            (BinaryOp::And | BinaryOp::Or | BinaryOp::Unless, _) => "prom_set",
            (BinaryOp::TrimUpper | BinaryOp::TrimLower, _) => "prom_trim",
        };
        name.into()
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let (left, right) = (arguments.operand(0)?, arguments.operand(1)?);
        let out = if let Some(f) = arithmetic(self.op) {
            points(&left, &right, f)?
        } else if let Some(holds) = comparison(self.op) {
            match self.comparison {
                Comparison::Bool => points(&left, &right, |a, b| f64::from(u8::from(holds(a, b))))?,
                Comparison::Filter => filter(&left, &right, holds)?,
            }
        } else {
            return internal_err!("{:?} is not a pointwise operator", self.op);
        };
        out.into_array()
    }
}

fn points(left: &Operand, right: &Operand, f: impl Fn(f64, f64) -> f64) -> Result<StepVectors> {
    Ok(match (left, right) {
        (Operand::Vectors(a), Operand::Vectors(b)) => StepVectors {
            steps: a.steps,
            values: a
                .values
                .iter()
                .zip(b.values.iter())
                .map(|(a, b)| f(*a, *b))
                .collect(),
            present: NullBuffer::union(a.present.as_ref(), b.present.as_ref()),
        },
        (Operand::Vectors(a), Operand::Number(b)) => StepVectors {
            values: a.values.iter().map(|a| f(*a, *b)).collect(),
            ..a.clone()
        },
        (Operand::Number(a), Operand::Vectors(b)) => StepVectors {
            values: b.values.iter().map(|b| f(*a, *b)).collect(),
            ..b.clone()
        },
        (Operand::Number(_), Operand::Number(_)) => {
            return internal_err!("constants are folded by the planner");
        }
    })
}

fn filter(
    left: &Operand,
    right: &Operand,
    holds: impl Fn(f64, f64) -> bool,
) -> Result<StepVectors> {
    let Operand::Vectors(kept) = left else {
        return internal_err!("the planner puts the vector on the left of a filter");
    };
    let (bits, others) = match right {
        Operand::Number(b) => (
            BooleanBuffer::collect_bool(kept.values.len(), |i| holds(kept.values[i], *b)),
            None,
        ),
        Operand::Vectors(b) => (
            BooleanBuffer::collect_bool(kept.values.len(), |i| holds(kept.values[i], b.values[i])),
            b.present.as_ref(),
        ),
    };
    let held = NullBuffer::union(Some(&NullBuffer::new(bits)), others);
    Ok(kept.clone().masked(held.as_ref()))
}
