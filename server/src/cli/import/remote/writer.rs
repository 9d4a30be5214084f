//! Batches on their way into the engine, and what became of them.

use narthex_engine::Engine;
use narthex_importer::{Report, Written};
use narthex_model::{Result, Sink, WriteBatch};

use crate::limits::IMPORT_BATCH_SAMPLES;

/// Gathers samples and writes them in batches.
pub(super) struct Writer<'a> {
    engine: &'a Engine,
    /// Samples are added here.
    pub(super) batch: WriteBatch,
    written: Written,
}

impl<'a> Writer<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        Self {
            engine,
            batch: WriteBatch::new(),
            written: Written::default(),
        }
    }

    /// Writes the batch if it is large.
    pub(super) async fn write_if_full(&mut self) -> Result<()> {
        if self.batch.sample_count() + self.batch.histograms.len() < IMPORT_BATCH_SAMPLES {
            return Ok(());
        }
        self.write().await
    }

    /// Writes the batch.
    ///
    /// # Errors
    /// What the engine says.
    pub(super) async fn write(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.written.add(self.engine.write(batch).await?);
        }
        Ok(())
    }

    /// Forgets what is not written yet.
    pub(super) fn clear(&mut self) {
        self.batch = WriteBatch::new();
    }

    pub(super) fn into_report(self) -> Report {
        self.written.into_report()
    }
}
