//! Binary and unary operators; those between two vectors are in `matching.rs` and `sets.rs`.

use std::sync::Arc;

use datafusion::logical_expr::{ScalarUDF, lit};
use narthex_model::{Error, Result};

use super::columns::{VALUE, call, column};
use super::scalar::attach;
use super::vector::{Vector, project};
use super::{Planned, Planner};
use crate::ast::{Binary, BinaryOp, Unary};
use crate::functions::binary::{Comparison, arithmetic, binary, comparison, mirrored};
use crate::functions::elementwise::elementwise;
use crate::functions::mixed_binary::MixedBinary;
use crate::functions::plan_function::PlanFunction;

impl Planner<'_> {
    pub(super) fn binary(&self, node: &Binary) -> Result<Planned> {
        if node.op == BinaryOp::Or {
            return self.or(node).map(Planned::Vector);
        }
        match (self.plan(&node.lhs)?, self.plan(&node.rhs)?) {
            (Planned::Number(a), Planned::Number(b)) => fold(node.op, a, b).map(Planned::Number),
            (Planned::Vector(a), Planned::Vector(b)) => match node.op {
                BinaryOp::And | BinaryOp::Unless => self.set(node, a, b),
                _ => self.matched(node, a, b),
            }
            .map(Planned::Vector),
            (Planned::Vector(vector), scalar) => self
                .vector_scalar(node, vector, scalar, false)
                .map(Planned::Vector),
            (scalar, Planned::Vector(vector)) => self
                .vector_scalar(node, vector, scalar, true)
                .map(Planned::Vector),
            (a, b) => self.scalar_scalar(node, a, b),
        }
    }

    fn vector_scalar(
        &self,
        node: &Binary,
        vector: Vector,
        scalar: Planned,
        scalar_left: bool,
    ) -> Result<Vector> {
        let filters = comparison(node.op).is_some() && !node.return_bool;
        let mixed = vector.is_mixed() || is_trim(node.op);
        let (vector, operands) = vector.attach(vec![scalar])?;
        let operand = operands
            .into_iter()
            .next()
            .ok_or_else(|| Error::internal("no operand"))?;
        let value = match (scalar_left, filters) {
            (false, _) if mixed => call(
                &self.mixed_operator(node, false),
                vec![column(VALUE), operand],
            ),
            (true, _) if mixed => call(
                &self.mixed_operator(node, true),
                vec![operand, column(VALUE)],
            ),
            (false, _) => call(&binary(node.op, kind(node)), vec![column(VALUE), operand]),
            (true, true) => call(
                &binary(mirrored(node.op), kind(node)),
                vec![column(VALUE), operand],
            ),
            (true, false) => call(&binary(node.op, kind(node)), vec![operand, column(VALUE)]),
        };
        if filters || is_trim(node.op) {
            vector.with_value(value)
        } else {
            vector.map_nameless(value)
        }
    }

    /// The function of `node` where a point may be a histogram. `keeps_right`: its left side is a scalar.
    pub(super) fn mixed_operator(&self, node: &Binary, keeps_right: bool) -> Arc<ScalarUDF> {
        let operator = MixedBinary {
            op: node.op,
            comparison: kind(node),
            keeps_right,
            speaker: self.speaker(node.lhs.span),
        };
        operator.udf()
    }

    /// Has a point wherever the operator of `node` can take the two points.
    pub(super) fn takes(&self, node: &Binary) -> Arc<ScalarUDF> {
        let operator = MixedBinary {
            op: node.op,
            comparison: Comparison::Bool,
            keeps_right: false,
            speaker: self.speaker(node.lhs.span),
        };
        operator.udf()
    }

    /// At least one of the two varies with the step.
    fn scalar_scalar(&self, node: &Binary, a: Planned, b: Planned) -> Result<Planned> {
        let left = self.scalar_plan(a)?;
        let (plan, operands) = attach(left, vec![b])?;
        let arguments = [column(VALUE)].into_iter().chain(operands).collect();
        project(
            plan,
            &[],
            call(&binary(node.op, Comparison::Bool), arguments),
        )
        .map(Planned::Scalar)
    }

    pub(super) fn unary(&self, node: &Unary) -> Result<Planned> {
        let planned = self.plan(&node.expr)?;
        if !node.negative {
            return Ok(planned);
        }
        let minus = elementwise("unary_minus")
            .ok_or_else(|| Error::internal("no unary minus"))?
            .udf();
        match planned {
            Planned::Number(v) => Ok(Planned::Number(-v)),
            Planned::Vector(vector) if vector.is_mixed() => {
                let times = MixedBinary {
                    op: BinaryOp::Mul,
                    comparison: Comparison::Filter,
                    keeps_right: false,
                    speaker: self.speaker(node.expr.span),
                };
                let value = call(&times.udf(), vec![vector.value(), lit(-1.0)]);
                vector.map_nameless(value).map(Planned::Vector)
            }
            Planned::Vector(vector) => {
                let value = vector.value();
                vector
                    .map_nameless(call(&minus, vec![value]))
                    .map(Planned::Vector)
            }
            scalar => {
                let plan = self.scalar_plan(scalar)?;
                project(plan, &[], call(&minus, vec![column(VALUE)])).map(Planned::Scalar)
            }
        }
    }
}

/// Whether `op` cuts histograms.
pub(super) fn is_trim(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::TrimLower | BinaryOp::TrimUpper)
}

/// What a comparison gives in this node.
pub(super) fn kind(node: &Binary) -> Comparison {
    if node.return_bool {
        Comparison::Bool
    } else {
        Comparison::Filter
    }
}

/// An operator between two numbers; comparisons give 0 or 1.
fn fold(op: BinaryOp, a: f64, b: f64) -> Result<f64> {
    if let Some(f) = arithmetic(op) {
        return Ok(f(a, b));
    }
    match comparison(op) {
        Some(holds) => Ok(f64::from(u8::from(holds(a, b)))),
        None => Err(Error::internal(
            "the checker let a set operator between scalars pass",
        )),
    }
}
