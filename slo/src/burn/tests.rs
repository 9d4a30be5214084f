//! Conditions by hand.

use std::sync::Arc;

use super::*;
use crate::budget::{Book, Meter};
use crate::count::{Grid, Method, Slices};
use crate::ledger::{Spans, Track};
use crate::spec::{
    Absent, Budgeting, BurnTier, Calendar, CalendarUnit, Indicator, Missing, Objective, Part,
    Policy, Rolling, Slo, Trigger, Weekday, Window,
};
use narthex_model::{Labels, TimeRange};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Ten events a minute, so many of them bad, NaN: not observed.
pub(crate) fn meter(bad: &[f64]) -> Meter {
    meter_of(bad, &Missing::default())
}

fn meter_of(bad: &[f64], missing: &Missing) -> Meter {
    let grid = Grid::over(TimeRange::new(0, bad.len() as i64 * MINUTE), MINUTE);
    let mut slices = Slices::empty(grid, Method::Counters);
    for (i, bad) in bad.iter().enumerate().filter(|(_, bad)| !bad.is_nan()) {
        (slices.total[i], slices.bad[i], slices.good[i]) = (10.0, *bad, 10.0 - bad);
        slices.observed_ms[i] = MINUTE as f64;
    }
    let objective = Objective {
        target: 0.99,
        budgeting: Budgeting::Occurrences,
    };
    Meter::new(&slices, objective, missing, &Spans::default())
}

pub(crate) fn policy(trigger: Trigger) -> Policy {
    Policy {
        name: "p".to_owned(),
        alert: "P".to_owned(),
        severity: "page".to_owned(),
        trigger,
        for_ms: 0,
        keep_firing_ms: 0,
        consequence: String::new(),
        labels: [].into(),
        annotations: [].into(),
    }
}

fn burn(factor: f64, min_bad: f64) -> Trigger {
    let tier = BurnTier {
        factor,
        long_ms: HOUR,
        short_ms: 5 * MINUTE,
    };
    Trigger::Burn {
        tiers: vec![tier],
        min_bad,
        scaled_from_ms: Some(30 * DAY),
    }
}

fn read(trigger: Trigger, window: &Window, bad: &[f64]) -> (Verdict, f64) {
    let watch = Watch::new(&policy(trigger), window, &Missing::default());
    let reading = watch
        .expect("a known zone")
        .read(&meter(bad), bad.len() as i64 * MINUTE);
    (reading.verdict, (reading.value * 1000.0).round() / 1000.0)
}

/// What is read at the end of an hour of slices with so many events and bad ones each, all observed.
fn read_hour(trigger: Trigger, total: f64, bad: f64) -> (Verdict, f64) {
    let grid = Grid::over(TimeRange::new(0, HOUR), MINUTE);
    let mut slices = Slices::empty(grid, Method::Counters);
    slices.total.fill(total);
    slices.bad.fill(bad);
    slices.good.fill(total - bad);
    slices.observed_ms.fill(MINUTE as f64);
    let objective = Objective {
        target: 0.99,
        budgeting: Budgeting::Occurrences,
    };
    let meter = Meter::new(&slices, objective, &Missing::default(), &Spans::default());
    let watch = Watch::new(&policy(trigger), &days(1), &Missing::default());
    let reading = watch.expect("a known zone").read(&meter, HOUR);
    (reading.verdict, reading.value)
}

#[test]
fn an_outage_of_all_data_pages_where_no_data_is_bad() {
    let mut bad = vec![0.0; 120];
    bad.extend([f64::NAN; 60]);
    let at = bad.len() as i64 * MINUTE;
    let asked = |no_data| {
        let missing = Missing {
            no_data,
            ..Missing::default()
        };
        let watch = Watch::new(&policy(burn(14.4, 5.0)), &days(30), &missing);
        let mut watch = watch.expect("a known zone");
        watch.read(&meter_of(&bad, &missing), at).verdict
    };
    assert_eq!(asked(Absent::Bad), Verdict::Holds);
    assert_eq!(asked(Absent::Good), Verdict::HoldsNot);
    assert_eq!(asked(Absent::Exclude), Verdict::Unmeasured);
    assert_eq!(asked(Absent::Hold), Verdict::Unmeasured);
}

/// An SLO by hours, of which the second of four is bad.
fn by_hours() -> Book {
    let grid = Grid::over(TimeRange::new(0, 4 * HOUR), MINUTE);
    let mut slices = Slices::empty(grid, Method::Counters);
    slices.total.fill(10.0);
    slices.bad[60..120].fill(10.0);
    slices.observed_ms.fill(MINUTE as f64);
    let budgeting = Budgeting::Timeslices {
        slice_ms: HOUR,
        good_from: 0.9,
    };
    let track = Track {
        group: Labels::empty(),
        slices,
    };
    Book::open(&slo(budgeting, Vec::new()), &[track]).expect("no exclusions")
}

fn slo(budgeting: Budgeting, parts: Vec<Part>) -> Slo {
    Slo {
        id: "any".to_owned(),
        service: "any".to_owned(),
        name: "any".to_owned(),
        description: String::new(),
        labels: [].into(),
        indicator: Indicator::Composite { parts },
        group_by: Vec::new(),
        objective: Objective {
            target: 0.99,
            budgeting,
        },
        windows: Vec::new(),
        exclusions: Vec::new(),
        missing: Missing::default(),
        policies: Vec::new(),
        slice_ms: MINUTE,
    }
}

#[test]
fn windows_shorter_than_a_stretch_do_not_flap() {
    let own = Arc::new(by_hours());
    let part = Part {
        slo: "any".to_owned(),
        weight: 1.0,
    };
    // A composite by occurrences has no stretches; its parts may.
    let whole = slo(Budgeting::Occurrences, vec![part]);
    let whole = Book::composite(&whole, &[(own.clone(), 1.0)]).expect("no exclusions");
    for book in [own.as_ref(), &whole] {
        let watch = Watch::new(&policy(burn(14.4, 0.0)), &days(30), &Missing::default());
        let mut watch = watch.expect("a known zone");
        let said = (60..240).map(|minute| watch.read(book.all(), minute * MINUTE).verdict);
        let said: Vec<_> = said.collect();
        assert_eq!(said[..60], [Verdict::HoldsNot; 60]);
        assert_eq!(said[60..120], [Verdict::Holds; 60]);
        assert_eq!(said[120..], [Verdict::HoldsNot; 60]);
    }
}

#[test]
fn nothing_ends_where_nothing_happens() {
    let soon = || Trigger::ExhaustedWithin(3 * DAY);
    let never = f64::INFINITY;
    // An idle service has no budget, and spends none.
    assert_eq!(read_hour(soon(), 0.0, 0.0), (Verdict::HoldsNot, never));
    assert_eq!(read_hour(soon(), 10.0, 0.0), (Verdict::HoldsNot, never));
    assert_eq!(read_hour(soon(), 10.0, 1.0), (Verdict::Holds, 0.0));
    // All of the budget is spent, but none is overspent, and nothing is bad by now.
    let mut bad = vec![0.0; 1440];
    bad[0..18].fill(8.0);
    assert_eq!(read(soon(), &days(1), &bad), (Verdict::HoldsNot, never));
}

fn days(n: i64) -> Window {
    Window::Rolling(Rolling { ms: n * DAY })
}

#[test]
fn both_windows_must_burn() {
    let mut bad = vec![0.0; 120];
    bad[100..].fill(9.0);
    // 180 of 600 in the hour: 30 times as fast as allowed.
    assert_eq!(
        read(burn(14.4, 1.0), &days(30), &bad),
        (Verdict::Holds, 30.0)
    );
    assert_eq!(
        read(burn(14.4, 181.0), &days(30), &bad),
        (Verdict::HoldsNot, 30.0)
    );
    assert_eq!(
        read(burn(14.4, 1.0), &days(90), &bad),
        (Verdict::HoldsNot, 30.0),
        "43.2 is meant"
    );
    bad.extend([0.0; 5]);
    assert_eq!(read(burn(14.4, 1.0), &days(30), &bad).0, Verdict::HoldsNot);
    bad.extend([f64::NAN; 2]);
    assert_eq!(
        read(burn(14.4, 1.0), &days(30), &bad).0,
        Verdict::Unmeasured
    );
    assert_eq!(
        read(burn(2.0, 1.0), &days(30), &[f64::NAN; 60]).0,
        Verdict::Unmeasured
    );
}

#[test]
fn what_is_spent_and_how_fast() {
    // A day of 14400 events: 144 may be bad.
    let mut bad = vec![0.0; 1440];
    bad[1000] = 10.0;
    bad[1420..1434].fill(4.0);
    let day = days(1);
    assert_eq!(
        read(Trigger::Spent(0.45), &day, &bad),
        (Verdict::Holds, 0.458)
    );
    assert_eq!(read(Trigger::Spent(0.5), &day, &bad).0, Verdict::HoldsNot);
    let drop = |fraction| Trigger::Drop {
        fraction,
        within_ms: HOUR,
    };
    assert_eq!(read(drop(0.38), &day, &bad), (Verdict::Holds, 0.389));
    // 56 in an hour: the other 78 last for 83.6 minutes.
    assert_eq!(
        read(Trigger::ExhaustedWithin(84 * MINUTE), &day, &bad).0,
        Verdict::Holds
    );
    assert_eq!(
        read(Trigger::ExhaustedWithin(83 * MINUTE), &day, &bad).0,
        Verdict::HoldsNot
    );
    let coverage = Trigger::Coverage {
        below: 0.9,
        within_ms: HOUR,
    };
    assert_eq!(read(coverage.clone(), &day, &bad), (Verdict::HoldsNot, 1.0));
    bad[1430..].fill(f64::NAN);
    assert_eq!(read(coverage, &day, &bad), (Verdict::Holds, 0.833));
}

#[test]
fn a_calendar_period_is_measured_by_the_one_before() {
    let window = Window::Calendar(Calendar {
        unit: CalendarUnit::Day,
        zone: "UTC".to_owned(),
        week_start: Weekday::Monday,
        first_month: 1,
    });
    let mut bad = vec![0.0; 1440 + 60];
    bad[0] = 10.0;
    bad[1445] = 9.0;
    assert_eq!(
        read(Trigger::Spent(0.06), &window, &bad),
        (Verdict::Holds, 0.063)
    );
}
