//! A report of made-up promises.

use narthex_model::{Labels, TimeRange};
use narthex_slo::outcome::Outcome;
use narthex_slo::report::{Report, SloReport};

use crate::outcomes::outcome;
use crate::pictures::{burn_down, burn_rates, compared, heat_map, history, incidents, spenders};
use crate::promises::{Promise, catalogue, checkout, instant, login, payments, search, zone};
use crate::simulated::hours;

/// The report of 18 November 2026.
pub(crate) fn example() -> Report {
    let at = instant(2026, 11, 18, 9);
    let start = instant(2025, 12, 1, 0);
    let promises = [
        checkout(at),
        search(at),
        payments(at),
        login(at),
        catalogue(at),
    ];
    let slos = promises
        .iter()
        .map(|p| reported(p, TimeRange::new(start, at)));
    Report {
        title: "Service levels of the web shop".to_owned(),
        made_at: at + 93_000,
        at,
        zone: zone(),
        engine: "narthex 0.1.0".to_owned(),
        data: Some(TimeRange::new(start, at)),
        slos: slos.collect(),
        notes: vec!["All services and numbers in this example are made up.".to_owned()],
    }
}

/// All that a report says of a promise.
fn reported(promise: &Promise<'_>, span: TimeRange) -> SloReport {
    let hours = hours(&promise.service, span);
    let slo = &promise.slo;
    let windows = slo.windows.iter();
    let whole = windows.map(|window| outcome(promise, window, &hours, span.end, (1.0, 1.0)));
    let mut outcomes: Vec<Outcome> = whole.collect();
    for (route, share, bad) in promise.groups {
        let mut group = outcome(promise, &slo.windows[0], &hours, span.end, (*share, *bad));
        group.group = Labels::new([("route", *route)]).expect("labels");
        outcomes.push(group);
    }
    let shown = &outcomes[..2];
    SloReport {
        generation: format!(
            "{:016x}",
            0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(promise.service.seed + 41)
        ),
        data: Some(span),
        grouped_by: slo.group_by.clone(),
        spenders: spenders(&outcomes),
        compared: compared(promise, &outcomes[0], &hours),
        without_exclusions: Vec::new(),
        burn_rates: burn_rates(promise, &hours, span.end),
        burn_downs: shown
            .iter()
            .map(|outcome| burn_down(outcome, &hours))
            .collect(),
        heat_map: Some(heat_map(&outcomes[0], &hours)),
        history: history(promise, &hours, span),
        incidents: incidents(promise, &outcomes[0], &hours),
        notes: Vec::new(),
        slo: slo.clone(),
        outcomes,
    }
}
