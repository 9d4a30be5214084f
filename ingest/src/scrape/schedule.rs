//! When a target is scraped: at a fixed offset inside each interval, so that targets spread over it and keep their place
//! through restarts.

use narthex_model::TimestampMs;

use crate::config::DurationMs;

/// A scrape this little late still counts as on time, in milliseconds, but never more than a hundredth of the interval.
const TOLERANCE_MS_MAX: i64 = 2;

/// The schedule of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    interval_ms: i64,
    offset_ms: i64,
}

impl Schedule {
    /// The schedule with this interval; `spread` decides the offset.
    pub(crate) fn new(interval: DurationMs, spread: u64) -> Self {
        let interval_ms = interval.0.max(1);
        // A remainder of an i64 is one.
        let offset_ms = (spread % interval_ms.unsigned_abs()) as i64;
        Self {
            interval_ms,
            offset_ms,
        }
    }

    /// The first time due after `now`, and after `last` if the clock has not been set back since.
    pub(crate) fn next(&self, now: TimestampMs, last: Option<TimestampMs>) -> TimestampMs {
        let set_back = |last: TimestampMs| now < last.saturating_sub(self.interval_ms);
        let after = last.filter(|l| !set_back(*l)).map_or(now, |l| l.max(now));
        let into = (after.saturating_sub(self.offset_ms)).rem_euclid(self.interval_ms);
        after.saturating_add(self.interval_ms - into)
    }

    /// The timestamp of a scrape that was due at `due` and began at `now`: snapped to the schedule if it is nearly on
    /// time, which makes timestamps regular and small to store.
    pub(crate) fn timestamp(&self, due: TimestampMs, now: TimestampMs) -> TimestampMs {
        let tolerance = (self.interval_ms / 100).min(TOLERANCE_MS_MAX);
        if (now - due).abs() <= tolerance {
            due
        } else {
            now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_and_spread() {
        let schedule = Schedule::new(DurationMs(1000), 12_345);
        assert_eq!(schedule.next(10_000, None), 10_345);
        assert_eq!(schedule.next(10_345, None), 11_345);
        assert_eq!(schedule.next(10_345, Some(10_345)), 11_345);
        // Woken early, or late by more than an interval, or after the clock was set back.
        assert_eq!(schedule.next(10_344, Some(10_345)), 11_345);
        assert_eq!(schedule.next(13_400, Some(10_345)), 14_345);
        assert_eq!(schedule.next(5_000, Some(10_345)), 5_345);
        assert_eq!(schedule.next(-400, None), 345);
    }

    #[test]
    fn nearly_on_time_is_on_time() {
        let schedule = Schedule::new(DurationMs(1000), 0);
        assert_eq!(
            (
                schedule.timestamp(5000, 5002),
                schedule.timestamp(5000, 5003)
            ),
            (5000, 5003)
        );
        assert_eq!(Schedule::new(DurationMs(50), 0).timestamp(5000, 5001), 5001);
    }
}
