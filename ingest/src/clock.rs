//! The clock of the machine, behind the seam.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use narthex_model::{Clock, Sleep, TimestampMs};

/// The clock of the machine.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> TimestampMs {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep_until(&self, due: TimestampMs) -> Sleep<'_> {
        Box::pin(async move {
            // The time of day may be set while we sleep, hence the loop.
            loop {
                let left = due.saturating_sub(self.now_ms());
                match u64::try_from(left) {
                    Ok(ms) if ms > 0 => tokio::time::sleep(Duration::from_millis(ms)).await,
                    _ => return,
                }
            }
        })
    }
}
