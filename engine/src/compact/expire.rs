//! Which blocks leave as a whole because of their age, or because there is too much.

use narthex_model::TimestampMs;

/// What is known of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aged {
    /// Time of its newest sample.
    pub(super) max_time: TimestampMs,
    pub(super) bytes: u64,
}

/// What may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Blocks whose newest sample is older leave.
    pub(super) oldest: TimestampMs,
    /// The blocks with the oldest newest samples leave while there are more bytes.
    pub(super) bytes_max: u64,
}

/// The blocks, by position, that leave, oldest first.
pub(super) fn expired(blocks: &[Aged], bounds: Bounds) -> Vec<usize> {
    let mut oldest_first: Vec<usize> = (0..blocks.len()).collect();
    oldest_first.sort_by_key(|at| blocks.get(*at).map(|b| b.max_time));
    let mut bytes: u64 = blocks.iter().map(|b| b.bytes).sum();
    let leaves = |at: &usize| {
        let Some(block) = blocks.get(*at) else {
            return false;
        };
        let leaves = block.max_time < bounds.oldest || bytes > bounds.bytes_max;
        bytes -= if leaves { block.bytes } else { 0 };
        leaves
    };
    oldest_first.into_iter().filter(leaves).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leave_by_time_and_by_size() {
        let blocks: Vec<_> = [(30, 5), (10, 7), (20, 1)]
            .map(|(max_time, bytes)| Aged { max_time, bytes })
            .into();
        let leave = |oldest, bytes_max| expired(&blocks, Bounds { oldest, bytes_max });
        let none: [usize; 0] = [];
        assert_eq!(leave(i64::MIN, u64::MAX), none);
        assert_eq!(leave(10, 13), none);
        assert_eq!(leave(11, 13), [1]);
        assert_eq!(leave(0, 12), [1]);
        assert_eq!(leave(11, 5), [1, 2]);
        assert_eq!(leave(0, 0), [1, 2, 0]);
    }
}
