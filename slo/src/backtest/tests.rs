//! Backtests by hand, and against a naive replay.

use narthex_model::TimeRange;
use proptest::prelude::*;

use super::*;
use crate::budget::{IncidentRule, View, incidents};
use crate::burn::tests::{meter, policy};
use crate::spec::{
    BurnTier, Calendar, CalendarUnit, Missing, Policy, Rolling, Trigger, Weekday, Window,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn fast_burn() -> Policy {
    policy(Trigger::Burn {
        tiers: vec![BurnTier {
            factor: 14.4,
            long_ms: HOUR,
            short_ms: 5 * MINUTE,
        }],
        min_bad: 1.0,
        scaled_from_ms: None,
    })
}

fn minutes(from: i64, to: i64) -> TimeRange {
    TimeRange::new(from * MINUTE, to * MINUTE)
}

#[test]
fn an_outage_is_told_of_and_a_leak_is_not() {
    let window = Window::Rolling(Rolling { ms: 7 * DAY });
    let mut bad = vec![0.0; 7 * 1440];
    // All bad for half an hour; and 5 % bad for a day.
    bad[2000..2030].fill(10.0);
    bad[6000..7440].fill(0.5);
    let meter = meter(&bad);
    let span = minutes(0, 7 * 1440);
    let fired = replay(
        &fast_burn(),
        &meter,
        &window,
        &Missing::default(),
        span,
        MINUTE,
    )
    .expect("known");
    // In an hour of 600 events, 87 are more than 14.4 %: that takes nine minutes. Five minutes after the end the short window is clean.
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0].span, minutes(2009, 2035));
    let rule = IncidentRule::default();
    let known: Vec<TimeRange> = incidents(&meter, span, rule)
        .iter()
        .map(|i| i.span)
        .collect();
    assert_eq!(known, [minutes(2000, 2030), minutes(6000, 7440)]);
    let judged = judge(fired, &meter, &window, span, &known);
    assert_eq!(
        (judged.pages_per_week, judged.precision, judged.recall),
        (1.0, Some(1.0), Some(0.5))
    );
    assert_eq!(judged.detection_delay_ms, Some(9.0 * MINUTE as f64));
    assert_eq!(judged.reset_ms, Some(5.0 * MINUTE as f64));
    // Nine minutes of ten, and the whole of the leak, of a budget of 1008.
    assert!((judged.detections[0].spent_before - 90.0 / 1008.0).abs() < 1e-12);
    assert!((judged.spent_before - 720.0 / 1008.0).abs() < 1e-12);
    assert_eq!(judged.longest_silent_burn, Some(minutes(6000, 7440)));
}

#[test]
fn slices_are_looked_at_once() {
    let mut bad = vec![0.0; 300];
    bad[100..120].fill(10.0);
    let (meter, window) = (meter(&bad), Window::Rolling(Rolling { ms: DAY }));
    let replayed = |step_ms| {
        let policy = Policy {
            for_ms: MINUTE,
            ..fast_burn()
        };
        let missing = Missing::default();
        replay(&policy, &meter, &window, &missing, minutes(0, 300), step_ms).expect("known")
    };
    assert_eq!(replayed(MINUTE).len(), 1);
    for step_ms in [0, 1, MINUTE - 1] {
        assert_eq!(replayed(step_ms), replayed(MINUTE));
    }
}

#[test]
fn an_alert_without_an_incident_is_wrong() {
    let window = Window::Rolling(Rolling { ms: DAY });
    let mut bad = vec![0.0; 300];
    bad[100..120].fill(10.0);
    let meter = meter(&bad);
    let span = minutes(0, 300);
    let fired = replay(
        &fast_burn(),
        &meter,
        &window,
        &Missing::default(),
        span,
        MINUTE,
    )
    .expect("known");
    let judged = judge(fired, &meter, &window, span, &[minutes(250, 260)]);
    assert_eq!((judged.precision, judged.recall), (Some(0.0), Some(0.0)));
    let silent = judge(Vec::new(), &meter, &window, span, &[]);
    assert_eq!(
        (silent.precision, silent.recall, silent.spent_before),
        (None, None, 0.0)
    );
}

#[test]
fn what_is_not_measured_does_not_resolve() {
    let window = Window::Rolling(Rolling { ms: DAY });
    let mut bad = vec![0.0; 300];
    bad[100..120].fill(10.0);
    bad[120..200].fill(f64::NAN);
    let fired = replay(
        &fast_burn(),
        &meter(&bad),
        &window,
        &Missing::default(),
        minutes(0, 300),
        MINUTE,
    );
    let fired = fired.expect("known");
    // From 200 on it is measured again, once the short window is: after five minutes.
    assert_eq!(
        fired.iter().map(|f| f.span).collect::<Vec<_>>(),
        [minutes(109, 205)]
    );
}

#[test]
fn targets_that_would_have_been_met() {
    // Four days, of which the second is bad for an hour.
    let mut bad = vec![0.0; 4 * 1440];
    bad[1440..1500].fill(10.0);
    let meter = meter(&bad);
    let span = minutes(0, 4 * 1440);
    let by_day = Window::Calendar(Calendar {
        unit: CalendarUnit::Day,
        zone: "UTC".to_owned(),
        week_start: Weekday::Monday,
        first_month: 1,
    });
    let days = what_if(&meter, &by_day, span, DAY, 0.9).expect("known");
    assert_eq!(days.attained.len(), 4);
    assert_eq!((days.met(0.99), days.met(0.95)), (3, 4));
    assert_eq!(days.always_met(), Some(1.0 - 600.0 / 14_400.0));
    assert_eq!(days.quantile(0.5), Some(1.0));
    let two_days = Window::Rolling(Rolling { ms: 2 * DAY });
    let rolling = what_if(&meter, &two_days, span, HOUR, 0.9).expect("known");
    assert_eq!(rolling.attained.len(), 49);
    assert_eq!(rolling.always_met(), Some(1.0 - 600.0 / 28_800.0));
    assert_eq!(
        what_if(&meter, &two_days, minutes(0, 60), HOUR, 0.9)
            .expect("known")
            .always_met(),
        None
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn as_a_naive_replay(bad in prop::collection::vec(prop_oneof![4 => Just(0.0), 2 => 0.0..10.0_f64], 60..300)) {
        let meter = meter(&bad);
        let policy = Policy { for_ms: 2 * MINUTE, ..fast_burn() };
        let window = Window::Rolling(Rolling { ms: DAY });
        let span = minutes(0, bad.len() as i64);
        let missing = Missing { coverage_floor: 0.0, ..Missing::default() };
        let fired = replay(&policy, &meter, &window, &missing, span, MINUTE).expect("known");
        let holds = |minute: i64| {
            let burn = |back: i64| {
                let from = usize::try_from((minute - back).max(0)).unwrap_or(0);
                let upto = usize::try_from(minute).unwrap_or(0);
                let window = &bad[from..upto];
                window.iter().sum::<f64>() / (window.len() as f64 * 10.0) / (1.0 - 0.99)
            };
            burn(60) > 14.4 && burn(5) > 14.4 && meter.errors(minutes(minute - 60, minute), View::Raw).0 >= 1.0
        };
        let mut since = None;
        for minute in 1..=bad.len() as i64 {
            since = holds(minute).then(|| since.unwrap_or(minute));
            let fires = since.is_some_and(|since| minute - since >= 2);
            let said = fired.iter().any(|f| f.span.start <= minute * MINUTE && (minute * MINUTE < f.span.end || f.ongoing));
            prop_assert_eq!(fires, said, "minute {}", minute);
        }
    }
}
