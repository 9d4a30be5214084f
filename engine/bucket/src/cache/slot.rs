//! A page on its way: one fetches, any number wait.

use bytes::Bytes;
use narthex_model::{Error, ErrorKind, Result};
use parking_lot::{Condvar, Mutex};

/// Filled once.
#[derive(Debug, Default)]
pub(super) struct Slot {
    page: Mutex<Option<Result<Bytes, Failure>>>,
    filled: Condvar,
}

/// An error that many can be told.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    kind: ErrorKind,
    message: String,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

impl Slot {
    /// Hands the page to all who wait; a second time it changes nothing.
    pub(super) fn fill(&self, page: Result<Bytes, Failure>) {
        self.page.lock().get_or_insert(page);
        self.filled.notify_all();
    }

    /// Waits for the page.
    pub(super) fn wait(&self) -> Result<Bytes> {
        let mut page = self.page.lock();
        loop {
            if let Some(page) = page.as_ref() {
                let told = |failure: &Failure| Error::new(failure.kind, failure.message.clone());
                return page.as_ref().cloned().map_err(told);
            }
            self.filled.wait(&mut page);
        }
    }
}
