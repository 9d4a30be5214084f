//! The instants that a group is evaluated at: those of a server.

use narthex_model::{TimeRange, TimestampMs};

use crate::eval::{Schedule, Settings};
use crate::file::GroupSpec;

/// Instants at equal distances: `first`, `first + step`, … up to `last`, included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instants {
    /// The first one.
    pub first: TimestampMs,
    /// The distance, at least 1.
    pub step: i64,
    /// None is later; before `first` if there is none.
    pub last: TimestampMs,
}

impl Instants {
    /// The times in `range` that samples of `group` have: what a server that has its file under the same name evaluates.
    pub fn of_group(group: &GroupSpec, settings: &Settings, range: TimeRange) -> Self {
        let step = group
            .interval_ms
            .unwrap_or(settings.evaluation_interval_ms)
            .max(1);
        let offset = group.query_offset_ms.unwrap_or(settings.query_offset_ms);
        let schedule = Schedule::new(&group.file, &group.name, step);
        // The last slot before, and the one after it.
        let before = schedule.slot(range.start.saturating_add(offset).saturating_sub(1));
        let first = before.saturating_add(step).saturating_sub(offset);
        Self {
            first,
            step,
            last: range.end.saturating_sub(1),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        match self.last.checked_sub(self.first) {
            Some(length) if length >= 0 => length.unsigned_abs() / self.step.unsigned_abs() + 1,
            _ => 0,
        }
    }

    /// Those in `range`.
    #[must_use]
    pub fn within(&self, range: TimeRange) -> Self {
        let skipped = range.start.saturating_sub(self.first).max(0);
        let steps = skipped / self.step + i64::from(skipped % self.step > 0);
        Self {
            first: self.first.saturating_add(steps.saturating_mul(self.step)),
            last: self.last.min(range.end.saturating_sub(1)),
            ..*self
        }
    }

    /// The first `count` of them, and the others.
    pub fn split(&self, count: u64) -> (Self, Self) {
        let length = i64::try_from(count).unwrap_or(i64::MAX);
        let next = self.first.saturating_add(length.saturating_mul(self.step));
        let head = Self {
            last: self.last.min(next.saturating_sub(1)),
            ..*self
        };
        (
            head,
            Self {
                first: next,
                ..*self
            },
        )
    }

    /// The one before them.
    #[must_use]
    pub fn one_before(&self) -> Self {
        let first = self.first.saturating_sub(self.step);
        Self {
            first,
            last: first,
            ..*self
        }
    }

    /// Whether `t` lies at their distance from each other, before and after them, too.
    pub fn are_at(&self, t: TimestampMs) -> bool {
        t.saturating_sub(self.first).rem_euclid(self.step) == 0
    }

    /// The position of `t` among them.
    pub(super) fn position(&self, t: TimestampMs) -> Option<usize> {
        let is_one = t >= self.first && t <= self.last && self.are_at(t);
        let position = || usize::try_from((t - self.first) / self.step).ok();
        is_one.then(position).flatten()
    }

    /// The one at a position.
    pub(super) fn at(&self, position: usize) -> TimestampMs {
        let steps = i64::try_from(position).unwrap_or(i64::MAX);
        self.first.saturating_add(steps.saturating_mul(self.step))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::file::{LoadOptions, parse};

    #[test]
    fn the_schedule_of_the_server_less_the_offset() {
        let text = "groups: [{name: g, interval: 10s, query_offset: 3s}]";
        let groups = parse(text, "rr.yml", &LoadOptions::default()).expect("valid");
        let range = TimeRange::inclusive(1_795_399_660_000, 1_795_399_680_000);
        let found = Instants::of_group(&groups[0], &Settings::default(), range);
        // As evaluated by Prometheus, see `Schedule`.
        assert_eq!(found.first, 1_795_399_668_773 - 3_000);
        assert_eq!(found.count(), 2);
    }

    proptest! {
        #[test]
        fn parts_are_the_whole(first in -50..50_i64, step in 1..9_i64, length in -3..60_i64, from in -60..120_i64, span in 0..60_i64, count in 1..9_u64) {
            let all = Instants { first, step, last: first + length };
            let list = |i: &Instants| (0..i.count()).map(|n| i.at(n as usize)).collect::<Vec<_>>();
            let range = TimeRange::new(from, from + span);
            let within: Vec<_> = list(&all).into_iter().filter(|t| range.contains(*t)).collect();
            prop_assert_eq!(list(&all.within(range)), within);
            let (head, rest) = all.split(count);
            prop_assert!(head.count() <= count);
            prop_assert_eq!([list(&head), list(&rest)].concat(), list(&all));
            prop_assert!(list(&all).iter().enumerate().all(|(n, t)| all.position(*t) == Some(n)));
        }
    }
}
