//! One side of a histogram: bucket numbers and their counts.

use super::tally::Tally;

/// Sparse buckets, by increasing number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Buckets<N = f64> {
    /// Numbers of the buckets, increasing.
    pub(crate) index: Vec<i32>,
    /// How much is in each.
    pub(crate) count: Vec<N>,
}

impl<N> Default for Buckets<N> {
    fn default() -> Self {
        Self {
            index: Vec::new(),
            count: Vec::new(),
        }
    }
}

impl<N> FromIterator<(i32, N)> for Buckets<N> {
    fn from_iter<I: IntoIterator<Item = (i32, N)>>(buckets: I) -> Self {
        let (index, count) = buckets.into_iter().unzip();
        Self { index, count }
    }
}

impl<N: Tally> Buckets<N> {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The buckets as pairs.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (i32, N)> + '_ {
        self.index.iter().copied().zip(self.count.iter().copied())
    }

    /// The buckets that hold something, as pairs.
    pub(crate) fn held(&self) -> impl DoubleEndedIterator<Item = (i32, N)> + '_ {
        self.iter().filter(|(_, count)| !count.is_zero())
    }

    /// Adds another one's buckets, each times `sign`.
    pub(super) fn add(&mut self, other: &Buckets, sign: f64) {
        if self.index == other.index {
            let pairs = self.count.iter_mut().zip(&other.count);
            pairs.for_each(|(mine, theirs)| mine.add(sign * theirs));
        } else if !other.is_empty() {
            *self = self.merged(other, sign);
        }
    }

    fn merged(&self, other: &Buckets, sign: f64) -> Self {
        let mut out = Self {
            index: Vec::with_capacity(self.index.len() + other.index.len()),
            count: Vec::with_capacity(self.index.len() + other.index.len()),
        };
        let mut mine = self.iter().peekable();
        for (at, theirs) in other.iter() {
            while let Some((before, count)) = mine.next_if(|(index, _)| *index < at) {
                out.push(before, count);
            }
            let here = mine.next_if(|(index, _)| *index == at);
            let mut count = here.map(|(_, count)| count).unwrap_or_default();
            count.add(sign * theirs);
            out.push(at, count);
        }
        mine.for_each(|(index, count)| out.push(index, count));
        out
    }

    fn push(&mut self, index: i32, count: N) {
        self.index.push(index);
        self.count.push(count);
    }

    /// Joins every `2^doublings` neighbours, so that the buckets are those of a schema that is lower by `doublings`.
    pub(super) fn coarsen(&mut self, doublings: u32) {
        let mut out = Self::default();
        for (index, count) in self.iter() {
            out.join_last(coarser(index, doublings), count);
        }
        *self = out;
    }

    /// Adds to the last bucket if it has this number, else appends one.
    pub(super) fn join_last(&mut self, index: i32, count: N) {
        match (self.index.last(), self.count.last_mut()) {
            (Some(last), Some(total)) if *last == index => total.absorb(count),
            _ => self.push(index, count),
        }
    }

    /// Leaves out buckets that hold nothing.
    pub(super) fn drop_empty(&mut self) {
        if self.count.iter().any(|count| count.is_zero()) {
            *self = self.held().collect();
        }
    }

    /// Leaves out the first `n` buckets.
    pub(super) fn drop_first(&mut self, n: usize) {
        self.index.drain(..n);
        self.count.drain(..n);
    }
}

/// The bucket that holds bucket `index` in a schema that is lower by `doublings`.
fn coarser(index: i32, doublings: u32) -> i32 {
    // Buckets end at their bound, so that numbers 1..=2^n make number 1.
    let coarse = ((i64::from(index) - 1) >> doublings.min(31)) + 1;
    i32::try_from(coarse).unwrap_or(i32::MIN)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn side() -> impl Strategy<Value = Buckets> {
        prop::collection::btree_map(-9_i32..9, (1_u8..5).prop_map(f64::from), 0..9)
            .prop_map(|buckets| buckets.into_iter().collect())
    }

    proptest! {
        #[test]
        fn added_like_maps(a in side(), b in side(), sign in prop::sample::select(vec![1.0, -1.0])) {
            let mut naive: BTreeMap<i32, f64> = a.iter().collect();
            b.iter().for_each(|(index, count)| *naive.entry(index).or_default() += sign * count);
            naive.retain(|_, count| *count != 0.0);
            let mut sum = a;
            sum.add(&b, sign);
            sum.drop_empty();
            prop_assert_eq!(sum, naive.into_iter().collect::<Buckets>());
        }

        #[test]
        fn coarsened_like_floors(a in side(), doublings in 1_u32..4) {
            let mut naive: BTreeMap<i32, f64> = BTreeMap::new();
            for (index, count) in a.iter() {
                let ends_at = f64::from(index) / 2_f64.powi(doublings as i32);
                *naive.entry(ends_at.ceil() as i32).or_default() += count;
            }
            let mut coarse = a;
            coarse.coarsen(doublings);
            prop_assert_eq!(coarse, naive.into_iter().collect::<Buckets>());
        }
    }
}
