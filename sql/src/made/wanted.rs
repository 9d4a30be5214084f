//! Which rows and columns of a table a statement wants, as far as that can be told before rows are made.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use narthex_model::TimeRange;
use narthex_table::time_range;

use crate::error::from_datafusion;

/// By which columns a table can leave rows out before they are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sieve {
    /// A column of times in milliseconds.
    pub time: Option<&'static str>,
    /// Columns of texts (`Utf8`), of which many rows have the same.
    pub texts: &'static [&'static str],
}

impl Sieve {
    /// Whether it can do all that `filter` does.
    pub(super) fn does(&self, filter: &Expr) -> bool {
        self.times(filter).is_some() || self.texts(filter).is_some()
    }

    fn times(&self, filter: &Expr) -> Option<TimeRange> {
        time_range(filter, self.time?)
    }

    /// The texts that `filter` is about, if it is about nothing else.
    fn texts(&self, filter: &Expr) -> Option<Vec<&'static str>> {
        if !is_plain(filter) {
            return None;
        }
        let columns = filter.column_refs().into_iter();
        let texts = columns.map(|column| self.texts.iter().find(|text| **text == column.name));
        let texts: Vec<_> = texts.map(Option::<&_>::copied).collect::<Option<_>>()?;
        (!texts.is_empty()).then_some(texts)
    }

    fn schema(&self) -> SchemaRef {
        let field = |name: &&str| Field::new(*name, DataType::Utf8, false);
        let fields: Vec<Field> = self.texts.iter().map(field).collect();
        Arc::new(Schema::new(fields))
    }
}

/// Whether a row alone decides on `filter`.
fn is_plain(filter: &Expr) -> bool {
    let is_more = |expr: &Expr| {
        let asks_others = matches!(
            expr,
            Expr::ScalarSubquery(_)
                | Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
                | Expr::Placeholder(_)
        );
        Ok(asks_others || expr.is_volatile_node())
    };
    filter.exists(is_more).is_ok_and(|found| !found)
}

/// What a statement wants of a table.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which columns of the table's schema, in this order.
    pub columns: Vec<usize>,
    /// Rows whose time lies in it.
    pub span: TimeRange,
    conditions: Vec<Condition>,
    texts: SchemaRef,
}

/// A condition on texts.
#[derive(Debug, Clone)]
struct Condition {
    on: Vec<&'static str>,
    shown: String,
    expr: Arc<dyn PhysicalExpr>,
}

impl Wanted {
    /// What `filters` say, as far as the sieve can do it.
    pub(super) fn new(
        session: &dyn Session,
        sieve: Sieve,
        columns: Vec<usize>,
        filters: &[Expr],
    ) -> Result<Self> {
        let mut wanted = Self {
            columns,
            span: TimeRange::ALL,
            conditions: Vec::new(),
            texts: sieve.schema(),
        };
        let schema = DFSchema::try_from(wanted.texts.clone())?;
        for filter in filters {
            if let Some(span) = sieve.times(filter) {
                wanted.span = wanted.span.intersection(&span);
            } else if let Some(on) = sieve.texts(filter) {
                wanted.conditions.push(Condition {
                    on,
                    shown: filter.human_display().to_string(),
                    expr: session.create_physical_expr(filter.clone(), &schema)?,
                });
            }
        }
        Ok(wanted)
    }

    /// Whether rows with these texts may be wanted; others need not be made. Once all texts of the sieve are named, they are wanted.
    ///
    /// # Errors
    /// Those of a condition.
    pub fn accepts(&self, texts: &[(&str, &str)]) -> narthex_model::Result<bool> {
        let is_known = |name: &&str| texts.iter().any(|(text, _)| text == name);
        let known = |condition: &&Condition| condition.on.iter().all(is_known);
        let mut conditions = self.conditions.iter().filter(known).peekable();
        if conditions.peek().is_none() {
            return Ok(true);
        }
        let row = self.row(texts).map_err(from_datafusion)?;
        for condition in conditions {
            if !holds(condition, &row).map_err(from_datafusion)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A row of these texts, and of nothing where none is given.
    fn row(&self, texts: &[(&str, &str)]) -> Result<RecordBatch> {
        let text = |field: &Arc<Field>| -> ArrayRef {
            let found = texts.iter().find(|(name, _)| name == field.name());
            let value = found.map_or("", |(_, value)| value);
            Arc::new(StringArray::from(vec![value]))
        };
        let columns = self.texts.fields().iter().map(text).collect();
        Ok(RecordBatch::try_new(self.texts.clone(), columns)?)
    }
}

fn holds(condition: &Condition, row: &RecordBatch) -> Result<bool> {
    let value = condition.expr.evaluate(row)?.into_array(1)?;
    let value = as_boolean_array(&value)?;
    Ok(value.is_valid(0) && value.value(0))
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.conditions.iter().map(|c| &*c.shown).collect();
        write!(f, "where=[{}], time=[", shown.join(", "))?;
        if self.span.start > i64::MIN {
            write!(f, "{}", self.span.start)?;
        }
        f.write_str(", ")?;
        if self.span.end < i64::MAX {
            write!(f, "{}", self.span.end)?;
        }
        f.write_str(")")
    }
}
