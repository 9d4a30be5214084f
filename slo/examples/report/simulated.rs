//! A year of a made-up service, hour by hour, always the same for the same seed.

use narthex_model::{TimeRange, TimestampMs};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// An hour, in milliseconds.
pub(crate) const HOUR: i64 = 3_600_000;
/// A day, in milliseconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// Events per hour of the day, as shares of the busiest.
const BUSY: [f64; 24] = [
    0.18, 0.12, 0.09, 0.08, 0.09, 0.14, 0.27, 0.45, 0.66, 0.82, 0.91, 0.95, 0.93, 0.96, 1.0, 0.98,
    0.93, 0.9, 0.92, 0.88, 0.76, 0.58, 0.42, 0.28,
];

/// What happened in an hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Simulated {
    pub(crate) start: TimestampMs,
    pub(crate) total: f64,
    pub(crate) bad: f64,
    pub(crate) bad_minutes: f64,
    pub(crate) coverage: f64,
}

/// Trouble: from when on, for how many hours, which fraction was bad.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trouble {
    pub(crate) start: TimestampMs,
    pub(crate) hours: i64,
    pub(crate) bad: f64,
}

/// How a service is.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    pub(crate) seed: u64,
    pub(crate) events_per_hour: f64,
    pub(crate) usually_bad: f64,
    pub(crate) troubles: &'a [Trouble],
    pub(crate) unobserved: &'a [TimeRange],
}

/// All hours of a time.
pub(crate) fn hours(service: &Service<'_>, span: TimeRange) -> Vec<Simulated> {
    let mut rng = ChaCha8Rng::seed_from_u64(service.seed);
    let starts = (0..).map(|i| span.start + i * HOUR);
    let starts = starts.take_while(|start| *start < span.end);
    starts.map(|start| hour(service, start, &mut rng)).collect()
}

fn hour(service: &Service<'_>, start: TimestampMs, rng: &mut ChaCha8Rng) -> Simulated {
    let of_day = (start.rem_euclid(DAY) / HOUR) as usize;
    let weekend =
        start.div_euclid(DAY).rem_euclid(7) == 2 || start.div_euclid(DAY).rem_euclid(7) == 3;
    let busy = BUSY[of_day] * if weekend { 0.6 } else { 1.0 };
    let total = (service.events_per_hour * busy * rng.random_range(0.92..1.08)).round();
    let here = |t: &&Trouble| start >= t.start && start < t.start + t.hours * HOUR;
    let trouble = service.troubles.iter().find(here).map_or(0.0, |t| t.bad);
    let usually = service.usually_bad * rng.random_range(0.0..2.0);
    let lucky = rng.random_bool(0.55) && trouble == 0.0;
    let bad = if lucky {
        0.0
    } else {
        (total * (usually + trouble)).round()
    };
    let unobserved = service.unobserved.iter().any(|span| span.contains(start));
    let seen = if unobserved { 0.0 } else { 1.0 };
    Simulated {
        start,
        total: total * seen,
        bad: bad.min(total) * seen,
        bad_minutes: (60.0 * (trouble * 5.0).min(1.0)).round() * seen,
        coverage: seen,
    }
}
