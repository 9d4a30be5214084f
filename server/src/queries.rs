//! Where queries run: threads of their own, but for those that are known to be short; a bounded number at a time, ended when nobody
//! waits for them.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use narthex_model::{Error, Result};

use crate::http::{ApiError, ApiResult};
use crate::limits::QUERY_STACK_BYTES;

/// Threads for queries, apart from those that take in samples and speak HTTP.
pub(crate) struct QueryPool {
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
    slots: Arc<Semaphore>,
    time_max: Duration,
    /// Queries that run or stream now.
    pub(crate) running: Gauge,
}

/// A place among the running queries; given back when dropped.
struct Slot {
    _permit: OwnedSemaphorePermit,
    running: Gauge,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.running.dec();
    }
}

impl QueryPool {
    /// Starts `threads` threads for at most `concurrency` queries of at most `time_max` each.
    ///
    /// # Errors
    /// `Unavailable` if the threads cannot be started.
    pub(crate) fn start(threads: usize, concurrency: usize, time_max: Duration) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("query")
            .thread_stack_size(QUERY_STACK_BYTES)
            .enable_time()
            .build()
            .map_err(|e| Error::unavailable("cannot start the query threads").with_source(e))?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            slots: Arc::new(Semaphore::new(concurrency)),
            time_max,
            running: Gauge::default(),
        })
    }

    /// Its threads, for work that takes no place.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits for a free place.
    ///
    /// # Errors
    /// 503 if none gets free within the time a query may take.
    async fn slot(&self) -> ApiResult<Slot> {
        let waiting = tokio::time::timeout(self.time_max, self.slots.clone().acquire_owned());
        match waiting.await {
            Ok(Ok(permit)) => {
                self.running.inc();
                Ok(Slot {
                    _permit: permit,
                    running: self.running.clone(),
                })
            }
            Ok(Err(_)) => Err(stopping()),
            Err(_) => Err(ApiError::timeout("query timed out in query queue")),
        }
    }

    /// Runs `work` on the query threads, for at most `time_max` or the pool's own bound. Whoever drops the returned
    /// future, because the client went away, ends the work.
    ///
    /// # Errors
    /// Those of `work`, or 503 when time is up.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        time_max: Option<Duration>,
        work: impl Future<Output = ApiResult<T>> + Send + 'static,
    ) -> ApiResult<T> {
        let slot = self.slot().await?;
        let work = self.timed(time_max, work);
        let mut task = AbortOnDrop(self.handle.spawn(async move {
            let _slot = slot;
            work.await
        }));
        (&mut task.0).await.unwrap_or_else(|e| Err(task_error(&e)))
    }

    /// As [`QueryPool::run`], but where it is called: to wake another thread and to be woken by it takes as long as a third of a small
    /// query. Only for work that is known to be short.
    ///
    /// # Errors
    /// As [`QueryPool::run`].
    pub(crate) async fn run_here<T>(
        &self,
        time_max: Option<Duration>,
        work: impl Future<Output = ApiResult<T>>,
    ) -> ApiResult<T> {
        let _slot = self.slot().await?;
        let work = AssertUnwindSafe(self.timed(time_max, work));
        work.catch_unwind()
            .await
            .unwrap_or_else(|_| Err(panicked()))
    }

    /// `work`, or 503 when time is up.
    fn timed<T, F: Future<Output = ApiResult<T>>>(
        &self,
        time_max: Option<Duration>,
        work: F,
    ) -> impl Future<Output = ApiResult<T>> + use<T, F> {
        let time_max = time_max.map_or(self.time_max, |t| t.min(self.time_max));
        async move {
            let timed = tokio::time::timeout(time_max, work).await;
            let late = || ApiError::timeout("query timed out in expression evaluation");
            timed.unwrap_or_else(|_| Err(late()))
        }
    }

    /// Starts `work` on the query threads; it sends its answer piece by piece, and a failure as the last piece. It ends
    /// when the receiver is gone or time is up.
    ///
    /// # Errors
    /// 503 if there is no place for it.
    pub(crate) async fn stream<
        T: Send + 'static,
        F: Future<Output = ApiResult<()>> + Send + 'static,
    >(
        &self,
        pieces: mpsc::Sender<ApiResult<T>>,
        work: impl FnOnce(mpsc::Sender<ApiResult<T>>) -> F,
    ) -> ApiResult<()> {
        let slot = self.slot().await?;
        let work = tokio::time::timeout(self.time_max, work(pieces.clone()));
        self.handle.spawn(async move {
            let _slot = slot;
            let failure = tokio::select! {
                () = pieces.closed() => return,
                result = work => match result {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => error,
                    Err(_) => ApiError::timeout("query timed out in expression evaluation"),
                },
            };
            // Nobody left to tell is no failure.
            let _ = pieces.send(Err(failure)).await;
        });
        Ok(())
    }

    /// Ends all queries.
    pub(crate) fn stop(&self) {
        self.slots.close();
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime must not be dropped inside another one; `stop` knows how.
impl Drop for QueryPool {
    fn drop(&mut self) {
        self.stop();
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn stopping() -> ApiError {
    Error::unavailable("the server is stopping").into()
}

fn task_error(error: &tokio::task::JoinError) -> ApiError {
    if error.is_cancelled() {
        stopping()
    } else {
        panicked()
    }
}

fn panicked() -> ApiError {
    Error::internal("the query ended in a panic; please report it").into()
}
