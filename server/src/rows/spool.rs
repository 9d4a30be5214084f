//! A buffer that an encoder writes into while its owner takes out what is there.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

/// Clones share the buffer. Nobody holds the lock longer than one write.
#[derive(Clone, Default)]
pub(super) struct Spool(Arc<Mutex<Vec<u8>>>);

impl Spool {
    pub(super) fn len(&self) -> usize {
        self.0.lock().len()
    }

    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock())
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        self.0.lock().extend_from_slice(bytes);
    }
}

impl io::Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
