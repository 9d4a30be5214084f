//! How much of a native histogram lies at or below a threshold.

use narthex_model::{HistogramRef, Span};

/// How many observations lie at or below a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Below {
    /// Surely.
    pub(super) low: f64,
    /// As if those of a bucket were evenly spread: over the logarithm in exponential buckets, as PromQL has it.
    pub(super) likely: f64,
    /// Possibly.
    pub(super) high: f64,
}

impl Below {
    /// `count` observations lie surely below.
    fn add(&mut self, count: f64) {
        self.low += count;
        self.likely += count;
        self.high += count;
    }

    /// `count` observations lie about the threshold, the fraction `within` of them likely below it.
    fn add_part(&mut self, count: f64, within: f64) {
        self.high += count;
        self.likely += count * within.clamp(0.0, 1.0);
    }
}

/// What lies at or below `threshold`.
pub(super) fn below(histogram: &HistogramRef<'_>, threshold: f64) -> Below {
    let mut below = Below::default();
    if histogram.schema < -4 {
        custom(histogram, threshold, &mut below);
        return below;
    }
    let edge = |i: i64| (i as f64 * f64::from(-histogram.schema).exp2()).exp2();
    negative(histogram, threshold, &mut below);
    let zero = histogram.zero_threshold;
    let from = if histogram.negative_buckets.is_empty() {
        0.0
    } else {
        -zero
    };
    if zero <= threshold {
        below.add(histogram.zero_count);
    } else if from < threshold {
        below.add_part(histogram.zero_count, (threshold - from) / (zero - from));
    }
    if threshold <= 0.0 {
        return below;
    }
    // The first bucket that does not end before the threshold; rounded, and put right.
    let mut about = (threshold.log2() * f64::from(histogram.schema).exp2()).ceil() as i64;
    about -= i64::from(edge(about - 1) >= threshold);
    about += i64::from(edge(about) < threshold);
    let is_edge = edge(about) == threshold;
    each(
        histogram.positive_spans,
        histogram.positive_buckets,
        |i, count| {
            if i < about || (i == about && is_edge) {
                below.add(count);
            } else if i == about {
                let (from, to) = (edge(i - 1), edge(i));
                below.add_part(count, (threshold / from).log2() / (to / from).log2());
            }
        },
    );
    below
}

/// Negative buckets lie from the bound with the larger exponent up to the smaller; all of them below zero.
fn negative(histogram: &HistogramRef<'_>, threshold: f64, below: &mut Below) {
    if threshold >= 0.0 {
        return below.add(histogram.negative_buckets.iter().sum());
    }
    let edge = |i: i64| -(i as f64 * f64::from(-histogram.schema).exp2()).exp2();
    each(
        histogram.negative_spans,
        histogram.negative_buckets,
        |i, count| {
            let (from, to) = (edge(i), edge(i - 1));
            if to <= threshold {
                below.add(count);
            } else if from < threshold {
                below.add_part(count, 1.0 - (threshold / to).log2() / (from / to).log2());
            }
        },
    );
}

/// Buckets with bounds of their own.
fn custom(histogram: &HistogramRef<'_>, threshold: f64, below: &mut Below) {
    let bounds = histogram.custom_values;
    each(
        histogram.positive_spans,
        histogram.positive_buckets,
        |i, count| {
            let at = |i: i64| bounds.get(usize::try_from(i).ok()?).copied();
            let (from, to) = (at(i - 1).unwrap_or(0.0), at(i).unwrap_or(f64::INFINITY));
            if to <= threshold {
                below.add(count);
            } else if from < threshold {
                below.add_part(count, (threshold - from) / (to - from));
            }
        },
    );
}
/// Calls `f` with index and count of each bucket.
fn each(spans: &[Span], buckets: &[f64], mut f: impl FnMut(i64, f64)) {
    let mut index = 0_i64;
    let mut counts = buckets.iter();
    for span in spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            let Some(count) = counts.next() else { return };
            f(index, *count);
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_RUN: [Span; 1] = [Span {
        offset: 0,
        length: 3,
    }];

    #[test]
    fn exponential() {
        // Up to 1, 2 and 4.
        let histogram = HistogramRef {
            zero_threshold: 0.001,
            zero_count: 1.0,
            positive_spans: &ONE_RUN,
            positive_buckets: &[2.0, 4.0, 8.0],
            ..HistogramRef::default()
        };
        let at = |t: f64| {
            let Below { low, likely, high } = below(&histogram, t);
            [low, likely, high]
        };
        assert_eq!(at(2.0), [7.0, 7.0, 7.0]);
        let half = at(2.0 * std::f64::consts::SQRT_2);
        assert!((half[1] - 11.0).abs() < 1e-9 && half[0] == 7.0 && half[2] == 15.0);
        assert_eq!(at(0.0), [0.0; 3]);
    }

    #[test]
    fn negative_buckets_lie_below() {
        let histogram = HistogramRef {
            negative_spans: &ONE_RUN,
            negative_buckets: &[1.0, 2.0, 4.0],
            ..HistogramRef::default()
        };
        assert_eq!(below(&histogram, 0.5).low, 7.0);
        // Buckets from -1 to -0.5, -2 to -1, -4 to -2.
        assert_eq!(
            below(&histogram, -2.0),
            Below {
                low: 4.0,
                likely: 4.0,
                high: 4.0
            }
        );
        assert_eq!(below(&histogram, -3.0).high, 4.0);
    }

    #[test]
    fn custom_bounds() {
        let histogram = HistogramRef {
            schema: -53,
            positive_spans: &ONE_RUN,
            positive_buckets: &[1.0, 2.0, 4.0],
            custom_values: &[0.5, 1.0],
            ..HistogramRef::default()
        };
        assert_eq!(
            below(&histogram, 0.75),
            Below {
                low: 1.0,
                likely: 2.0,
                high: 3.0
            }
        );
        assert_eq!(
            below(&histogram, 9.0),
            Below {
                low: 3.0,
                likely: 3.0,
                high: 7.0
            }
        );
    }
}
