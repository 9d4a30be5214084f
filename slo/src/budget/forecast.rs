//! How much there will be in what is left of a calendar period.

use narthex_model::TimeRange;

use super::{Meter, View};
use crate::outcome::Budget;
use crate::time::{HOUR_MS, WindowSpan};

const WEEK_MS: i64 = 7 * 24 * HOUR_MS;

/// So many weeks before are looked at.
const WEEKS: usize = 4;

/// Of an hour less of which was seen, nothing is known.
const SEEN: f64 = 0.5;

/// The budget of a whole period that is not over: what it may be when all that is to come is added, spent by what was bad so far.
pub(super) fn projected(meter: &Meter, time: WindowSpan) -> Budget {
    let (bad, all) = meter.errors(time.span, View::Adjusted);
    let rest = TimeRange::new(time.span.end, time.ends_at);
    meter.budget_of(bad, all + expected(meter, rest))
}

/// How many events or stretches there will be in `rest`: in each hour the mean of the same hour of the last four weeks that are
/// known; where none is, as in the mean of all hours that are.
fn expected(meter: &Meter, rest: TimeRange) -> f64 {
    let known = TimeRange::new(meter.known().start, meter.known().end.min(rest.start));
    if known.is_empty() {
        return 0.0;
    }
    let per_ms = seen(meter, known).unwrap_or(0.0) / (known.end - known.start) as f64;
    let mut sum = 0.0;
    let mut start = rest.start;
    while start < rest.end {
        let hour = TimeRange::new(start, rest.end.min(start + HOUR_MS));
        let before = weeks_before(hour, known)
            .filter(|hour| meter.judged(*hour, View::Adjusted) >= SEEN)
            .filter_map(|hour| seen(meter, hour));
        let (weeks, all) = before.fold((0_u32, 0.0), |(weeks, all), seen| (weeks + 1, all + seen));
        sum += if weeks > 0 {
            all / f64::from(weeks)
        } else {
            per_ms * (hour.end - hour.start) as f64
        };
        start = hour.end;
    }
    sum
}

/// How many events or stretches there were, had all of `span` been seen as the part that was; `None` if nothing was.
fn seen(meter: &Meter, span: TimeRange) -> Option<f64> {
    let judged = meter.judged(span, View::Adjusted);
    (judged > 0.0).then(|| meter.errors(span, View::Adjusted).1 / judged)
}

/// The same hour in the last weeks that are known.
fn weeks_before(hour: TimeRange, known: TimeRange) -> impl Iterator<Item = TimeRange> {
    let first = (hour.end - known.end + WEEK_MS - 1)
        .div_euclid(WEEK_MS)
        .max(1);
    let week = move |k: i64| TimeRange::new(hour.start - k * WEEK_MS, hour.end - k * WEEK_MS);
    let weeks = (first..).map(week).take(WEEKS);
    weeks.take_while(move |hour| hour.start >= known.start)
}
