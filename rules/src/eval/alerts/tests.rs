//! The life of alerts, step by step, against tables.

use proptest::prelude::*;

use super::*;

fn instance(name: &str) -> Instance {
    Instance {
        labels: Labels::new([("alertname", "A"), ("i", name)]).expect("valid"),
        annotations: BTreeMap::new(),
        value: 1.0,
    }
}

fn rule(hold_ms: i64, keep_firing_ms: i64) -> AlertSpec {
    AlertSpec {
        hold_ms,
        keep_firing_ms,
        annotations: BTreeMap::new(),
    }
}

/// The states of one alert whose condition holds where there is a `1`, evaluated once a minute: `p`ending, `f`iring,
/// `r`esolved, ` ` gone.
fn states(rule: &AlertSpec, holds: &str) -> String {
    let mut alerts = Alerts::new(BTreeMap::new(), true);
    let shown = |(i, c): (usize, char)| {
        let found = if c == '1' {
            vec![instance("x")]
        } else {
            Vec::new()
        };
        let at = i as i64 * 60_000;
        alerts.step(found, at, rule, 0).expect("no limit");
        alerts.all().next().map_or(' ', |alert| match alert.state {
            AlertState::Pending => 'p',
            AlertState::Firing => 'f',
            _ => 'r',
        })
    };
    holds.chars().enumerate().map(shown).collect()
}

#[test]
fn states_over_time() {
    let minute = 60_000;
    for (hold, keep, holds, want) in [
        (0, 0, "0110", " ffr"),
        (2, 0, "0111110", " ppfffr"),
        (2, 0, "0110111", " pp ppf"),
        (0, 2, "100100000", "ffffffrrr"),
        (0, 3, "10010000", "fffffffr"),
        (0, 0, "10000100", "frrrrfrr"),
        (0, 0, "1000000000000000000", "frrrrrrrrrrrrrrrr  "),
        (1, 0, "110110", "pfrpfr"),
    ] {
        assert_eq!(
            states(&rule(hold * minute, keep * minute), holds),
            want,
            "{hold} {keep} {holds}"
        );
    }
}

#[test]
fn series_of_alerts() {
    let mut alerts = Alerts::new(BTreeMap::new(), true);
    let spec = rule(60_000, 0);
    let shown = |samples: Vec<Output>| {
        let all: Vec<_> = samples.iter().map(|(l, v)| format!("{l} {v}")).collect();
        all.join("; ")
    };
    let first = alerts
        .step(vec![instance("x")], 5_500, &spec, 0)
        .expect("good");
    assert_eq!(
        shown(first),
        "ALERTS{alertname=\"A\", alertstate=\"pending\", i=\"x\"} 1; ALERTS_FOR_STATE{alertname=\"A\", i=\"x\"} 5"
    );
    let second = alerts
        .step(vec![instance("x")], 65_500, &spec, 0)
        .expect("good");
    assert!(
        shown(second).starts_with("ALERTS{alertname=\"A\", alertstate=\"firing\", i=\"x\"} 1; ")
    );
    assert!(
        Alerts::new(BTreeMap::new(), false)
            .step(vec![instance("x")], 0, &spec, 0)
            .is_ok_and(|s| s.is_empty())
    );
}

#[test]
fn too_many_and_the_same_twice() {
    let mut alerts = Alerts::new(BTreeMap::new(), true);
    let spec = rule(0, 0);
    alerts
        .step(vec![instance("x")], 0, &spec, 1)
        .expect("one may be");
    let twice = alerts.step(vec![instance("y"), instance("y")], 1, &spec, 0);
    assert_eq!(twice, Err(SAME_LABELS.to_owned()));
    assert_eq!(alerts.active().count(), 1);
    let many = alerts.step(vec![instance("x"), instance("y")], 2, &spec, 1);
    assert_eq!(many, Err("exceeded limit of 1 with 2 alerts".to_owned()));
    assert_eq!(alerts.all().count(), 0);
}

#[test]
fn what_is_sent_and_when() {
    let mut alerts = Alerts::new(BTreeMap::new(), true);
    let spec = rule(60_000, 0);
    let mut sent = Vec::new();
    for minute in 0..6 {
        let at = minute * 30_000;
        let found = if minute < 4 {
            vec![instance("x")]
        } else {
            Vec::new()
        };
        alerts.step(found, at, &spec, 0).expect("good");
        let due = alerts.to_send(at, 60_000, 30_000);
        sent.extend(due.into_iter().map(|a| (at, a.state, a.valid_until)));
    }
    // Firing from 60 s on; again after more than a minute, but resolved at once.
    assert_eq!(
        sent,
        [
            (60_000, AlertState::Firing, Some(300_000)),
            (120_000, AlertState::Inactive, Some(360_000)),
        ]
    );
    assert_eq!(alerts.to_send(180_000, 60_000, 30_000).len(), 0);
    assert_eq!(alerts.to_send(180_001, 60_000, 30_000).len(), 1);
}

#[test]
fn three_cases_of_restoring() {
    let (hour, minute) = (3_600_000, 60_000);
    let stored = |active_at: i64, last: i64| LastSample {
        labels: Labels::new([
            ("__name__", ALERTS_FOR_STATE),
            ("alertname", "A"),
            ("i", "x"),
        ])
        .expect("valid"),
        timestamp: last,
        value: active_at as f64 / 1000.0,
    };
    let now = 10 * hour;
    for (stored, hold, want, why) in [
        (
            stored(now - 3 * hour, now - hour / 2),
            hour,
            now - 3 * hour,
            "it fired already",
        ),
        (
            stored(now - hour, now - 5 * minute),
            hour,
            now + 10 * minute - hour,
            "less than the grace remained",
        ),
        (
            stored(now - hour, now - 30 * minute),
            2 * hour,
            now - 30 * minute,
            "the outage does not count",
        ),
        (
            stored(now - hour, now - 30 * minute),
            5 * minute,
            now,
            "fires sooner than the grace",
        ),
    ] {
        let mut alerts = Alerts::new(BTreeMap::new(), false);
        let spec = rule(hold, 0);
        alerts
            .step(vec![instance("x"), instance("y")], now, &spec, 0)
            .expect("good");
        alerts.restore(&[stored], now, hold, 10 * minute);
        let active: Vec<_> = alerts.active().map(|a| a.active_at).collect();
        assert_eq!(active, [want, now], "{why}");
        assert!(alerts.is_restored());
    }
    let mut alerts = Alerts::new(BTreeMap::new(), false);
    alerts
        .step(vec![instance("x")], now, &rule(hour, 0), 0)
        .expect("good");
    let mut stale = stored(0, now);
    stale.value = narthex_model::stale_nan();
    alerts.restore(&[stale], now, hour, 10 * minute);
    assert_eq!(alerts.active().next().map(|a| a.active_at), Some(now));
}

proptest! {
    /// An alert fires if and only if its condition held for as long as it must, or held within the time it goes on for.
    #[test]
    fn fires_when_it_should(holds in prop::collection::vec(prop::bool::ANY, 1..60), hold in 0_usize..4, keep in 0_usize..4) {
        let text: String = holds.iter().map(|h| if *h { '1' } else { '0' }).collect();
        let got = states(&rule(hold as i64 * 60_000, keep as i64 * 60_000), &text);
        let (mut held, mut firing, mut left) = (0, false, 0);
        for (i, (h, state)) in holds.iter().zip(got.chars()).enumerate() {
            if *h {
                held += 1;
                firing |= held > hold;
                left = keep;
            } else if firing && left > 0 {
                left -= 1;
            } else {
                (held, firing) = (0, false);
            }
            prop_assert_eq!(state == 'f', firing, "at {} of {}", i, text);
        }
    }
}
