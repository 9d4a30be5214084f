//! The end of a query's time.
//!
//! A query is ended by dropping it: operators stop with their streams.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result as DataFusionResult;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use futures::{Stream, StreamExt};
use narthex_model::{Error, Result};
use narthex_table::external;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// When a query must have ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    /// `timeout` from now.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self {
            at: Instant::now() + timeout,
            timeout,
        }
    }

    /// Runs `work` until it ends or the time is over, which is noticed when it yields.
    pub(crate) async fn limit<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if Instant::now() >= self.at {
            return Err(self.error());
        }
        timeout_at(self.at, work)
            .await
            .unwrap_or_else(|_| Err(self.error()))
    }

    /// The same rows; an error and nothing more once the time is over.
    pub(crate) fn limit_stream(self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        Box::pin(LimitedStream {
            schema: rows.schema(),
            rows: Some(rows),
            end: Box::pin(sleep_until(self.at)),
            deadline: self,
        })
    }

    fn error(self) -> Error {
        let seconds = self.timeout.as_secs_f64();
        Error::limit(format!(
            "query timed out after {seconds} s: ask for less, or raise the query timeout"
        ))
    }
}

struct LimitedStream {
    schema: SchemaRef,
    /// Dropped, and with it all work, when the time is over.
    rows: Option<SendableRecordBatchStream>,
    end: Pin<Box<Sleep>>,
    deadline: Deadline,
}

impl Stream for LimitedStream {
    type Item = DataFusionResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.rows.is_some() && self.end.as_mut().poll(cx).is_ready() {
            self.rows = None;
            return Poll::Ready(Some(Err(external(self.deadline.error()))));
        }
        match &mut self.rows {
            Some(rows) => rows.poll_next_unpin(cx),
            None => Poll::Ready(None),
        }
    }
}

impl RecordBatchStream for LimitedStream {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_datafusion;
    use arrow::datatypes::Schema;
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    use narthex_model::ErrorKind;
    use std::sync::Arc;

    #[tokio::test]
    async fn rows_end_with_the_time() {
        let endless =
            RecordBatchStreamAdapter::new(Arc::new(Schema::empty()), futures::stream::pending());
        let mut rows = Deadline::after(Duration::ZERO).limit_stream(Box::pin(endless));
        let error = rows.next().await.expect("an error").expect_err("an error");
        assert_eq!(from_datafusion(error).kind(), ErrorKind::Limit);
        assert!(rows.next().await.is_none());
    }
}
