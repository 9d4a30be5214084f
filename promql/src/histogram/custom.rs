//! Histograms whose listed bounds differ: only bounds that both have are kept.

use std::sync::Arc;

use super::Buckets;
use super::bounds::custom_bound;
use super::tally::Tally;

/// The bounds in both lists.
pub(super) fn common_bounds(a: &[f64], b: &[f64]) -> Arc<[f64]> {
    let mut rest = b.iter().peekable();
    let both = a.iter().copied().filter(|bound| {
        while rest.next_if(|other| *other < bound).is_some() {}
        rest.next_if(|other| *other == bound).is_some()
    });
    both.collect()
}

/// Moves buckets with the bounds `from` to buckets with the bounds `to`, which are some of `from`.
pub(super) fn onto<N: Tally>(buckets: &Buckets<N>, from: &[f64], to: &[f64]) -> Buckets<N> {
    let mut out = Buckets::default();
    for (index, count) in buckets.iter() {
        let upper = custom_bound(index, from);
        let target = to.partition_point(|bound| *bound < upper);
        out.join_last(target as i32, count);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn into_wider_buckets() {
        let (from, to) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 5.0]);
        let numbers = (0..6).map(|i| (i, f64::from(1 << i)));
        let moved = onto(&numbers.collect::<Buckets>(), &from, &to);
        assert_eq!(
            moved.iter().collect::<Vec<_>>(),
            [(0, 3.0), (1, 28.0), (2, 32.0)]
        );
    }

    #[test]
    fn bounds_in_both() {
        let common = |a: &[f64], b: &[f64]| common_bounds(a, b).to_vec();
        assert_eq!(
            common(&[1.0, 2.0, 4.0, 6.0], &[0.5, 2.0, 3.0, 6.0, 7.0]),
            [2.0, 6.0]
        );
        assert_eq!(common(&[1.0], &[2.0]), [0.0; 0]);
        assert_eq!(common(&[], &[2.0]), [0.0; 0]);
    }
}
