//! What the example shows besides outcomes.

use jiff::Timestamp;
use narthex_model::{TimeRange, TimestampMs};
use narthex_slo::outcome::{
    Budget, BurnDown, BurnPoint, Counting, HeatCell, HeatDay, HeatMap, Incident, Outcome, Spender,
    Unit,
};
use narthex_slo::report::{BurnRate, Compared, Drawn};
use narthex_slo::spec::{Budgeting, CalendarUnit};

use crate::outcomes::{outcome, within};
use crate::promises::{Promise, ZONE, calendar, zone};
use crate::simulated::{HOUR, Simulated};

/// The routes, as if no other label told groups apart.
pub(crate) fn spenders(outcomes: &[Outcome]) -> Vec<Spender> {
    let all = outcomes[0].counts;
    let routes = outcomes
        .iter()
        .filter_map(|o| Some((o.group.get("route")?, o.counts)));
    let mut spenders: Vec<_> = routes
        .map(|(route, own)| Spender {
            label: "route".to_owned(),
            value: route.to_owned(),
            bad: own.bad,
            total: own.total,
            bad_share: own.bad / all.bad,
            total_share: own.total / all.total,
        })
        .collect();
    spenders.sort_by(|a, b| b.bad.total_cmp(&a.bad));
    spenders
}

pub(crate) fn compared(
    promise: &Promise<'_>,
    main: &Outcome,
    hours: &[Simulated],
) -> Vec<Compared> {
    if promise.groups.is_empty() {
        return Vec::new();
    }
    let ratios: Vec<f64> = (within(hours, main.span).iter())
        .filter(|h| h.total > 0.0)
        .map(|h| h.bad / h.total)
        .collect();
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    let minutes = ratios.len() as f64 * 60.0;
    let allowed = minutes * (1.0 - promise.slo.objective.target);
    let budget = Budget {
        unit: Unit::Minutes,
        allowed,
        spent: minutes * mean,
    };
    let outcome = Outcome {
        attained: Some(1.0 - mean),
        budget,
        ..main.clone()
    };
    vec![Compared {
        counting: Counting::By(Budgeting::RatioTimeslices { slice_ms: 60_000 }),
        outcome,
    }]
}

pub(crate) fn burn_rates(
    promise: &Promise<'_>,
    hours: &[Simulated],
    at: TimestampMs,
) -> Vec<BurnRate> {
    let rate = |ms: i64| {
        let hours = within(hours, TimeRange::new(at - ms.max(HOUR), at));
        let total: f64 = hours.iter().map(|h| h.total).sum();
        let bad: f64 = hours.iter().map(|h| h.bad).sum();
        (total > 0.0).then(|| bad / total / (1.0 - promise.slo.objective.target))
    };
    let tiers = [
        (1, 12, 14.4, "page"),
        (6, 12, 6.0, "page"),
        (24, 12, 3.0, "ticket"),
        (72, 12, 1.0, "ticket"),
    ];
    let tiers = tiers.map(|(long, parts, threshold, severity)| BurnRate {
        long_ms: long * HOUR,
        short_ms: long * HOUR / parts,
        threshold,
        long: rate(long * HOUR),
        short: rate(long * HOUR / parts),
        severity: severity.to_owned(),
    });
    tiers.to_vec()
}

pub(crate) fn burn_down(outcome: &Outcome, hours: &[Simulated]) -> Drawn {
    let budget = outcome.projected.unwrap_or(outcome.budget);
    let point = |at, spent: f64, coverage| BurnPoint {
        at,
        spent: spent / budget.allowed,
        rolling_left: None,
        coverage,
    };
    let mut spent = 0.0;
    let mut points = vec![point(outcome.span.start, spent, 1.0)];
    for hour in within(hours, outcome.span) {
        spent += match budget.unit {
            Unit::Minutes => hour.bad_minutes,
            Unit::Events => hour.bad,
        };
        points.push(point(hour.start + HOUR, spent, hour.coverage));
    }
    Drawn {
        window: outcome.window.clone(),
        down: BurnDown {
            span: TimeRange::new(outcome.span.start, outcome.ends_at),
            unit: budget.unit,
            allowed: budget.allowed,
            projected: outcome.projected.is_some(),
            points,
        },
    }
}

/// The hours of a window's days, as clocks show them.
pub(crate) fn heat_map(outcome: &Outcome, hours: &[Simulated]) -> HeatMap {
    let mut days: Vec<HeatDay> = Vec::new();
    for hour in within(hours, outcome.span) {
        let local = Timestamp::from_millisecond(hour.start)
            .expect("in range")
            .to_zoned(zone());
        let date = local.date().to_string();
        if days.last().is_none_or(|day| day.date != date) {
            let start = local
                .start_of_day()
                .expect("a day")
                .timestamp()
                .as_millisecond();
            days.push(HeatDay {
                start,
                date,
                hours: vec![None; 24],
            });
        }
        let day = days.last_mut().expect("one was pushed");
        day.hours[local.hour() as usize] = Some(HeatCell {
            attained: (hour.total > 0.0).then(|| 1.0 - hour.bad / hour.total),
            cost: if outcome.budget.unit == Unit::Minutes {
                hour.bad_minutes
            } else {
                hour.bad
            } / outcome.budget.allowed,
            coverage: hour.coverage,
        });
    }
    HeatMap {
        zone: ZONE.to_owned(),
        days,
    }
}

pub(crate) fn history(promise: &Promise<'_>, hours: &[Simulated], span: TimeRange) -> Vec<Outcome> {
    let window = calendar(CalendarUnit::Month);
    let mut periods = Vec::new();
    let mut at = span.end;
    while at > span.start {
        let mut period = outcome(promise, &window, hours, at, (1.0, 1.0));
        let start = period.span.start;
        if at != span.end {
            period.projected = None;
            period.ends_at = period.span.end + 1;
            period.span.end += 1;
        }
        periods.push(period);
        at = start - 1;
    }
    periods.reverse();
    periods
}

/// Hours in a row that burnt more than three times too fast.
pub(crate) fn incidents(
    promise: &Promise<'_>,
    main: &Outcome,
    hours: &[Simulated],
) -> Vec<Incident> {
    let allowed = 1.0 - promise.slo.objective.target;
    let rate = |hour: &Simulated| hour.bad / hour.total.max(1.0) / allowed;
    let hours = within(hours, main.span);
    let runs = hours.chunk_by(|a, b| (rate(a) > 3.0) == (rate(b) > 3.0));
    let runs = runs.filter(|run| rate(&run[0]) > 3.0);
    runs.map(|run| {
        let span = TimeRange::new(run[0].start + 11 * 60_000, run[run.len() - 1].start + HOUR);
        let bad = run.iter().map(|h| match main.budget.unit {
            Unit::Minutes => h.bad_minutes,
            Unit::Events => h.bad,
        });
        let bad = bad.sum();
        Incident {
            span,
            bad,
            cost: bad / main.budget.allowed,
            peak_burn: run.iter().map(rate).fold(0.0, f64::max),
            ongoing: span.end >= main.span.end,
        }
    })
    .collect()
}
