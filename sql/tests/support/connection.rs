//! How `.slt` files run their statements, and how cells are written.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use futures::TryStreamExt;
use narthex_model::{Error, Result};
use narthex_sql::{Database, from_datafusion};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};

/// A connection of the runner.
pub(crate) struct Connection(Arc<Database>);

impl Connection {
    /// A connection to `database`.
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self(database)
    }
}

/// Our error with its kind, so that golden files show both.
#[derive(Debug)]
pub(crate) struct Failure(Error);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.0.kind(), self.0)
    }
}

impl std::error::Error for Failure {}

#[async_trait]
impl AsyncDB for Connection {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let rows = self.0.sql(sql).await.map_err(Failure)?;
        let schema = rows.schema();
        let batches: Vec<RecordBatch> = rows
            .try_collect()
            .await
            .map_err(|e| Failure(from_datafusion(e)))?;
        Ok(DBOutput::Rows {
            types: types(&schema),
            rows: batches.iter().flat_map(cells).collect(),
        })
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "narthex"
    }
}

fn types(schema: &Schema) -> Vec<DefaultColumnType> {
    let kind = |data_type: &DataType| match data_type {
        t if t.is_integer() => DefaultColumnType::Integer,
        t if t.is_floating() => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Text,
    };
    schema
        .fields()
        .iter()
        .map(|f| kind(f.data_type()))
        .collect()
}

/// The rows as text. A row with a cell of several lines (EXPLAIN) becomes one row per line.
fn cells(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let format = |array: &Arc<dyn Array>| -> Vec<String> {
        let formatter =
            ArrayFormatter::try_new(array, &options).expect("a type that can be written");
        (0..array.len())
            .map(|row| formatter.value(row).to_string())
            .collect()
    };
    let columns: Vec<Vec<String>> = batch.columns().iter().map(format).collect();
    let mut rows = Vec::new();
    for row in 0..batch.num_rows() {
        let cells: Vec<String> = columns.iter().map(|c| c[row].clone()).collect();
        match cells.iter().find(|c| c.contains('\n')) {
            Some(text) => rows.extend(text.lines().map(|line| vec![line.to_owned()])),
            None => rows.push(cells),
        }
    }
    rows
}
