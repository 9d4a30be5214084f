//! `sum_over_time` and `avg_over_time`.

use super::{Kind, Say, Window, floats};
use crate::histogram::{
    FloatHistogram, HistogramMean, HistogramNote, HistogramSum, Incompatible, Point, Total,
};
use crate::kernels::{RangeKernel, sum};

pub(super) fn sum_over_time(window: &Window<'_>, _: f64, say: Say<'_>) -> Option<Point> {
    total(window, sum::sum_over_time, say, |first, rest| {
        let mut sum = HistogramSum::new(first);
        rest.iter().try_for_each(|histogram| sum.add(histogram))?;
        Ok(sum.finish())
    })
}

pub(super) fn avg_over_time(window: &Window<'_>, _: f64, say: Say<'_>) -> Option<Point> {
    total(window, sum::avg_over_time, say, |first, rest| {
        let mut mean = HistogramMean::new(first);
        rest.iter().try_for_each(|histogram| mean.add(histogram))?;
        Ok(mean.finish())
    })
}

fn total(
    window: &Window<'_>,
    kernel: RangeKernel,
    say: Say<'_>,
    add_up: impl Fn(&FloatHistogram, &[&FloatHistogram]) -> Result<Total, Incompatible>,
) -> Option<Point> {
    let histograms = match window.kind() {
        Kind::Floats => return floats::all(window, kernel),
        Kind::Histograms(histograms) => histograms,
        Kind::Mixed => {
            say(HistogramNote::MixedFloatsHistograms);
            return None;
        }
    };
    let (first, rest) = histograms.split_first()?;
    match add_up(first, rest) {
        Ok(total) => {
            total.notes().for_each(say);
            Some(Point::Histogram(total.histogram))
        }
        Err(Incompatible) => {
            say(HistogramNote::MixedExponentialCustom);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{count, counter, window};
    use super::*;
    use crate::histogram::samples::custom;

    #[test]
    fn sums_and_means() {
        let points = [counter(1.0), counter(2.0), counter(6.0)];
        let mut silent = |note| panic!("{note:?}");
        assert_eq!(
            count(sum_over_time(&window(&points), 0.0, &mut silent)),
            Some(9.0)
        );
        assert_eq!(
            count(avg_over_time(&window(&points), 0.0, &mut silent)),
            Some(3.0)
        );
    }

    #[test]
    fn what_does_not_go_together() {
        let custom = Point::Histogram(custom(&[1.0], &[(0, 1.0)]));
        let cases = [
            (
                [counter(1.0), Point::Float(1.0)],
                HistogramNote::MixedFloatsHistograms,
            ),
            (
                [counter(1.0), custom],
                HistogramNote::MixedExponentialCustom,
            ),
        ];
        for (points, expected) in cases {
            let mut said = Vec::new();
            assert_eq!(
                sum_over_time(&window(&points), 0.0, &mut |note| said.push(note)),
                None
            );
            assert_eq!(said, [expected]);
        }
    }
}
