//! What came of the made-up promises, by adding up hours.

use narthex_model::{Labels, TimeRange, TimestampMs};
use narthex_slo::outcome::{Budget, Counts, Outcome, State, Unit};
use narthex_slo::spec::{Budgeting, CalendarUnit, Rolling, Window};

use crate::promises::{Promise, instant, zone};
use crate::simulated::{HOUR, Simulated};

pub(crate) fn within(hours: &[Simulated], span: TimeRange) -> Vec<Simulated> {
    hours
        .iter()
        .filter(|hour| span.contains(hour.start))
        .copied()
        .collect()
}

/// When a window begins and ends that `at` is in.
fn ends(window: &Window, at: TimestampMs) -> (TimestampMs, TimestampMs) {
    match window {
        Window::Rolling(Rolling { ms }) => (at - ms, at),
        Window::Calendar(calendar) => {
            let now = jiff::Timestamp::from_millisecond(at)
                .expect("in range")
                .to_zoned(zone());
            let months = if calendar.unit == CalendarUnit::Quarter {
                3
            } else {
                1
            };
            let month = (now.month() - 1) / months * months + 1;
            let next = if month + months > 12 {
                (now.year() + 1, 1)
            } else {
                (now.year(), month + months)
            };
            (
                instant(now.year(), month, 1, 0),
                instant(next.0, next.1, 1, 0),
            )
        }
    }
}

/// What came of a window, for a share of all events and of bad ones.
pub(crate) fn outcome(
    promise: &Promise<'_>,
    window: &Window,
    hours: &[Simulated],
    at: TimestampMs,
    shares: (f64, f64),
) -> Outcome {
    let (start, ends_at) = ends(window, at);
    let span = TimeRange::new(start, at);
    let hours = within(hours, span);
    let sum = |of: fn(&Simulated) -> f64| hours.iter().map(of).sum::<f64>();
    let total = (sum(|h| h.total) * shares.0).round();
    let bad = (sum(|h| h.bad) * shares.1).round();
    let target = promise.slo.objective.target;
    let observed_ms = sum(|h| h.coverage) * HOUR as f64;
    let minutes = observed_ms / 60_000.0;
    let timeslices = matches!(
        promise.slo.objective.budgeting,
        Budgeting::Timeslices { .. }
    );
    let (unit, all, spent) = match timeslices {
        true => (Unit::Minutes, minutes, sum(|h| h.bad_minutes)),
        false => (Unit::Events, total, bad),
    };
    let budget = Budget {
        unit,
        allowed: all * (1.0 - target),
        spent,
    };
    let attained = (all > 0.0).then(|| 1.0 - spent / all);
    let coverage = observed_ms / (at - start).max(1) as f64;
    let last = hours.last();
    let burn_rate = last
        .filter(|h| h.total > 0.0)
        .map(|h| h.bad * shares.1 / (h.total * shares.0) / (1.0 - target));
    let passed = (ends_at - start) as f64 / (at - start).max(1) as f64;
    let projected = (ends_at > at).then_some(Budget {
        allowed: budget.allowed * passed,
        ..budget
    });
    let left = projected.unwrap_or(budget).remaining();
    let state = match left {
        _ if coverage < 0.9 => State::Unknown,
        Some(left) if left < 0.0 => State::Blown,
        Some(left) if left < 0.25 => State::AtRisk,
        Some(_) => State::Meeting,
        None => State::Unknown,
    };
    let excluded = 0.0006 * f64::from(u8::from(!promise.slo.exclusions.is_empty()));
    let counts = Counts {
        good: total - bad,
        total,
        bad,
        good_low: total - bad * 1.2,
        good_high: total - bad * 0.8,
        observed_ms,
        slices: if timeslices { minutes } else { 0.0 },
        good_slices: if timeslices { minutes - spent } else { 0.0 },
    };
    let raw_bad = bad + (total * excluded).round();
    Outcome {
        slo: promise.slo.id.clone(),
        group: Labels::empty(),
        window: window.clone(),
        span,
        ends_at,
        counts,
        raw: Counts {
            bad: raw_bad,
            good: total - raw_bad,
            ..counts
        },
        attained,
        raw_attained: attained.map(|attained| attained - excluded),
        bounds: attained
            .filter(|_| promise.bounds)
            .map(|a| (1.0 - (1.0 - a) * 1.2, 1.0 - (1.0 - a) * 0.8)),
        budget,
        projected,
        burn_rate,
        exhausted_in_ms: left
            .zip(burn_rate)
            .filter(|(left, rate)| *left > 0.0 && *rate > 0.0)
            .map(|(left, rate)| (left * (ends_at - start) as f64 / rate) as i64),
        coverage,
        state,
    }
}
