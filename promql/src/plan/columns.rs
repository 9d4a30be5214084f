//! Names and expressions for the columns of a plan.

use std::sync::Arc;

use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    AggregateUDF, Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, ScalarUDF,
    WindowFunctionDefinition, WindowUDF, lit,
};
use narthex_model::{Result, label_column};

use super::planning;
use crate::functions::group_key::GroupKey;
use crate::functions::plan_function::PlanFunction;
use crate::functions::same::same;

/// The column of step vectors.
pub(super) const VALUE: &str = "#value";

/// The column `name`.
pub(super) fn column(name: impl Into<String>) -> Expr {
    Expr::Column(Column::new_unqualified(name.into()))
}

/// The column of label `name`, under its own name.
pub(super) fn label(name: &str) -> Expr {
    column(label_column(name)).alias(label_column(name))
}

/// An absent label.
pub(super) fn absent_label() -> Expr {
    lit(ScalarValue::Utf8View(None))
}

/// A label with a known value; empty means absent.
pub(super) fn known_label(value: &str) -> Expr {
    lit(ScalarValue::Utf8View(
        (!value.is_empty()).then(|| value.to_owned()),
    ))
}

/// `udf(args)`.
pub(super) fn call(udf: &Arc<ScalarUDF>, args: Vec<Expr>) -> Expr {
    udf.call(args)
}

/// `udaf(args)` as the value column.
pub(super) fn aggregate(udaf: &Arc<AggregateUDF>, args: Vec<Expr>) -> Expr {
    udaf.call(args).alias(VALUE)
}

/// Projects `plan` to `columns`.
///
/// DataFusion 55 takes a projection for superfluous if the one below has the same expressions, also where they compute: `x * 2 * 2`
/// would be `x * 2`. So a projection that repeats another gets a function around what it computes.
pub(super) fn projected(plan: LogicalPlan, columns: Vec<Expr>) -> Result<LogicalPlan> {
    let build = |plan: LogicalPlan, columns: Vec<Expr>| {
        let projected = LogicalPlanBuilder::from(plan).project(columns);
        projected
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)
    };
    let once = build(plan.clone(), columns.clone())?;
    let repeats = match (&once, &plan) {
        (LogicalPlan::Projection(top), LogicalPlan::Projection(below)) => top.expr == below.expr,
        _ => false,
    };
    if !repeats {
        return Ok(once);
    }
    let differing = columns.into_iter().map(|column| match column {
        Expr::Alias(alias) if !matches!(*alias.expr, Expr::Column(_)) => {
            call(&same(), vec![*alias.expr]).alias(alias.name)
        }
        plain => plain,
    });
    build(plan, differing.collect())
}

/// `udwf(args) OVER (PARTITION BY …)`: the rows that agree in `labels` are a group.
pub(super) fn window(udwf: Arc<WindowUDF>, args: Vec<Expr>, labels: Vec<Expr>) -> Result<Expr> {
    let partition = match labels.as_slice() {
        [] => labels,
        _ => vec![call(&GroupKey.udf(), labels)],
    };
    let function = WindowFunction::new(WindowFunctionDefinition::WindowUDF(udwf), args);
    Expr::from(function)
        .partition_by(partition)
        .build()
        .map_err(planning)
}
