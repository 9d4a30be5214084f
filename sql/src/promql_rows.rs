//! Series rows as plain rows: step vectors are taken apart, one row per value.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, TimestampMillisecondArray};
use arrow::datatypes::DataType;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Column, Result, ScalarValue, UnnestOptions, internal_err};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF, Volatility, create_udf, ident, lit,
};
use narthex_model::{Error, column_label};
use narthex_promql::ast::ValueType;
use narthex_promql::{Grid, QueryValue};
use narthex_table::{ColumnNames, external};

use crate::promql::Planned;

const TIME_ZONE: &str = "UTC";

/// The values of a planned query as rows: the labels (columns named as [`ColumnNames`] says), `timestamp` and `value`; an
/// instant without a value gives no row, nor does a native histogram.
///
/// # Errors
/// `Invalid` if the query is of another type than instant vector and scalar.
pub(crate) fn rows(planned: &Planned) -> Result<LogicalPlan> {
    if matches!(
        planned.value_type,
        ValueType::RangeVector | ValueType::String
    ) {
        let found = planned.value_type.as_str();
        let message =
            format!("promql gives the rows of an instant vector or scalar, not of a {found}");
        return Err(external(Error::invalid(message)));
    }
    let grid = planned.plan.grid();
    match planned.plan.floats().map_err(external)? {
        Some(plan) => of_vectors(plan, grid),
        None => of_number(planned, grid),
    }
}

/// The rows of `plan`, which has one column of step vectors beside its labels.
fn of_vectors(plan: LogicalPlan, grid: Grid) -> Result<LogicalPlan> {
    let columns: Vec<String> = plan
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    let (labels, vectors): (Vec<&String>, Vec<&String>) =
        columns.iter().partition(|c| column_label(c).is_some());
    let [vector] = vectors[..] else {
        return Err(external(Error::internal(
            "a vector has one column of values",
        )));
    };
    let names = ColumnNames::new(
        labels
            .iter()
            .filter_map(|c| column_label(c))
            .map(str::to_owned)
            .collect(),
    );
    let own = own();
    let rename = |(from, to): (&&String, &String)| own.call(vec![ident(from.as_str())]).alias(to);
    let row = labels.iter().zip(names.columns()).map(rename).collect();
    unnested(plan, row, ident(vector), grid)
}

/// Gives a label as it is. An aggregation tells the planner that its labels name one row each, and a plan believes that also of the
/// many rows which that row becomes: it would sort and group by labels and time as if by labels alone. It forgets where labels
/// are computed.
fn own() -> ScalarUDF {
    create_udf(
        "label",
        vec![DataType::Utf8View],
        DataType::Utf8View,
        Volatility::Immutable,
        Arc::new(|labels| match labels {
            [label] => Ok(label.clone()),
            _ => internal_err!("one label at a time"),
        }),
    )
}

/// The rows of a number that is known without reading anything.
fn of_number(planned: &Planned, grid: Grid) -> Result<LogicalPlan> {
    let values = match planned.plan.decode(&[]).map_err(external)?.value {
        QueryValue::Scalar { value, .. } => vec![value],
        QueryValue::Matrix(series) => series.into_iter().flat_map(|s| s.values).collect(),
        QueryValue::Vector(_) | QueryValue::String { .. } => Vec::new(),
    };
    let one_row = LogicalPlanBuilder::empty(true).build()?;
    unnested(
        one_row,
        Vec::new(),
        list(Arc::new(Float64Array::from(values))),
        grid,
    )
}

fn unnested(
    plan: LogicalPlan,
    mut row: Vec<Expr>,
    vector: Expr,
    grid: Grid,
) -> Result<LogicalPlan> {
    let instants =
        TimestampMillisecondArray::from_iter_values((0..grid.steps).map(|step| grid.at(step)));
    row.push(list(Arc::new(instants.with_timezone(TIME_ZONE))).alias(ColumnNames::TIMESTAMP));
    row.push(vector.alias(ColumnNames::VALUE));
    let vectors = [ColumnNames::TIMESTAMP, ColumnNames::VALUE]
        .map(Column::from_name)
        .to_vec();
    LogicalPlanBuilder::from(plan)
        .project(row)?
        .unnest_columns_with_options(vectors, UnnestOptions::new().with_preserve_nulls(false))?
        .filter(ident(ColumnNames::VALUE).is_not_null())?
        .build()
}

/// A constant list.
fn list(items: ArrayRef) -> Expr {
    lit(ScalarValue::List(Arc::new(
        SingleRowListArrayBuilder::new(items).build_list_array(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, FixedSizeListArray, RecordBatch, StringViewArray};
    use arrow::datatypes::{Field, Schema};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn step_vectors_are_taken_apart() {
        let values = Float64Array::from(vec![Some(1.0), None, Some(3.0), None, Some(5.0), None]);
        let item = Arc::new(Field::new_list_field(DataType::Float64, true));
        let values = FixedSizeListArray::new(item, 3, Arc::new(values), None);
        let schema = Schema::new(vec![
            Field::new("value", DataType::Utf8View, true),
            Field::new("#value", values.data_type().clone(), true),
        ]);
        let labels = StringViewArray::from(vec![Some("a"), None]);
        let batch =
            RecordBatch::try_new(Arc::new(schema), vec![Arc::new(labels), Arc::new(values)])
                .expect("a batch");
        let context = SessionContext::new();
        let plan = context
            .read_batch(batch)
            .expect("a plan")
            .into_unoptimized_plan();
        let plan = of_vectors(
            plan,
            Grid {
                start: 1_000,
                interval: 1_000,
                steps: 3,
            },
        )
        .expect("rows");
        let batches = context
            .execute_logical_plan(plan)
            .await
            .expect("planned")
            .collect()
            .await
            .expect("executed");
        let text = pretty_format_batches(&batches)
            .expect("printed")
            .to_string();
        let expected = "\
+-------------+----------------------+-------+
| label_value | timestamp            | value |
+-------------+----------------------+-------+
| a           | 1970-01-01T00:00:01Z | 1.0   |
| a           | 1970-01-01T00:00:03Z | 3.0   |
|             | 1970-01-01T00:00:02Z | 5.0   |
+-------------+----------------------+-------+";
        assert_eq!(text, expected);
    }
}
