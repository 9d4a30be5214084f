//! SQL statements: which are allowed, and how one runs.

use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{SQLOptions, SessionContext};
use narthex_model::{Error, Result};

use crate::error::from_datafusion;

/// Plans `statement` and starts it.
pub(crate) async fn run(
    context: &SessionContext,
    statement: &str,
) -> Result<SendableRecordBatchStream> {
    let plan = context
        .state()
        .create_logical_plan(statement)
        .await
        .map_err(from_datafusion)?;
    let queries_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    if queries_only.verify_plan(&plan).is_err() {
        let message = "only queries are allowed: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE and SHOW";
        return Err(Error::invalid(message));
    }
    let frame = context
        .execute_logical_plan(plan)
        .await
        .map_err(from_datafusion)?;
    frame.execute_stream().await.map_err(from_datafusion)
}
