//! When a group is evaluated: at a fixed offset inside each interval, so that groups spread over it and keep their place
//! through restarts.

use narthex_model::{Labels, TimestampMs};

/// The schedule of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    interval_ms: i64,
    offset_ms: i64,
}

/// The next evaluation of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The time that is evaluated.
    pub at: TimestampMs,
    /// How many evaluations were passed over before it.
    pub missed: u64,
}

impl Schedule {
    /// The schedule of the group of this name in this file. The offset is the one Prometheus gives it.
    pub fn new(file: &str, name: &str, interval_ms: i64) -> Self {
        let interval_ms = interval_ms.max(1);
        let id = Labels::new([("name", name), ("file", file)]).map_or(0, |l| l.as_ref().id());
        let interval_ns = interval_ms.unsigned_abs().saturating_mul(1_000_000);
        // A remainder of an interval in milliseconds is no longer than the interval.
        let offset_ms = (id % interval_ns / 1_000_000) as i64;
        Self {
            interval_ms,
            offset_ms,
        }
    }

    /// The last time at or before `now` that is evaluated.
    pub fn slot(&self, now: TimestampMs) -> TimestampMs {
        let into = now
            .saturating_sub(self.offset_ms)
            .rem_euclid(self.interval_ms);
        now.saturating_sub(into)
    }

    /// The first time that is evaluated by a group that starts at `now`.
    pub fn first(&self, now: TimestampMs) -> TimestampMs {
        self.slot(now).saturating_add(self.interval_ms)
    }

    /// The time that is due after `last`.
    pub fn due(&self, last: TimestampMs) -> TimestampMs {
        last.saturating_add(self.interval_ms)
    }

    /// The evaluation at `now`, which is not before [`Schedule::due`], when the one before was that of `last`. Those there was no
    /// time for are passed over.
    pub fn turn(&self, last: TimestampMs, now: TimestampMs) -> Turn {
        let late = now.saturating_sub(last) / self.interval_ms - 1;
        let missed = late.max(0);
        Turn {
            at: last.saturating_add((missed + 1).saturating_mul(self.interval_ms)),
            missed: missed.unsigned_abs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slots_are_aligned() {
        let schedule = Schedule {
            interval_ms: 1000,
            offset_ms: 345,
        };
        assert_eq!(
            (schedule.slot(10_345), schedule.slot(10_344)),
            (10_345, 9_345)
        );
        assert_eq!((schedule.slot(-1), schedule.first(10_345)), (-655, 11_345));
        assert_eq!(
            schedule.turn(10_345, 11_346),
            Turn {
                at: 11_345,
                missed: 0
            }
        );
        assert_eq!(
            schedule.turn(10_345, 13_346),
            Turn {
                at: 13_345,
                missed: 2
            }
        );
        // Woken early.
        assert_eq!(
            schedule.turn(10_345, 11_000),
            Turn {
                at: 11_345,
                missed: 0
            }
        );
    }

    #[test]
    fn offsets_are_those_of_prometheus() {
        // Seen with Prometheus 3.5.
        for (name, interval_ms, at) in [
            ("g", 10_000, 1_795_399_678_773),
            ("other group", 7_000, 1_795_399_677_623),
        ] {
            let schedule = Schedule::new("rr.yml", name, interval_ms);
            assert_eq!(schedule.slot(at + 1), at, "{name}");
        }
    }

    proptest! {
        #[test]
        fn turns_follow_each_other(name in "[a-z]{1,8}", interval in 1_i64..100_000, start in 0_i64..1_000_000_000, late in 0_i64..500_000) {
            let schedule = Schedule::new("f.yml", &name, interval);
            let first = schedule.first(start);
            prop_assert!(first > start && first <= start + interval);
            let turn = schedule.turn(first, schedule.due(first) + late);
            prop_assert_eq!(turn.at, first + interval * (turn.missed as i64 + 1));
            prop_assert_eq!(schedule.slot(turn.at), turn.at);
            prop_assert_eq!(turn.missed as i64, late / interval);
        }
    }
}
