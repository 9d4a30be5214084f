//! Names and expressions for the columns of a plan.

use std::sync::Arc;

use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    AggregateUDF, Expr, ExprFunctionExt, ScalarUDF, WindowFunctionDefinition, WindowUDF, lit,
};
use narthex_model::{Result, label_column};

use super::planning;

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

/// `udwf(args) OVER (PARTITION BY partition)`.
pub(super) fn window(udwf: Arc<WindowUDF>, args: Vec<Expr>, partition: Vec<Expr>) -> Result<Expr> {
    let function = WindowFunction::new(WindowFunctionDefinition::WindowUDF(udwf), args);
    Expr::from(function)
        .partition_by(partition)
        .build()
        .map_err(planning)
}
