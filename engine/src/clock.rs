//! The one place of the engine that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use narthex_model::TimestampMs;

/// What the system clock says. Tests put another function into [`crate::Options::now`].
pub(crate) fn system_now_ms() -> TimestampMs {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
