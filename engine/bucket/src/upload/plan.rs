//! Which blocks go up and which go: a pure function of what is here and what is there.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::TimestampMs;
use ulid::Ulid;

/// What is known when a round begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// Blocks of the store.
    pub(super) here: &'a BTreeSet<Ulid>,
    /// Blocks of the bucket, and whether they are complete there.
    pub(super) there: &'a BTreeMap<Ulid, bool>,
    /// Blocks that this store wrote to the bucket, or began to.
    pub(super) ours: &'a BTreeSet<Ulid>,
    /// Since when blocks that were here are not.
    pub(super) gone: &'a BTreeMap<Ulid, TimestampMs>,
    pub(super) now_ms: TimestampMs,
    /// How long a block stays in the bucket after it left the store: readers may still use it.
    pub(super) grace_ms: i64,
}

/// What a round does, in this order: all uploads come before the first removal, so that a merged block is there before its
/// parents go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Oldest first.
    pub(super) upload: Vec<Ulid>,
    /// Oldest first: a parent goes before the block that was merged from it, and so never counts again.
    pub(super) remove: Vec<Ulid>,
}

/// What to do now.
pub(super) fn plan(known: Known<'_>) -> Plan {
    let Known {
        here,
        there,
        ours,
        gone,
        now_ms,
        grace_ms,
    } = known;
    let missing = |ulid: &&Ulid| !there.get(*ulid).copied().unwrap_or(false);
    let waited = |ulid: &&Ulid| {
        gone.get(*ulid)
            .is_some_and(|since| now_ms.saturating_sub(*since) >= grace_ms)
    };
    let ours_and_gone = there
        .keys()
        .filter(|ulid| ours.contains(*ulid) && !here.contains(*ulid));
    Plan {
        upload: here.iter().filter(missing).copied().collect(),
        remove: ours_and_gone.filter(waited).copied().collect(),
    }
}

/// Notes which blocks of ours left the store, and when that was first seen.
pub(super) fn note_gone(
    gone: &mut BTreeMap<Ulid, TimestampMs>,
    here: &BTreeSet<Ulid>,
    ours: &BTreeSet<Ulid>,
    now_ms: TimestampMs,
) {
    gone.retain(|ulid, _| ours.contains(ulid) && !here.contains(ulid));
    for ulid in ours.difference(here) {
        gone.entry(*ulid).or_insert(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[u128]) -> BTreeSet<Ulid> {
        numbers.iter().map(|n| Ulid(*n)).collect()
    }

    fn planned(
        here: &[u128],
        there: &[(u128, bool)],
        ours: &[u128],
        gone: &[(u128, i64)],
    ) -> (Vec<u128>, Vec<u128>) {
        let there = there
            .iter()
            .map(|(n, complete)| (Ulid(*n), *complete))
            .collect();
        let gone = gone.iter().map(|(n, since)| (Ulid(*n), *since)).collect();
        let plan = plan(Known {
            here: &set(here),
            there: &there,
            ours: &set(ours),
            gone: &gone,
            now_ms: 100,
            grace_ms: 50,
        });
        let numbers = |ulids: Vec<Ulid>| ulids.into_iter().map(|u| u.0).collect();
        (numbers(plan.upload), numbers(plan.remove))
    }

    #[test]
    fn what_is_missing_or_half_there_goes_up() {
        let (upload, remove) = planned(&[1, 2, 3], &[(1, true), (2, false)], &[1, 2], &[]);
        assert_eq!((upload, remove), (vec![2, 3], vec![]));
    }

    #[test]
    fn what_is_gone_goes_after_a_while_if_it_is_ours() {
        let there = [(1, true), (2, true), (3, false), (4, true), (9, true)];
        let (upload, remove) = planned(
            &[9],
            &there,
            &[1, 2, 3, 9],
            &[(1, 50), (2, 51), (3, 0), (4, 0)],
        );
        assert_eq!((upload, remove), (vec![], vec![1, 3]));
    }

    #[test]
    fn an_empty_store_empties_nothing() {
        assert_eq!(
            planned(&[], &[(1, true), (2, true)], &[], &[(1, 0)]),
            (vec![], vec![])
        );
    }

    #[test]
    fn the_wait_begins_when_a_block_is_first_missed() {
        let mut gone = BTreeMap::new();
        note_gone(&mut gone, &set(&[1, 2]), &set(&[1, 2, 3]), 10);
        note_gone(&mut gone, &set(&[1]), &set(&[1, 2, 3]), 20);
        assert_eq!(gone, BTreeMap::from([(Ulid(3), 10), (Ulid(2), 20)]));
        note_gone(&mut gone, &set(&[1, 3]), &set(&[1, 3]), 30);
        assert_eq!(gone, BTreeMap::new());
    }
}
