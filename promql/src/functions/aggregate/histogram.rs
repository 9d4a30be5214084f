//! Quantiles and fractions of classic histograms: one series per bucket, the bound in the label `le`. What native histograms
//! among them say comes ready.

use super::collect::Collected;
use crate::notes::{Forced, Note, Speaker};
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
pub(super) fn quantile(
    group: &Collected,
    steps: usize,
    out: &mut StepRow<'_>,
    speaker: Option<&Speaker>,
) {
    each_step(group, steps, out, speaker, |step, buckets| {
        let (value, fall) = quantile_of(group.parameter_at(step), buckets);
        if let (Some(fall), Some(speaker)) = (fall, speaker) {
            speaker.say(&Note::ForcedMonotonicity {
                metric: &group.metric,
                forced: Forced::at(speaker.instant(step), fall.from, fall.to, fall.most),
            });
        }
        value
    });
}

/// `histogram_fraction(lower, upper, v)` at each step.
pub(super) fn fraction(
    group: &Collected,
    steps: usize,
    out: &mut StepRow<'_>,
    speaker: Option<&Speaker>,
) {
    each_step(group, steps, out, speaker, |step, buckets| {
        fraction_of(group.parameter_at(step), group.upper_at(step), buckets)
    });
}

/// Gives `f` the buckets of each step that has some, sorted by bound. What a native histogram says is taken as it is; but
/// where there are both, nobody can say which one is meant.
fn each_step(
    group: &Collected,
    steps: usize,
    out: &mut StepRow<'_>,
    speaker: Option<&Speaker>,
    f: impl Fn(usize, &mut [Bucket]) -> f64,
) {
    let rows = 0..group.keys.len();
    let (natives, mut order): (Vec<_>, Vec<_>) = rows.partition(|row| group.keys[*row].is_nan());
    order.sort_by(|a, b| group.keys[*a].total_cmp(&group.keys[*b]));
    let mut buckets = Vec::with_capacity(order.len());
    for step in 0..steps {
        buckets.clear();
        let there = |row: &usize| group.present[row * steps + step];
        for row in order.iter().filter(|row| there(row)) {
            push(
                &mut buckets,
                Bucket {
                    bound: group.keys[*row],
                    count: group.values[row * steps + step],
                },
            );
        }
        match (natives.iter().find(|row| there(row)), buckets.is_empty()) {
            (None, true) => {}
            (None, false) => out.set(step, f(step, &mut buckets)),
            (Some(row), true) => out.set(step, group.values[row * steps + step]),
            (Some(_), false) => speaker.into_iter().for_each(|speaker| {
                speaker.say(&Note::MixedClassicNative {
                    metric: &group.metric,
                });
            }),
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

/// What was done to counts that fell.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fall {
    /// The least and the greatest bound of a bucket that was changed.
    from: f64,
    to: f64,
    /// The most that was added.
    most: f64,
}

/// Lets no cumulative count be smaller than the one before; what it took, unless that was next to nothing.
fn make_monotonic(buckets: &mut [Bucket]) -> Option<Fall> {
    let mut fall: Option<Fall> = None;
    let mut previous = buckets.first()?.count;
    for bucket in buckets.iter_mut().skip(1) {
        let difference = (bucket.count - previous).abs();
        let near = difference < COUNT_TOLERANCE * (bucket.count.abs() + previous.abs());
        if !near && bucket.count < previous {
            let (bound, before) = (bucket.bound, fall);
            fall = Some(Fall {
                from: before.map_or(bound, |f| f.from),
                to: bound,
                most: before.map_or(difference, |f| f.most.max(difference)),
            });
        }
        if near || bucket.count < previous {
            bucket.count = previous;
        }
        previous = bucket.count;
    }
    fall
}

/// The quantile, and what had to be done to counts that fell. `buckets` are sorted by bound.
fn quantile_of(phi: f64, buckets: &mut [Bucket]) -> (f64, Option<Fall>) {
    if phi.is_nan() {
        return (f64::NAN, None);
    }
    if phi < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if phi > 1.0 {
        return (f64::INFINITY, None);
    }
    if buckets
        .last()
        .is_none_or(|last| last.bound != f64::INFINITY)
    {
        return (f64::NAN, None);
    }
    let fall = make_monotonic(buckets);
    (interpolated(phi, buckets), fall)
}

/// Linear interpolation inside the bucket that holds the rank. Counts do not fall, the last bound is infinite.
fn interpolated(phi: f64, buckets: &[Bucket]) -> f64 {
    let [inner @ .., last] = buckets else {
        return f64::NAN;
    };
    let Some(highest) = inner.last() else {
        return f64::NAN;
    };
    if last.count == 0.0 || last.count.is_nan() {
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

/// The share of observations between `lower` and `upper`. `buckets` are sorted by bound.
fn fraction_of(lower: f64, upper: f64, buckets: &[Bucket]) -> f64 {
    let Some(last) = buckets.last() else {
        return f64::NAN;
    };
    let unknown = last.bound != f64::INFINITY || last.count == 0.0;
    if unknown || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let below = |limit| {
        let rank = rank(limit, buckets).unwrap_or(last.count);
        if rank > last.count { last.count } else { rank }
    };
    (below(upper) - below(lower)) / last.count
}

/// How many observations lie below `limit`; `None` if it lies above all buckets.
fn rank(limit: f64, buckets: &[Bucket]) -> Option<f64> {
    // The lowest bucket begins at zero, unless it ends below.
    let (mut from, mut below) = match buckets.first() {
        Some(first) if first.bound <= 0.0 => (f64::NEG_INFINITY, 0.0),
        _ => (0.0, 0.0),
    };
    for bucket in buckets {
        if from >= limit {
            return Some(below);
        }
        if bucket.bound > limit {
            // Of a bucket without lower end all is taken to lie at its end.
            return Some(match from == f64::NEG_INFINITY {
                true => bucket.count,
                false => below + (bucket.count - below) * (limit - from) / (bucket.bound - from),
            });
        }
        (from, below) = (bucket.bound, bucket.count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(phi: f64, buckets: &[(f64, f64)]) -> f64 {
        let mut buckets: Vec<_> = buckets
            .iter()
            .map(|(bound, count)| Bucket {
                bound: *bound,
                count: *count,
            })
            .collect();
        quantile_of(phi, &mut buckets).0
    }

    #[test]
    fn shares() {
        let bucket = |(bound, count): &(f64, f64)| Bucket {
            bound: *bound,
            count: *count,
        };
        let share = |lower, upper, buckets: &[(f64, f64)]| {
            let buckets: Vec<_> = buckets.iter().map(bucket).collect();
            fraction_of(lower, upper, &buckets)
        };
        let infinity = f64::INFINITY;
        let positive = [(2.0, 10.0), (4.0, 30.0), (infinity, 40.0)];
        assert_eq!(share(1.0, 3.0, &positive), 0.375);
        assert_eq!(share(5.0, 6.0, &positive), 0.0);
        assert_eq!(share(-infinity, infinity, &positive), 1.0);
        let negative = [(-2.0, 10.0), (0.0, 20.0), (infinity, 20.0)];
        assert_eq!(share(-infinity, -1.0, &negative), 0.75);
        assert_eq!(share(-9.0, -2.0, &negative), 0.0);
        assert!(share(0.0, 1.0, &positive[..2]).is_nan());
        assert!(share(0.0, f64::NAN, &positive).is_nan());
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
