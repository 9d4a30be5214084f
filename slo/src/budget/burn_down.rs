//! How a budget goes down over its window.

use narthex_model::{Result, TimeRange, TimestampMs};

use super::sums::floor;
use super::{Meter, View, forecast};
use crate::outcome::{BurnDown, BurnPoint};
use crate::spec::Window;
use crate::time::window_at;

/// How the budget of a window that is looked at at `at` went down, in about `points` steps.
///
/// # Errors
/// If the window's zone is not known.
pub fn burn_down(
    meter: &Meter,
    window: &Window,
    at: TimestampMs,
    points: usize,
) -> Result<BurnDown> {
    let time = window_at(window, floor(at, meter.slice_ms()))?;
    let span = time.span;
    let whole = if time.is_open() {
        forecast::projected(meter, time)
    } else {
        meter.budget(span, View::Adjusted)
    };
    let spent = |upto: TimestampMs| {
        let spent = meter
            .budget(TimeRange::new(span.start, upto), View::Adjusted)
            .spent;
        if whole.allowed > 0.0 {
            spent / whole.allowed
        } else {
            0.0
        }
    };
    let rolling_left = |upto: TimestampMs| match window {
        Window::Rolling(rolling) => {
            let span = TimeRange::new(upto - rolling.ms, upto);
            meter.budget(span, View::Adjusted).remaining()
        }
        Window::Calendar(_) => None,
    };
    let mut before = span.start;
    let point = |at| {
        let since = TimeRange::new(std::mem::replace(&mut before, at), at);
        BurnPoint {
            at,
            spent: spent(at),
            rolling_left: rolling_left(at),
            coverage: meter.coverage(since, View::Adjusted),
        }
    };
    Ok(BurnDown {
        span: time.whole(),
        unit: whole.unit,
        allowed: whole.allowed,
        projected: time.is_open(),
        points: steps(span, meter.slice_ms(), points).map(point).collect(),
    })
}

/// Instants from the start of `span` to its end, at slices, about `n` steps.
fn steps(span: TimeRange, slice_ms: i64, n: usize) -> impl Iterator<Item = TimestampMs> {
    let n = i64::try_from(n.max(1)).unwrap_or(i64::MAX);
    let step = floor((span.end - span.start) / n, slice_ms).max(slice_ms);
    let count = usize::try_from((span.end - span.start + step - 1) / step).unwrap_or(0);
    (0..=count).map(move |i| span.end.min(span.start + step * i as i64))
}
