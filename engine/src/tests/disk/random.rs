//! Random numbers from a seed: SplitMix64.

/// The generator.
pub(in crate::tests) struct Random(u64);

impl Random {
    pub(in crate::tests) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::tests) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, excluded; 0 if that is 0.
    pub(in crate::tests) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True once in `n` times.
    pub(in crate::tests) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
