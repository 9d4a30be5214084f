//! One step of a host's simulated life: from the scrape before to this one.

use std::f64::consts::TAU;

use narthex_model::TimestampMs;

const DAY_MS: i64 = 86_400_000;

/// What the parts of a host need to know to move on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Time since the scrape before, in seconds.
    pub(crate) seconds: f64,
    /// How busy the host is at this hour, from 0.25 (night) to 1 (afternoon).
    pub(crate) activity: f64,
}

/// How busy hosts are at `now`: a smooth curve over the day with its peak at 15:00 UTC.
pub(crate) fn activity_at(now: TimestampMs) -> f64 {
    let day = now.rem_euclid(DAY_MS) as f64 / DAY_MS as f64;
    let from_peak = day - 15.0 / 24.0;
    0.625 + 0.375 * (TAU * from_peak).cos()
}
