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

/// How many events or stretches there will be in `rest`: in each hour, or stretch if those are longer, the mean of the same time of the
/// last four weeks that are known; where none is, as in the mean of all time that is. Of a composite by occurrences, part by part.
fn expected(meter: &Meter, rest: TimeRange) -> f64 {
    if let Some(parts) = meter.parts() {
        return parts.iter().map(|(part, _)| expected(part, rest)).sum();
    }
    let known = TimeRange::new(meter.known().start, meter.known().end.min(rest.start));
    if known.is_empty() {
        return 0.0;
    }
    let kept_ms = (known.end - known.start) as f64 * meter.kept(known);
    let per_ms = match seen(meter, known) {
        Some(seen) if kept_ms > 0.0 => seen / kept_ms,
        _ => 0.0,
    };
    let step = HOUR_MS.max(meter.judged_ms());
    let (mut sum, mut start) = (0.0, rest.start);
    while start < rest.end {
        let hour = TimeRange::new(start, rest.end.min(start + step));
        let as_ever = || per_ms * (hour.end - hour.start) as f64;
        sum += as_before(meter, hour, known).unwrap_or_else(as_ever);
        start = hour.end;
    }
    sum
}

/// As many as in the same hour of the weeks before; `None` if it is not known of any.
fn as_before(meter: &Meter, hour: TimeRange, known: TimeRange) -> Option<f64> {
    let weeks = weeks_before(hour, known)
        .filter(|hour| meter.judged(*hour, View::Adjusted) >= SEEN)
        .filter_map(|hour| Some((seen(meter, hour)?, meter.kept(hour))));
    let weeks: Vec<(f64, f64)> = weeks.collect();
    // What was taken out of every week will be taken out again; what was not is made up for.
    let recurs = weeks.len() > 1 && weeks.iter().all(|(_, kept)| *kept < 1.0);
    let counts = weeks.iter().filter_map(|(seen, kept)| match recurs {
        true => Some(*seen),
        false => (*kept >= SEEN).then(|| (seen / kept).min(most(meter, hour))),
    });
    let (weeks, all) = counts.fold((0_u32, 0.0), |(weeks, all), seen| (weeks + 1, all + seen));
    (weeks > 0).then(|| all / f64::from(weeks))
}

/// No more stretches than this can be over in `span`.
fn most(meter: &Meter, span: TimeRange) -> f64 {
    meter.stretch_ms().map_or(f64::INFINITY, |ms| {
        (span.end.div_euclid(ms) - span.start.div_euclid(ms)) as f64
    })
}

/// How many events or stretches there were, had all of `span` that counts been seen as the part that was; `None` if nothing was.
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
