//! The rows of a SQL statement, and what there is to say beside them.

use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt};
use narthex_engine::Snapshot;

/// Rows, as they are made.
pub struct SqlRows {
    rows: SendableRecordBatchStream,
    snapshot: Snapshot,
}

impl SqlRows {
    pub(crate) fn new(rows: SendableRecordBatchStream, snapshot: Snapshot) -> Self {
        Self { rows, snapshot }
    }

    /// What the rows are like.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// Which damaged blocks the rows so far had to do without. Once there are rows, or their end, that is most often all there
    /// is to say.
    pub fn warnings(&self) -> Vec<String> {
        self.snapshot.warnings()
    }
}

impl Stream for SqlRows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.poll_next_unpin(context)
    }
}
