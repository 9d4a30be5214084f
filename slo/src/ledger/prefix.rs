//! Sums over any window in constant time.

/// The sums of a column's first items.
///
/// Each is added with compensation and then rounded once. So it differs from the true sum by at most half a unit in its last place, and the
/// sum over a window, a difference of two, by at most 2^-52 of all that was added before the window's end, for columns without
/// negative items. Where all sums are whole events, or parts of 1/4096 of such, up to 2^41, nothing is rounded at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prefix(Vec<f64>);

impl Prefix {
    /// The sums of `items`.
    pub fn new(items: impl IntoIterator<Item = f64>) -> Self {
        let items = items.into_iter();
        let mut sums = Vec::with_capacity(items.size_hint().0 + 1);
        sums.push(0.0);
        let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
        for item in items {
            let next = sum + item;
            // What the addition rounded away, whichever of the two is larger.
            let part = next - sum;
            lost += (sum - (next - part)) + (item - part);
            sum = next;
            sums.push(sum + lost);
        }
        Self(sums)
    }

    /// How many items were added.
    pub fn len(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sum of the items from `from` on, before `to`; items that are not there are zero.
    #[inline]
    pub fn sum(&self, from: usize, to: usize) -> f64 {
        let last = self.len();
        match (self.0.get(from.min(last)), self.0.get(to.min(last))) {
            (Some(a), Some(b)) if from < to => b - a,
            _ => 0.0,
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

    proptest! {
        #[test]
        fn whole_events_are_exact(items in prop::collection::vec(0..u32::MAX, 0..300), a in 0..300_usize, b in 0..300_usize) {
            let prefix = Prefix::new(items.iter().map(|i| f64::from(*i) / 4096.0));
            let (a, b) = (a.min(items.len()), b.min(items.len()));
            let direct: u64 = items.get(a..b).unwrap_or_default().iter().map(|i| u64::from(*i)).sum();
            prop_assert_eq!(prefix.sum(a, b), direct as f64 / 4096.0);
        }

        #[test]
        fn others_to_a_part_of_all_before(items in prop::collection::vec(0.0..1e9_f64, 1..300), cut in 0..300_usize) {
            let scaled: Vec<f64> = items.iter().enumerate().map(|(i, v)| v * 10_f64.powi(i as i32 % 12 - 6)).collect();
            let prefix = Prefix::new(scaled.iter().copied());
            let from = cut.min(scaled.len());
            // Largest last: as good as exact.
            let mut window = scaled[from..].to_vec();
            window.sort_by(f64::total_cmp);
            let direct: f64 = window.iter().sum();
            let all: f64 = scaled.iter().sum();
            let slack = direct * 1e-13;
            prop_assert!((prefix.sum(from, scaled.len()) - direct).abs() <= all * f64::EPSILON + slack);
        }
    }
}
