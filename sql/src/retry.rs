//! A query of a store that is only read may meet a block that its owner merged or removed meanwhile: it is begun anew.

use std::future::Future;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use narthex_engine::Engine;
use narthex_model::{ErrorKind, Result};

use crate::error::from_datafusion;

/// Attempts of one query; each looks anew at what is stored.
const ATTEMPTS_MAX: usize = 3;

/// Does `query`, again if a block is gone that was there when it began.
pub(crate) async fn anew<T, F: Future<Output = Result<T>>>(
    engine: &Engine,
    query: impl Fn() -> F,
) -> Result<T> {
    for _ in 1..ATTEMPTS_MAX {
        match query().await {
            Err(error) if error.kind() == ErrorKind::NotFound && engine.is_read_only() => {
                tracing::info!(%error, "a query is begun anew");
                engine.refresh()?;
            }
            done => return done,
        }
    }
    query().await
}

/// The same rows, once the first of them are there: until then a query can be begun anew.
pub(crate) async fn begun(
    mut rows: SendableRecordBatchStream,
) -> Result<SendableRecordBatchStream> {
    let first = rows.next().await.transpose().map_err(from_datafusion)?;
    let schema = rows.schema();
    let all = stream::iter(first.map(Ok)).chain(rows);
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, all)))
}
