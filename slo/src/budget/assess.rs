//! What came of a promise in one window.

use narthex_model::{Labels, Result, TimestampMs};

use super::pace::{self, PACE_MS};
use super::sums::floor;
use super::{Meter, View, forecast};
use crate::outcome::{Budget, Counts, Outcome, State};
use crate::spec::{Budgeting, Slo, Window};
use crate::time::{WindowSpan, window_at};

/// Less of a budget than this is left: it is at risk.
const LITTLE: f64 = 0.25;

/// What came of a promise in a window that is looked at at `at`, or at the beginning of its slice. For what is going on, that
/// should be the ledger's watermark: what was not counted yet is not observed. `meter` is that of the group, or of all
/// together where `group` is empty.
///
/// # Errors
/// If the window's zone is not known.
pub fn assess(
    slo: &Slo,
    group: &Labels,
    meter: &Meter,
    window: &Window,
    at: TimestampMs,
) -> Result<Outcome> {
    let at = floor(at, meter.slice_ms());
    let time = window_at(window, at)?;
    let span = time.span;
    let counts = meter.counts(span, View::Adjusted);
    let attained = meter.attained(span, View::Adjusted);
    let budget = meter.budget(span, View::Adjusted);
    let projected = time.is_open().then(|| forecast::projected(meter, time));
    let exhausted_in_ms = pace::exhausted_in(meter, time, projected.as_ref().unwrap_or(&budget));
    let last_hour = meter.last(span.end, PACE_MS);
    let seen = Seen {
        attained,
        whole: projected.unwrap_or(budget),
        judged: meter.judged(span, View::Adjusted),
        exhausted_in_ms,
    };
    Ok(Outcome {
        slo: slo.id.clone(),
        group: group.clone(),
        window: window.clone(),
        span,
        ends_at: time.ends_at,
        bounds: bounds(&counts, slo.objective.budgeting),
        counts,
        raw: meter.counts(span, View::Raw),
        attained,
        raw_attained: meter.attained(span, View::Raw),
        budget,
        projected,
        burn_rate: meter.burn_rate(last_hour, View::Adjusted),
        exhausted_in_ms,
        coverage: meter.coverage(span, View::Adjusted),
        state: state(&seen, slo.missing.coverage_floor, time),
    })
}

fn bounds(counts: &Counts, budgeting: Budgeting) -> Option<(f64, f64)> {
    let is_exact = counts.good_low == counts.good && counts.good_high == counts.good;
    let by_events = budgeting == Budgeting::Occurrences;
    let known = by_events && !is_exact && counts.total > 0.0;
    known.then(|| {
        (
            counts.good_low / counts.total,
            counts.good_high / counts.total,
        )
    })
}

/// What a state follows from.
struct Seen {
    attained: Option<f64>,
    /// The budget of the whole window, foreseen if it is not over.
    whole: Budget,
    /// The fraction of the window that something can be said of.
    judged: f64,
    exhausted_in_ms: Option<i64>,
}

fn state(seen: &Seen, coverage_floor: f64, time: WindowSpan) -> State {
    if seen.attained.is_none() || seen.judged < coverage_floor {
        return State::Unknown;
    }
    if seen.whole.spent > seen.whole.allowed {
        return State::Blown;
    }
    // A calendar period that is not over has to last to its end, what rolls on for a tenth of its length.
    let has_to_last = if time.is_open() {
        time.ends_at - time.span.end
    } else {
        (time.span.end - time.span.start) / 10
    };
    let too_fast = seen.exhausted_in_ms.is_some_and(|ms| ms < has_to_last);
    let little = seen.whole.remaining().is_some_and(|left| left < LITTLE);
    if little || too_fast {
        State::AtRisk
    } else {
        State::Meeting
    }
}
