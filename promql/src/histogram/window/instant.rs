//! `irate` and `idelta`: the change between the last two samples.

use narthex_model::ResetHint;

use super::{Say, Window, floats};
use crate::histogram::{FloatHistogram, HistogramNote, Operation, Point};
use crate::kernels::{counter, starts};

pub(super) fn irate(window: &Window<'_>, _: f64, say: Say<'_>) -> Option<Point> {
    let last = window.last_two()?;
    let seconds = (last.times[1] - last.times[0]) as f64 / 1000.0;
    match last.points {
        [Point::Float(_), Point::Float(_)] => {
            floats::counter(&last, counter::irate, starts::irate, say)
        }
        [Point::Histogram(before), Point::Histogram(now)] => {
            if [before, now].iter().any(|h| h.hint == ResetHint::Gauge) {
                say(HistogramNote::NotCounter);
            }
            let reset = last.restarts(1) || now.is_reset_after(before);
            let mut change = difference(now, (!reset).then_some(before), say)?;
            change.divide(seconds);
            Some(Point::Histogram(change))
        }
        _ => {
            say(HistogramNote::MixedFloatsHistograms);
            None
        }
    }
}

pub(super) fn idelta(window: &Window<'_>, _: f64, say: Say<'_>) -> Option<Point> {
    let last = window.last_two()?;
    match last.points {
        [Point::Float(_), Point::Float(_)] => floats::all(&last, counter::idelta),
        [Point::Histogram(before), Point::Histogram(now)] => {
            if [before, now].iter().any(|h| h.hint != ResetHint::Gauge) {
                say(HistogramNote::NotGauge);
            }
            difference(now, Some(before), say).map(Point::Histogram)
        }
        _ => {
            say(HistogramNote::MixedFloatsHistograms);
            None
        }
    }
}

/// What was added since `before`, or in all.
fn difference(
    now: &FloatHistogram,
    before: Option<&FloatHistogram>,
    say: Say<'_>,
) -> Option<FloatHistogram> {
    let mut change = now.clone();
    change.drop_empty();
    if let Some(before) = before {
        match change.sub(before) {
            Ok(combined) if combined.reconciled => {
                say(HistogramNote::Reconciled(Operation::Subtraction));
            }
            Ok(_) => {}
            Err(_) => {
                say(HistogramNote::MixedExponentialCustom);
                return None;
            }
        }
    }
    change.hint = ResetHint::Gauge;
    Some(change)
}

impl<'a> Window<'a> {
    /// Only the last two samples, if there are as many.
    fn last_two(&self) -> Option<Self> {
        let from = self.points.len().checked_sub(2)?;
        Some(Self {
            times: &self.times[from..],
            points: &self.points[from..],
            starts: self.starts.get(from..).unwrap_or_default(),
            ..*self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{count, counter, window};
    use super::*;

    #[test]
    fn counters_and_gauges() {
        let points = [counter(100.0), counter(10.0), counter(40.0)];
        let mut said = Vec::new();
        assert_eq!(
            count(irate(&window(&points), 0.0, &mut |note| said.push(note))),
            Some(3.0)
        );
        assert_eq!(said, []);
        assert_eq!(
            count(idelta(&window(&points[..2]), 0.0, &mut |note| said.push(note))),
            Some(-90.0)
        );
        assert_eq!(said, [HistogramNote::NotGauge]);
        assert_eq!(
            count(irate(&window(&points[..2]), 0.0, &mut |_| ())),
            Some(1.0)
        );
        assert_eq!(irate(&window(&points[..1]), 0.0, &mut |_| ()), None);
    }

    #[test]
    fn floats_at_the_end() {
        let points = [counter(100.0), Point::Float(10.0), Point::Float(40.0)];
        let change = irate(&window(&points), 0.0, &mut |note| panic!("{note:?}"));
        assert_eq!(change, Some(Point::Float(3.0)));
        let mut said = Vec::new();
        assert_eq!(
            idelta(&window(&points[..2]), 0.0, &mut |note| said.push(note)),
            None
        );
        assert_eq!(said, [HistogramNote::MixedFloatsHistograms]);
    }
}
