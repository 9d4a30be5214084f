//! Tables that somebody else brings: they stand beside those about the store.

use std::fmt;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use narthex_table::external;

/// A table whose rows are made when a statement reads it.
pub trait MadeTable: Send + Sync {
    /// Its name in schema `narthex`.
    fn name(&self) -> &'static str;

    /// Its columns.
    fn schema(&self) -> SchemaRef;

    /// All rows. May take long: it is called on a thread of its own.
    ///
    /// # Errors
    /// Whatever they are made of says.
    fn rows(&self) -> narthex_model::Result<Vec<RecordBatch>>;
}

/// The tables that were brought, once.
pub(crate) type MadeTables = Arc<OnceLock<Vec<Arc<dyn MadeTable>>>>;

/// One of them, as DataFusion reads it.
pub(crate) struct Made(pub(crate) Arc<dyn MadeTable>);

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Made").field(&self.0.name()).finish()
    }
}

#[async_trait]
impl TableProvider for Made {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = self.0.clone();
        let rows = tokio::task::spawn_blocking(move || table.rows()).await;
        let failed = |e| narthex_model::Error::internal("a table was not made").with_source(e);
        let rows = rows.map_err(|e| external(failed(e)))?.map_err(external)?;
        let rows = MemTable::try_new(self.0.schema(), vec![rows])?;
        rows.scan(state, projection, filters, limit).await
    }
}
