//! Which series of a block have the same times: all of a target do, so readers need to decode them only once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use narthex_model::TimestampMs;
use twox_hash::XxHash3_128;

/// Finds the first series with the same times, while series come one after the other.
///
/// Times are known again by a hash of 128 bits. Its seed differs from block to block, so nobody can write times that
/// collide.
pub(super) struct Timelines {
    seed: u64,
    firsts: HashMap<u128, u32>,
    /// Times of the series that came last, and the first with the same.
    last: Vec<TimestampMs>,
    last_first: u32,
    bytes: Vec<u8>,
}

impl Timelines {
    /// No series yet.
    pub(super) fn new() -> Self {
        Self {
            seed: RandomState::new().hash_one(0),
            firsts: HashMap::new(),
            last: Vec::new(),
            last_first: 0,
            bytes: Vec::new(),
        }
    }

    /// Here comes series `ordinal`: the first one that has the same times, maybe itself. One without times shares nothing.
    pub(super) fn first_with(&mut self, ordinal: u32, times: &[TimestampMs]) -> u32 {
        if times.is_empty() {
            return ordinal;
        }
        if self.last == times {
            return self.last_first;
        }
        self.bytes.clear();
        self.bytes
            .extend(times.iter().flat_map(|time| time.to_le_bytes()));
        let hash = XxHash3_128::oneshot_with_seed(self.seed, &self.bytes);
        self.last_first = *self.firsts.entry(hash).or_insert(ordinal);
        self.last.clear();
        self.last.extend_from_slice(times);
        self.last_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals() {
        let mut timelines = Timelines::new();
        let times: &[(&[i64], u32)] = &[
            (&[1, 2, 3], 0),
            (&[1, 2, 3], 0),
            (&[1, 2], 2),
            (&[1, 2, 4], 3),
            (&[1, 2], 2),
            (&[1, 2, 3], 0),
        ];
        for (ordinal, (times, first)) in (0..).zip(times) {
            assert_eq!(timelines.first_with(ordinal, times), *first, "{ordinal}");
        }
    }
}
