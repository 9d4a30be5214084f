//! Sums over any window in constant time.

/// The sums of a column's first items, and what was lost when each was rounded.
///
/// So a window's sum, a difference of two, is off by a rounding of its own and next to nothing of what was added before it: a slice with
/// 2^64 events, of a counter that fell below zero, or with 1e300 is seen by the windows that have it, and by no other. Where all sums are whole
/// events, or parts of 1/4096 of such, up to 2^41, nothing is rounded at all. What is no number counts as nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prefix {
    sums: Vec<f64>,
    /// What was lost so far, for each sum; empty if nothing was.
    lost: Vec<f64>,
}

impl Prefix {
    /// The sums of `items`.
    pub fn new(items: impl IntoIterator<Item = f64>) -> Self {
        let items = items.into_iter();
        let mut sums = Vec::with_capacity(items.size_hint().0 + 1);
        sums.push(0.0);
        let mut all = Vec::new();
        let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
        for item in items {
            let item = if (sum + item).is_finite() { item } else { 0.0 };
            let next = sum + item;
            // What the addition rounded away, whichever of the two is larger.
            let part = next - sum;
            lost += (sum - (next - part)) + (item - part);
            sum = next;
            if lost != 0.0 && all.is_empty() {
                all.resize(sums.len(), 0.0);
            }
            sums.push(sum);
            if !all.is_empty() {
                all.push(lost);
            }
        }
        Self { sums, lost: all }
    }

    /// How many items were added.
    pub fn len(&self) -> usize {
        self.sums.len().saturating_sub(1)
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sum of the items from `from` on, before `to`; items that are not there are zero.
    #[inline]
    pub fn sum(&self, from: usize, to: usize) -> f64 {
        let last = self.len();
        let (from, to) = (from.min(last), to.min(last));
        if from >= to {
            return 0.0;
        }
        let rounded = self.sums[to] - self.sums[from];
        match self.lost.is_empty() {
            true => rounded,
            false => rounded + (self.lost[to] - self.lost[from]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn outside_is_zero() {
        let prefix = Prefix::new([1.0, 2.0, 4.0]);
        assert_eq!(prefix.len(), 3);
        let sums = [(0, 3), (1, 2), (2, 9), (5, 9), (2, 1)].map(|(a, b)| prefix.sum(a, b));
        assert_eq!(sums, [7.0, 2.0, 4.0, 0.0, 0.0]);
        assert_eq!(Prefix::default().sum(0, 1), 0.0);
    }

    #[test]
    fn only_windows_with_a_monstrous_item_see_it() {
        for monster in [2_f64.powi(64), 1e300, f64::NAN, f64::INFINITY] {
            let mut items: Vec<f64> = (0..500).map(|i| f64::from(i) + 0.1).collect();
            items[100] = monster;
            let prefix = Prefix::new(items.iter().copied());
            for (from, to) in [(0, 100), (101, 102), (101, 500), (300, 301)] {
                let direct: f64 = items[from..to].iter().sum();
                let sum = prefix.sum(from, to);
                assert!((sum - direct).abs() <= direct * 1e-12, "{monster}: {sum}");
            }
        }
        let fallen = [0.0, 2_f64.powi(64), 3.0, 4.0];
        assert_eq!(Prefix::new(fallen).sum(2, 4), 7.0);
    }

    proptest! {
        #[test]
        fn whole_events_are_exact(items in prop::collection::vec(0..u32::MAX, 0..300), a in 0..300_usize, b in 0..300_usize) {
            let prefix = Prefix::new(items.iter().map(|i| f64::from(*i) / 4096.0));
            let (a, b) = (a.min(items.len()), b.min(items.len()));
            let direct: u64 = items.get(a..b).unwrap_or_default().iter().map(|i| u64::from(*i)).sum();
            prop_assert_eq!(prefix.sum(a, b), direct as f64 / 4096.0);
        }

        #[test]
        fn others_to_a_rounding_of_their_own(items in prop::collection::vec(0.0..1e9_f64, 1..300), cut in 0..300_usize) {
            let scaled: Vec<f64> = items.iter().enumerate().map(|(i, v)| v * 10_f64.powi(i as i32 % 12 - 6)).collect();
            let prefix = Prefix::new(scaled.iter().copied());
            let from = cut.min(scaled.len());
            // Largest last: as good as exact.
            let mut window = scaled[from..].to_vec();
            window.sort_by(f64::total_cmp);
            let direct: f64 = window.iter().sum();
            prop_assert!((prefix.sum(from, scaled.len()) - direct).abs() <= direct * 1e-13);
        }
    }
}
