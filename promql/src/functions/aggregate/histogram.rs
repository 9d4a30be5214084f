//! Quantiles of classic histograms: one series per bucket, the bound in the label `le`.

use super::collect::Collected;
use crate::steps::StepRow;

/// Cumulative counts that differ by less than this, relatively, are taken as equal: they come from float arithmetic.
const COUNT_TOLERANCE: f64 = 1e-12;

/// A bucket: its upper bound, and how many observations lie at or below it.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// `histogram_quantile(phi, v)` at each step.
pub(super) fn quantile(group: &Collected, steps: usize, out: &mut StepRow<'_>) {
    let mut order: Vec<usize> = (0..group.keys.len()).collect();
    order.sort_by(|a, b| group.keys[*a].total_cmp(&group.keys[*b]));
    let mut buckets = Vec::with_capacity(order.len());
    for step in 0..steps {
        buckets.clear();
        for row in &order {
            let at = row * steps + step;
            if group.present[at] {
                push(
                    &mut buckets,
                    Bucket {
                        bound: group.keys[*row],
                        count: group.values[at],
                    },
                );
            }
        }
        if !buckets.is_empty() {
            make_monotonic(&mut buckets);
            out.set(step, bucket_quantile(group.parameter_at(step), &buckets));
        }
    }
}

/// Adds a bucket; one with the same bound as the last is merged into it.
fn push(buckets: &mut Vec<Bucket>, bucket: Bucket) {
    match buckets.last_mut() {
        Some(last) if last.bound == bucket.bound => last.count += bucket.count,
        _ => buckets.push(bucket),
    }
}

/// Lets no cumulative count be smaller than the one before.
fn make_monotonic(buckets: &mut [Bucket]) {
    let Some(first) = buckets.first() else {
        return;
    };
    let mut previous = first.count;
    for bucket in buckets.iter_mut().skip(1) {
        let difference = (bucket.count - previous).abs();
        let near = difference < COUNT_TOLERANCE * (bucket.count.abs() + previous.abs());
        if near || bucket.count < previous {
            bucket.count = previous;
        }
        previous = bucket.count;
    }
}

/// Linear interpolation inside the bucket that holds the rank. `buckets` are sorted by bound, counts do not fall.
fn bucket_quantile(phi: f64, buckets: &[Bucket]) -> f64 {
    if phi.is_nan() {
        return f64::NAN;
    }
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    let [inner @ .., last] = buckets else {
        return f64::NAN;
    };
    let Some(highest) = inner.last() else {
        return f64::NAN;
    };
    if last.bound != f64::INFINITY || last.count == 0.0 || last.count.is_nan() {
        return f64::NAN;
    }
    let rank = phi * last.count;
    let at = inner.partition_point(|b| b.count < rank);
    let Some(bucket) = inner.get(at) else {
        return highest.bound;
    };
    let (lower, below) = match at.checked_sub(1).and_then(|i| inner.get(i)) {
        Some(previous) => (previous.bound, previous.count),
        None if bucket.bound <= 0.0 => return bucket.bound,
        None => (0.0, 0.0),
    };
    lower + (bucket.bound - lower) * ((rank - below) / (bucket.count - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(phi: f64, buckets: &[(f64, f64)]) -> f64 {
        let buckets: Vec<_> = buckets
            .iter()
            .map(|(bound, count)| Bucket {
                bound: *bound,
                count: *count,
            })
            .collect();
        bucket_quantile(phi, &buckets)
    }

    #[test]
    fn interpolates() {
        let buckets = [(0.1, 10.0), (0.2, 30.0), (f64::INFINITY, 40.0)];
        assert_eq!(at(0.25, &buckets), 0.1);
        assert!((at(0.5, &buckets) - 0.15).abs() < 1e-12);
        assert_eq!(at(0.99, &buckets), 0.2);
        assert_eq!(at(2.0, &buckets), f64::INFINITY);
        assert!(at(0.5, &buckets[..2]).is_nan() && at(0.5, &[(f64::INFINITY, 3.0)]).is_nan());
        assert_eq!(at(0.1, &[(-1.0, 5.0), (f64::INFINITY, 5.0)]), -1.0);
    }
}
