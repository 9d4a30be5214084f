//! The scrub: now and then every block is read slowly and compared with its checksums, so that damage shows while there is
//! still a backup.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::{ErrorKind, Result, TimestampMs};

use crate::block::check_block_bytes;
use crate::limits::SCRUB_FIRST_AFTER_MS;
use crate::shared::Shared;

/// Who scrubs.
pub(crate) struct Scrubber {
    shared: Arc<Shared>,
    /// When the next pass is due.
    due_ms: TimestampMs,
}

impl Scrubber {
    /// The first pass comes soon: a process may not live as long as the interval.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let interval_ms = shared.options.scrub_interval_ms;
        let now = (shared.options.now)();
        Self {
            shared,
            due_ms: now.saturating_add(interval_ms.min(SCRUB_FIRST_AFTER_MS)),
        }
    }

    /// Makes a pass if one is due. `pause` waits after some bytes were read, and says whether to stop.
    ///
    /// # Errors
    /// `Unavailable` if a file cannot be read; the other blocks are scrubbed all the same.
    pub(crate) fn scrub_due(&mut self, pause: impl FnMut(Duration) -> bool) -> Result<()> {
        let options = &self.shared.options;
        let now = (options.now)();
        if options.scrub_interval_ms == 0 || now < self.due_ms {
            return Ok(());
        }
        self.due_ms = now.saturating_add(options.scrub_interval_ms);
        scrub(&self.shared, pause)
    }
}

/// Reads all blocks, at most so many bytes per second as the options say.
pub(crate) fn scrub(shared: &Shared, mut pause: impl FnMut(Duration) -> bool) -> Result<()> {
    let rate = shared.options.scrub_bytes_per_second.max(1);
    let mut stopped = false;
    let mut pace = |bytes: u64| {
        stopped = stopped || pause(Duration::from_millis(bytes.saturating_mul(1000) / rate));
        !stopped
    };
    let mut failed = Ok(());
    let (mut blocks, mut bytes) = (0_u64, 0);
    for block in shared.snapshot().blocks.clone() {
        match check_block_bytes(block.path(), &mut pace) {
            Ok(read) => {
                blocks += 1;
                bytes += read;
            }
            // It was merged meanwhile.
            Err(_) if !block.path().exists() => {}
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                let (name, meta) = (block.name(), block.meta());
                shared.quarantine.report_error(&name, Some(meta), &error);
            }
            Err(error) => failed = Err(error),
        }
    }
    if !stopped {
        tracing::info!(blocks, bytes, "scrubbed");
    }
    failed
}
