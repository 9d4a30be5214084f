//! How good a policy is, by the incidents that it should have told of.

use narthex_model::TimeRange;

use super::Firing;
use crate::budget::{Meter, View};
use crate::spec::Window;

const WEEK_MS: f64 = 7.0 * 86_400_000.0;

/// What a policy would have done.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// When it would have fired.
    pub fired: Vec<Firing>,
    /// How often in a week.
    pub pages_per_week: f64,
    /// What it made of each incident, in their order.
    pub detections: Vec<Detection>,
    /// The fraction of its alerts that an incident was under way for; `None`: it never fired.
    pub precision: Option<f64>,
    /// The fraction of incidents that it told of; `None`: there were none.
    pub recall: Option<f64>,
    /// The mean time from the beginning of an incident that it told of until it fired, in milliseconds.
    pub detection_delay_ms: Option<f64>,
    /// The mean time that it went on after the end of such an incident, in milliseconds.
    pub reset_ms: Option<f64>,
    /// The largest fraction of the budget that was spent in an incident before it fired; all of the incident's if it never did.
    pub spent_before: f64,
    /// The longest time in which more was bad than the target allows without it firing.
    pub longest_silent_burn: Option<TimeRange>,
}

/// What a policy made of an incident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The incident.
    pub incident: TimeRange,
    /// How long after its beginning the alert fired, in milliseconds: 0 if it fired before; `None`: never.
    pub delay_ms: Option<i64>,
    /// How long the alert went on after its end, in milliseconds.
    pub reset_ms: Option<i64>,
    /// The fraction of the budget that was spent in it before the alert fired.
    pub spent_before: f64,
}

/// Judges what a policy said in `span` by `incidents`, in order of time: those that people wrote down, or those of
/// [`incidents`](crate::budget::incidents). The budget is that of `window`, by the mean traffic in `span`.
pub fn judge(
    fired: Vec<Firing>,
    meter: &Meter,
    window: &Window,
    span: TimeRange,
    incidents: &[TimeRange],
) -> Backtest {
    let length = (span.end - span.start).max(1) as f64;
    let all = meter.errors(span, View::Adjusted).1;
    let target = meter.objective().target;
    let allowed = (all - target * all) * window.nominal_ms() as f64 / length;
    let detections: Vec<Detection> = incidents
        .iter()
        .map(|incident| detect(*incident, &fired, meter, allowed))
        .collect();
    let told: Vec<&Detection> = detections.iter().filter(|d| d.delay_ms.is_some()).collect();
    let mean = |of: &dyn Fn(&Detection) -> Option<i64>| {
        let all: Vec<f64> = told
            .iter()
            .filter_map(|d| of(d))
            .map(|ms| ms as f64)
            .collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    };
    let right = |firing: &&Firing| incidents.iter().any(|incident| is_told(incident, firing));
    let fraction = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
    Backtest {
        pages_per_week: fired.len() as f64 * WEEK_MS / length,
        precision: fraction(fired.iter().filter(right).count(), fired.len()),
        recall: fraction(told.len(), detections.len()),
        detection_delay_ms: mean(&|d| d.delay_ms),
        reset_ms: mean(&|d| d.reset_ms),
        spent_before: detections
            .iter()
            .map(|d| d.spent_before)
            .fold(0.0, f64::max),
        longest_silent_burn: longest_silent_burn(meter, span, &fired),
        detections,
        fired,
    }
}

/// Whether an alert tells of an incident: its condition held, or it fired, at some time of it.
fn is_told(incident: &TimeRange, firing: &Firing) -> bool {
    // The condition may hold at the very end of the incident: slices are looked at when they are over.
    firing.active_at <= incident.end && incident.start < firing.span.end
}

fn detect(incident: TimeRange, fired: &[Firing], meter: &Meter, allowed: f64) -> Detection {
    let mut telling = fired.iter().filter(|firing| is_told(&incident, firing));
    let first = telling.next();
    let last = telling.next_back().or(first);
    let silent = TimeRange::new(
        incident.start,
        first.map_or(incident.end, |f| {
            f.span.start.clamp(incident.start, incident.end)
        }),
    );
    let spent = meter.errors(silent, View::Adjusted).0;
    Detection {
        incident,
        delay_ms: first.map(|f| (f.span.start - incident.start).max(0)),
        reset_ms: last
            .filter(|f| !f.ongoing)
            .map(|f| (f.span.end - incident.end).max(0)),
        spent_before: if allowed > 0.0 { spent / allowed } else { 0.0 },
    }
}

/// The longest run of slices that burn faster than allowed while nothing fires. Slices in which nothing was counted do not end it.
fn longest_silent_burn(meter: &Meter, span: TimeRange, fired: &[Firing]) -> Option<TimeRange> {
    let step = meter.judged_ms();
    let (mut longest, mut run): (Option<TimeRange>, Option<TimeRange>) = (None, None);
    let mut firings = fired.iter().peekable();
    let mut start = span.start.div_euclid(step) * step;
    while start < span.end {
        let slice = TimeRange::new(start, start + step);
        start = slice.end;
        while firings.peek().is_some_and(|f| f.span.end <= slice.start) {
            firings.next();
        }
        let fires = firings.peek().is_some_and(|f| f.span.start < slice.end);
        match meter.burn_rate(slice, View::Adjusted) {
            None => continue,
            Some(burn) if burn > 1.0 && !fires => {
                run = Some(TimeRange::new(
                    run.map_or(slice.start, |r| r.start),
                    slice.end,
                ));
            }
            Some(_) => run = None,
        }
        let length = |r: TimeRange| r.end - r.start;
        if run.map(length) > longest.map(length) {
            longest = run;
        }
    }
    longest
}
