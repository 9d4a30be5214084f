//! The samples of a window in order of their values, as it moves along a series.
//!
//! Windows that follow each other share most samples: those that leave and those that come are sorted alone, and one pass
//! over the window takes the ones out and puts the others in.

const SIGN: u64 = 1 << 63;

/// A number that sorts as `v` does among floats: NaN first, -0 before 0.
pub(super) fn key(v: f64) -> u64 {
    let bits = v.to_bits();
    match (v.is_nan(), bits & SIGN) {
        (true, _) => 0,
        (false, 0) => bits | SIGN,
        (false, _) => !bits,
    }
}

/// The float that has `key`.
pub(super) fn value(key: u64) -> f64 {
    match (key, key & SIGN) {
        (0, _) => f64::NAN,
        (_, 0) => f64::from_bits(!key),
        _ => f64::from_bits(key & !SIGN),
    }
}

/// The window.
#[derive(Default)]
pub(super) struct SortedWindow {
    lo: usize,
    hi: usize,
    sorted: Vec<u64>,
    coming: Vec<u64>,
    leaving: Vec<u64>,
    /// Used again from move to move.
    merged: Vec<u64>,
}

impl SortedWindow {
    /// The keys of `keys[lo..hi]`, sorted. Neither end may go back, and `keys` must stay the same.
    pub(super) fn move_to(&mut self, keys: &[u64], lo: usize, hi: usize) -> &[u64] {
        if lo >= self.hi || (self.hi - lo) * 2 < hi - lo {
            sort(&mut self.sorted, &keys[lo..hi]);
        } else {
            sort(&mut self.leaving, &keys[self.lo..lo]);
            sort(&mut self.coming, &keys[self.hi..hi]);
            self.merge();
        }
        (self.lo, self.hi) = (lo, hi);
        &self.sorted
    }

    fn merge(&mut self) {
        self.merged.clear();
        let mut leaving = self.leaving.iter().peekable();
        let mut coming = self.coming.iter().peekable();
        for key in &self.sorted {
            if leaving.next_if(|l| *l == key).is_some() {
                continue;
            }
            while let Some(earlier) = coming.next_if(|c| *c < key) {
                self.merged.push(*earlier);
            }
            self.merged.push(*key);
        }
        self.merged.extend(coming);
        std::mem::swap(&mut self.sorted, &mut self.merged);
    }
}

fn sort(sorted: &mut Vec<u64>, keys: &[u64]) {
    sorted.clear();
    sorted.extend_from_slice(keys);
    sorted.sort_unstable();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_sort_as_floats_do() {
        let floats = [
            f64::NAN,
            f64::NEG_INFINITY,
            -1.5,
            -5e-324,
            -0.0,
            0.0,
            5e-324,
            2.0,
            f64::INFINITY,
        ];
        assert!(floats.map(key).is_sorted_by(|a, b| a < b));
        assert_eq!(
            floats.map(|v| value(key(v)).to_bits()),
            floats.map(f64::to_bits)
        );
    }

    proptest! {
        #[test]
        fn as_if_sorted_anew(
            keys in prop::collection::vec(0..20_u64, 1..120),
            moves in prop::collection::vec((0..12_usize, 0..12_usize), 1..40),
        ) {
            let mut window = SortedWindow::default();
            let (mut lo, mut hi) = (0, 0);
            for (by_lo, by_hi) in moves {
                hi = (hi + by_hi).min(keys.len());
                lo = (lo + by_lo).min(hi);
                let mut expected = keys[lo..hi].to_vec();
                expected.sort_unstable();
                prop_assert_eq!(window.move_to(&keys, lo, hi), expected);
            }
        }
    }
}
