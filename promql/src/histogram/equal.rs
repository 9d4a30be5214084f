//! When two histograms are the same to PromQL.

use super::{Buckets, FloatHistogram};

impl FloatHistogram {
    /// Whether they have the same buckets and numbers; NaN is the same as NaN of the same bits. Hints do not count.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.bounds == other.bounds
            && self.zero_threshold == other.zero_threshold
            && self.zero_count == other.zero_count
            && self.count == other.count
            && self.sum.to_bits() == other.sum.to_bits()
            && same_side(&self.positive, &other.positive)
            && same_side(&self.negative, &other.negative)
    }
}

fn same_side(a: &Buckets, b: &Buckets) -> bool {
    let mut counts = a.count.iter().zip(&b.count);
    a.index == b.index && counts.all(|(a, b)| a.to_bits() == b.to_bits())
}

#[cfg(test)]
mod tests {
    use narthex_model::ResetHint;

    use super::super::samples::{custom, exponential};

    #[test]
    fn hints_do_not_count_but_bounds_do() {
        let one = exponential(0, (0.001, 3.0), &[(0, 3.0)], &[(1, 6.0)]);
        let mut other = one.clone();
        other.hint = ResetHint::Gauge;
        assert!(one.same(&other));
        other.negative.index[0] = 2;
        assert!(!one.same(&other));
        let listed = custom(&[1.0, 2.0], &[(0, 3.0)]);
        assert!(!listed.same(&custom(&[1.0, 3.0], &[(0, 3.0)])));
        let mut nan = listed.clone();
        nan.sum = f64::NAN;
        assert!(!nan.same(&listed) && nan.same(&nan.clone()));
    }
}
