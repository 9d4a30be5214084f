//! Scalars: numbers known while planning, and one-row plans with a value per step.

use datafusion::common::{Column, DataFusionError};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, lit};
use narthex_model::{Error, Result};

use super::columns::{VALUE, call, column};
use super::vector::{Vector, project};
use super::{Planned, Planner, planning};
use crate::ast::{Expr, Span};
use crate::functions::parameter::{CheckParameter, Demand};
use crate::functions::plan_function::PlanFunction;
use crate::functions::scalar::FromNothing;

impl Planner<'_> {
    /// A scalar argument.
    pub(super) fn scalar(&self, expr: &Expr) -> Result<Planned> {
        match self.plan(expr)? {
            scalar @ (Planned::Number(_) | Planned::Scalar(_)) => Ok(scalar),
            _ => Err(Error::internal(
                "the checker let a value pass that is no scalar",
            )),
        }
    }

    /// `scalar`, which is checked now if it is constant, and when the query runs if not.
    pub(super) fn demanded(&self, demand: Demand, scalar: Planned, span: Span) -> Result<Planned> {
        let speaker = self.speaker(span);
        match scalar {
            Planned::Scalar(plan) => {
                let check = CheckParameter { demand, speaker };
                let checked = call(&check.udf(), vec![column(VALUE)]);
                project(plan, &[], checked).map(Planned::Scalar)
            }
            Planned::Number(v) => {
                let checked = demand.check(&[v], &speaker);
                checked.map_err(refused).map(|()| Planned::Number(v))
            }
            other => Ok(other),
        }
    }

    /// One row with the value of `udf`-like expression `value`.
    pub(super) fn one_row(&self, value: PlanExpr) -> Result<LogicalPlan> {
        let row = LogicalPlanBuilder::empty(true).build().map_err(planning)?;
        project(row, &[], value)
    }

    /// The seconds of each step.
    pub(super) fn time(&self) -> PlanExpr {
        let grid = self.grid;
        call(
            &FromNothing::Time.udf(),
            vec![
                self.instant(grid.start),
                lit(grid.interval),
                lit(grid.steps as i64),
            ],
        )
    }

    /// `v` at each step.
    pub(super) fn constant(&self, v: f64) -> PlanExpr {
        call(
            &FromNothing::Constant.udf(),
            vec![lit(v), lit(self.grid.steps as i64)],
        )
    }

    /// A scalar as a plan of one row.
    pub(super) fn scalar_plan(&self, scalar: Planned) -> Result<LogicalPlan> {
        match scalar {
            Planned::Number(v) => self.one_row(self.constant(v)),
            Planned::Scalar(plan) => Ok(plan),
            _ => Err(Error::internal("expected a scalar")),
        }
    }

    /// A scalar as the vector of one series without labels.
    pub(super) fn scalar_vector(&self, scalar: Planned) -> Result<Vector> {
        Ok(Vector {
            plan: self.scalar_plan(scalar)?,
            labels: Vec::new(),
            distinct: true,
            names: self.names(),
        })
    }
}

/// The error that a function has given.
fn refused(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => planning(DataFusionError::External(other)),
        },
        other => planning(other),
    }
}

/// Joins scalars to a plan: afterwards each is a literal or a column of it.
pub(super) fn attach(
    plan: LogicalPlan,
    scalars: Vec<Planned>,
) -> Result<(LogicalPlan, Vec<PlanExpr>)> {
    let mut plan = plan;
    let mut operands = Vec::with_capacity(scalars.len());
    for (i, scalar) in scalars.into_iter().enumerate() {
        match scalar {
            Planned::Number(v) => operands.push(lit(v)),
            Planned::Scalar(scalar) => {
                let name = format!("#scalar{i}");
                let value = PlanExpr::Column(Column::new_unqualified(VALUE));
                let scalar = LogicalPlanBuilder::from(scalar).project([value.alias(&name)]);
                let scalar = scalar
                    .and_then(LogicalPlanBuilder::build)
                    .map_err(planning)?;
                let joined = LogicalPlanBuilder::from(plan)
                    .cross_join(scalar)
                    .and_then(LogicalPlanBuilder::build);
                plan = joined.map_err(planning)?;
                operands.push(column(name));
            }
            _ => return Err(Error::internal("expected a scalar")),
        }
    }
    Ok((plan, operands))
}
