//! Remembers what scraped metrics say of themselves, on their way into the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Metadata, Sink, SinkFuture, WriteBatch};
use parking_lot::Mutex;

use crate::limits::METADATA_ENTRIES_MAX;

/// A sink that notes metadata and hands everything on.
pub(super) struct Described {
    inner: Arc<dyn Sink>,
    entries: Mutex<BTreeMap<String, Metadata>>,
}

impl Described {
    pub(super) fn new(inner: Arc<dyn Sink>) -> Self {
        Self {
            inner,
            entries: Mutex::default(),
        }
    }

    /// At most `limit` entries, or the one of `metric`.
    pub(super) fn list(&self, metric: Option<&str>, limit: usize) -> Vec<(String, Metadata)> {
        let entries = self.entries.lock();
        let wanted = entries
            .iter()
            .filter(|(name, _)| metric.is_none_or(|m| m == name.as_str()));
        wanted
            .take(limit)
            .map(|(name, metadata)| (name.clone(), metadata.clone()))
            .collect()
    }

    fn note(&self, batch: &WriteBatch) {
        let mut entries = self.entries.lock();
        for entry in &batch.metadata {
            let is_full = entries.len() >= METADATA_ENTRIES_MAX;
            match entries.get_mut(&entry.metric) {
                Some(known) if *known == entry.metadata => {}
                Some(known) => *known = entry.metadata.clone(),
                None if is_full => {}
                None => {
                    entries.insert(entry.metric.clone(), entry.metadata.clone());
                }
            }
        }
    }
}

impl Sink for Described {
    fn write(&self, batch: WriteBatch) -> SinkFuture<'_> {
        if !batch.metadata.is_empty() {
            self.note(&batch);
        }
        self.inner.write(batch)
    }
}
