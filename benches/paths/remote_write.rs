//! Remote write 1.0: from the body of a request to the ack. The series are known after the first request.

use std::sync::Arc;

use narthex_engine::{Engine, WalSync};
use narthex_formats::remote_write::{Encoder, Limits, decode};
use narthex_model::WriteBatch;
use tempfile::TempDir;

use super::data::{Feed, store, write};

/// A store, and those who write to it.
pub(crate) struct RemoteWrite {
    feed: Feed,
    encoder: Encoder,
    engine: Arc<Engine>,
    _folder: TempDir,
}

impl RemoteWrite {
    /// Requests with one sample for each series of so many hosts.
    pub(crate) fn new(hosts: usize) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self {
            feed: Feed::new(hosts),
            encoder: Encoder::new(),
            engine: store(folder.path(), WalSync::Commit),
            _folder: folder,
        }
    }

    /// Samples of a request.
    pub(crate) fn samples(&self) -> u64 {
        self.feed.samples()
    }

    /// The next request's body.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let batch = self.feed.next();
        self.encoder.encode(&batch).expect("a small request")
    }

    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> WriteBatch {
        let decoded = decode(body, &Limits::default()).expect("a sound body");
        decoded.batch
    }

    /// Stores what a body says; it is on disk then.
    pub(crate) fn accept(&self, body: &[u8]) {
        write(&self.engine, Self::read(body));
    }
}
