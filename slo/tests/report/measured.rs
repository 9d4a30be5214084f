//! A report made of slices.

use narthex_model::{Labels, TimeRange};
use narthex_slo::budget::Book;
use narthex_slo::count::{Grid, Method, Slices};
use narthex_slo::ledger::Track;
use narthex_slo::outcome::State;
use narthex_slo::report::{Asked, Measured, html};
use narthex_slo::spec::{Budgeting, BurnTier, Policy, Trigger};

use crate::data::example;
use crate::simulated::{DAY, HOUR};

const SLICE: i64 = 600_000;

/// Ten events a minute, in slices of ten; those of one slice, an hour ago, are bad.
fn slices(span: TimeRange, part: f64) -> Slices {
    let mut slices = Slices::empty(Grid::over(span, SLICE), Method::Counters);
    let len = slices.total.len();
    for i in 0..len {
        let to_end = len - i;
        let bad = if to_end == 7 { 100.0 } else { 0.0 };
        (slices.total[i], slices.bad[i], slices.good[i]) =
            (100.0 * part, bad * part, (100.0 - bad) * part);
        slices.observed_ms[i] = SLICE as f64;
    }
    slices
}

#[test]
fn every_window_group_and_period_is_asked() {
    let report = example();
    let mut slo = report.slos[0].slo.clone();
    slo.objective.target = 0.999;
    slo.slice_ms = SLICE;
    slo.policies = vec![Policy {
        name: "fast".to_owned(),
        alert: "Fast".to_owned(),
        severity: "page".to_owned(),
        trigger: Trigger::Burn {
            tiers: vec![BurnTier {
                factor: 7.2,
                long_ms: 2 * HOUR,
                short_ms: HOUR / 2,
            }],
            min_bad: 0.0,
            scaled_from_ms: Some(15 * DAY),
        },
        for_ms: 0,
        keep_firing_ms: 0,
        labels: [].into(),
        annotations: [].into(),
        consequence: String::new(),
    }];
    let span = TimeRange::new(report.at - 100 * DAY, report.at);
    slo.exclusions.clear();
    slo.group_by = vec!["part".to_owned()];
    let tracks = [0.25, 0.75].map(|part| {
        let name = part.to_string();
        Track {
            group: Labels::new([("part", name.as_str())]).expect("labels"),
            slices: slices(span, part),
        }
    });
    let book = Book::open(&slo, &tracks).expect("no exclusions");
    let measured = Measured {
        book: &book,
        at: report.at,
        asked: &Asked::plain("Europe/Berlin", 12),
    };
    let found = measured.report().expect("known zones");

    assert_eq!(found.outcomes.len(), 3 * (1 + 2));
    let main = found.main().expect("a window");
    assert_eq!((main.counts.total, main.counts.bad), (432_000.0, 100.0));
    assert_eq!(found.burn_downs.len(), 3);
    let [incident] = found.incidents.as_slice() else {
        panic!("{:?}", found.incidents);
    };
    assert!((incident.cost - 100.0 / 432.0).abs() < 1e-9, "{incident:?}");
    let [pair] = found.burn_rates.as_slice() else {
        panic!("{:?}", found.burn_rates);
    };
    assert_eq!((pair.threshold, pair.word()), (14.4, "recovering"));
    // The same in a month of 31 days as an alert has it: months are 30.
    let mut by_month = slo.clone();
    by_month.windows.rotate_left(1);
    let by_month = Measured {
        book: &Book::open(&by_month, &tracks).expect("no exclusions"),
        ..measured
    };
    let october = by_month.report().expect("known zones");
    assert_eq!(october.outcomes[0].window.to_string(), "calendar-month");
    assert_eq!(october.burn_rates[0].threshold, 14.4);
    // By stretches longer than a window it is that of the last stretch, as an alert has it.
    let mut by_stretch = slo.clone();
    by_stretch.objective.budgeting = Budgeting::Timeslices {
        slice_ms: 4 * HOUR,
        good_from: 0.99,
    };
    let by_stretch = Measured {
        book: &Book::open(&by_stretch, &tracks).expect("no exclusions"),
        ..measured
    };
    let [pair] = &by_stretch.report().expect("known zones").burn_rates[..] else {
        panic!("one pair");
    };
    assert!(pair.long.is_some() && pair.long == pair.short, "{pair:?}");
    // August has data from its tenth day on; July has none.
    let states: Vec<State> = found.history.iter().map(|period| period.state).collect();
    assert_eq!(states.len(), 4);
    assert_eq!(states[0], State::Unknown);
    assert_eq!(states[1..3], [State::Meeting, State::Meeting]);

    let report = narthex_slo::report::Report {
        slos: vec![found],
        ..report
    };
    assert!(html::write(&report).contains("Nov 2026 so far"));
}
