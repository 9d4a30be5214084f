//! From time to a place in a picture, and where its axis is marked.

use jiff::ToSpan;
use narthex_model::{TimeRange, TimestampMs};

use crate::report::svg::{LEFT, RIGHT};
use crate::report::times::Times;

/// No more marks than this on an axis of time.
const MARKS_MAX: i64 = 11;

/// Steps between marks, in days.
const STEPS: [i64; 8] = [1, 2, 5, 7, 14, 30, 61, 92];

/// Time from left to right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeScale {
    span: TimeRange,
}

impl TimeScale {
    /// The whole width for this time.
    pub(crate) fn new(span: TimeRange) -> Self {
        Self { span }
    }

    /// Where an instant is; those outside are at the rim.
    pub(crate) fn x(self, at: TimestampMs) -> f64 {
        let length = self.length().max(1) as f64;
        let share = at.saturating_sub(self.span.start) as f64 / length;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn length(self) -> i64 {
        self.span.end.saturating_sub(self.span.start)
    }

    /// Midnights to mark, a whole number of days apart; of a span shorter than two days, its ends.
    pub(crate) fn midnights(self, times: Times<'_>) -> Vec<TimestampMs> {
        const DAY: i64 = 86_400_000;
        let days = self.length() / DAY;
        let step = STEPS.into_iter().find(|step| days / step <= MARKS_MAX);
        let step = step.unwrap_or(days / MARKS_MAX + 1);
        let mut marks = Vec::new();
        let mut next = times
            .zoned(self.span.start)
            .and_then(|start| start.start_of_day().ok());
        while let Some(midnight) = next {
            let at = midnight.timestamp().as_millisecond();
            if at > self.span.end || days < 2 {
                break;
            }
            if at >= self.span.start {
                marks.push(at);
            }
            next = midnight.checked_add(step.days()).ok();
        }
        match marks.is_empty() {
            true => vec![self.span.start, self.span.end],
            false => marks,
        }
    }
}
