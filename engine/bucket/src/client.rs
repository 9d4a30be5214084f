//! Requests to the bucket: sent on a small runtime, each with a time limit, tried again with growing waits up to a deadline.

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{StreamExt, TryStreamExt};
use narthex_model::{Error, ErrorKind, Result};
use object_store::path::Path;
use object_store::{
    Error as StoreError, GetOptions, GetRange, ObjectMeta, ObjectStoreExt, PutPayload,
};
use parking_lot::Mutex;
use tokio::runtime::{Handle, Runtime, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::counters::{Counters, add};
use crate::limits::{REQUESTS_MAX, RUNTIME_THREADS};
use crate::location::Location;
use crate::retry::{Patience, may_pass};

/// Sends requests; shared by everything that uses one bucket.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) location: Location,
    pub(crate) counters: Counters,
    /// Requests under way at once.
    permits: Semaphore,
    handle: Handle,
    /// Taken out when the client goes.
    runtime: Mutex<Option<Runtime>>,
}

impl Client {
    /// A client for the bucket at `location`. Sends nothing yet.
    ///
    /// # Errors
    /// `Unavailable` if its threads cannot be started.
    pub(crate) fn new(location: Location) -> Result<Arc<Self>> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .thread_name("narthex-bucket")
            .enable_all()
            .build()
            .map_err(|e| {
                Error::unavailable("cannot start the threads of the bucket").with_source(e)
            })?;
        Ok(Arc::new(Self {
            location,
            counters: Counters::default(),
            permits: Semaphore::new(REQUESTS_MAX),
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
        }))
    }

    /// Starts work on the runtime.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }

    /// Runs `work` on the runtime and waits for it, from whatever thread.
    ///
    /// # Errors
    /// Those of `work`; `Closed` if the runtime ended meanwhile.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = mpsc::sync_channel(1);
        self.handle.spawn(async move {
            // Nobody waits any more: nothing to do.
            let _ = done.send(work.await);
        });
        let answer = in_place(|| answer.recv());
        answer.unwrap_or_else(|_| Err(Error::new(ErrorKind::Closed, "the bucket is closed")))
    }

    /// Sends what `send` makes until it succeeds, fails for good, or `patience` ends. `doing` and `path` are for messages.
    pub(crate) async fn send<T, F>(
        &self,
        doing: &str,
        path: &Path,
        patience: Patience,
        send: impl Fn() -> F,
    ) -> Result<T>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let begin = Instant::now();
        let deadline = begin + patience.total;
        let mut failures = 0_u32;
        loop {
            let error = match self.attempt(patience.attempt, deadline, &send).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            add(&self.counters.failures, 1);
            failures += 1;
            let wait = patience.wait(failures, jitter(path, failures));
            if !may_pass(&error) || Instant::now() + wait >= deadline {
                return Err(self.give_up(doing, path, failures, begin.elapsed(), error));
            }
            tracing::debug!(%path, %error, failures, "a request to the bucket failed, will try again");
            sleep(wait).await;
        }
    }

    async fn attempt<T, F>(
        &self,
        attempt_max: Duration,
        deadline: Instant,
        send: impl Fn() -> F,
    ) -> object_store::Result<T>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let permit = timeout_at(deadline, self.permits.acquire()).await;
        let _permit = permit.map_err(|_| too_slow())?;
        add(&self.counters.requests, 1);
        let end = deadline.min(Instant::now() + attempt_max);
        timeout_at(end, send())
            .await
            .unwrap_or_else(|_| Err(too_slow()))
    }

    #[cold]
    fn give_up(
        &self,
        doing: &str,
        path: &Path,
        failures: u32,
        elapsed: Duration,
        error: StoreError,
    ) -> Error {
        let object = self.location.show(path);
        let (kind, hint) = match &error {
            StoreError::NotFound { .. } => (ErrorKind::NotFound, String::new()),
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => (
                ErrorKind::Unavailable,
                " (check the credentials and what they allow)".to_owned(),
            ),
            _ if may_pass(&error) => (
                ErrorKind::Unavailable,
                format!(
                    " (gave up after {failures} attempts in {:.1} s; check that the bucket can be reached)",
                    elapsed.as_secs_f64()
                ),
            ),
            _ => (ErrorKind::Unavailable, String::new()),
        };
        Error::new(kind, format!("cannot {doing} {object}{hint}")).with_source(error)
    }

    /// All objects below `path`.
    pub(crate) async fn list(&self, path: &Path, patience: Patience) -> Result<Vec<ObjectMeta>> {
        let objects = &self.location.objects;
        let list = || objects.list(Some(path)).try_collect::<Vec<_>>();
        self.send("list", path, patience, list).await
    }

    /// The bytes of an object in `range`, all of them.
    pub(crate) async fn read(
        &self,
        path: &Path,
        range: Range<u64>,
        patience: Patience,
    ) -> Result<Bytes> {
        let length = range.end.saturating_sub(range.start);
        if length == 0 {
            return Ok(Bytes::new());
        }
        let read = || async {
            let options = GetOptions {
                range: Some(GetRange::Bounded(range.clone())),
                ..GetOptions::default()
            };
            let bytes = self
                .location
                .objects
                .get_opts(path, options)
                .await?
                .bytes()
                .await?;
            add(&self.counters.bytes_read, bytes.len() as u64);
            if bytes.len() as u64 != length {
                return Err(truncated(bytes.len() as u64, length));
            }
            Ok(bytes)
        };
        self.send("read", path, patience, read).await
    }

    /// A whole object of at most `bytes_max`.
    pub(crate) async fn read_small(
        &self,
        path: &Path,
        bytes_max: u64,
        patience: Patience,
    ) -> Result<Bytes> {
        let read = || async {
            let answer = self.location.objects.get(path).await?;
            if answer.meta.size > bytes_max {
                let what = format!(
                    "it has {} bytes, at most {bytes_max} were expected",
                    answer.meta.size
                );
                return Err(StoreError::NotSupported {
                    source: what.into(),
                });
            }
            let size = answer.meta.size;
            let bytes = answer.bytes().await?;
            if bytes.len() as u64 != size {
                return Err(truncated(bytes.len() as u64, size));
            }
            Ok(bytes)
        };
        self.send("read", path, patience, read).await
    }

    /// Writes a whole object in one request.
    pub(crate) async fn put(&self, path: &Path, bytes: Bytes, patience: Patience) -> Result<()> {
        let length = bytes.len() as u64;
        let put = || {
            self.location
                .objects
                .put(path, PutPayload::from_bytes(bytes.clone()))
        };
        self.send("write", path, patience, put).await?;
        add(&self.counters.bytes_written, length);
        Ok(())
    }

    /// Removes an object; one that is not there is removed already.
    pub(crate) async fn remove(&self, path: &Path, patience: Patience) -> Result<()> {
        let remove = || self.location.objects.delete(path);
        match self.send("remove", path, patience, remove).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Does `work` for each item, some at once; the first error ends it.
    pub(crate) async fn for_each<T, F: Future<Output = Result<()>>>(
        items: impl IntoIterator<Item = T>,
        at_once: usize,
        work: impl Fn(T) -> F,
    ) -> Result<()> {
        let mut running = futures::stream::iter(items)
            .map(work)
            .buffer_unordered(at_once);
        while let Some(done) = running.next().await {
            done?;
        }
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A runtime must not be waited for inside another one.
        if let Some(runtime) = self.runtime.get_mut().take() {
            runtime.shutdown_background();
        }
    }
}

/// Lets the other tasks of this thread go elsewhere while it waits, if it is one of a runtime.
pub(crate) fn in_place<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(wait)
        }
        _ => wait(),
    }
}

/// From 0 to 1, different for each object and attempt.
fn jitter(path: &Path, failures: u32) -> f64 {
    let mut hasher = DefaultHasher::new();
    (path.as_ref(), failures, std::process::id()).hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cold]
fn too_slow() -> StoreError {
    generic("the answer did not arrive in time".to_owned())
}

#[cold]
fn truncated(got: u64, wanted: u64) -> StoreError {
    generic(format!("the answer has {got} bytes instead of {wanted}"))
}

fn generic(what: String) -> StoreError {
    StoreError::Generic {
        store: "bucket",
        source: what.into(),
    }
}
