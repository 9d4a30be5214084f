//! What is written reads back as the same, but for what is said to be lost.

use proptest::prelude::*;

use super::*;
use crate::spec::{
    Budgeting, BurnTier, Calendar, CalendarUnit, Comparison, Counted, Exclusion, FirstSample,
    Indicator, Objective, Policy, Rolling, Selector, Trigger, Weekday, Which, Window, from_percent,
};
use crate::{Options, Text, parse, policies};

fn read(text: &str) -> Vec<Slo> {
    let text = Text {
        file: "written",
        text,
    };
    match parse(&[text], &Options::default()) {
        Ok(specs) => specs.slos.into_iter().map(|placed| placed.slo).collect(),
        Err(errors) => panic!("{errors:#?}\n{}", text.text),
    }
}

const DAY_MS: i64 = 86_400_000;

fn selector() -> impl Strategy<Value = Selector> {
    let value = prop_oneof!["[a-z0-9./ \"\\\\é]{0,6}", Just("x|y".to_owned())];
    let matchers = prop::collection::vec(("[a-d]", prop::bool::ANY, value), 0..3);
    ("[a-z]{1,5}_total", matchers).prop_map(|(name, matchers)| {
        let base = Selector::parse(&name).expect("a name");
        matchers
            .into_iter()
            .fold(base, |selector, (label, equal, value)| {
                let op = if equal {
                    narthex_model::MatchOp::Equal
                } else {
                    narthex_model::MatchOp::NotEqual
                };
                selector.with(narthex_model::Matcher::new(label, op, value).expect("no regex"))
            })
    })
}

fn counted(most: usize) -> impl Strategy<Value = Counted> {
    prop::collection::vec(selector(), 1..=most).prop_map(Counted::new)
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![Just(Which::Good), Just(Which::Bad)]
}

fn events(most: usize) -> impl Strategy<Value = Indicator> {
    (counted(most), counted(most), which()).prop_map(|(total, some, which)| Indicator::Events {
        total,
        some,
        which,
    })
}

fn latency(most: usize) -> impl Strategy<Value = Indicator> {
    (counted(most), 1..10_000_i64).prop_map(|(series, ms)| {
        let buckets = series.0.iter().map(|s| s.with_metric("h_bucket")).collect();
        Indicator::Latency {
            buckets: Counted::new(buckets),
            threshold: format!("{ms}e-3").parse().expect("a number"),
        }
    })
}

fn any_indicator() -> impl Strategy<Value = Indicator> {
    let comparison = prop_oneof![
        Just(Comparison::Less),
        Just(Comparison::LessOrEqual),
        Just(Comparison::Greater),
        Just(Comparison::GreaterOrEqual),
        Just(Comparison::Equal),
    ];
    let gauge = (counted(2), comparison, -5.0..5.0, prop::bool::ANY).prop_map(
        |(gauges, comparison, value, by_time)| Indicator::Gauge {
            gauges,
            comparison,
            value,
            by_time,
        },
    );
    let query = || {
        prop_oneof![
            Just("max(increase(x[{{.window}}]))".to_owned()),
            Just("sum_over_time(count(y > 1)[{{.window}}:])".to_owned()),
        ]
    };
    let queries = (query(), query(), which()).prop_map(|(total, some, which)| Indicator::Queries {
        total,
        some,
        which,
    });
    let ratio = query().prop_map(|query| Indicator::ErrorRatio { query });
    let native =
        (counted(2), 0.001..9.0).prop_map(|(histograms, threshold)| Indicator::NativeLatency {
            histograms,
            threshold,
        });
    prop_oneof![events(3), latency(2), native, gauge, queries, ratio]
}

fn window() -> impl Strategy<Value = Window> {
    let rolling = (1..100_i64, prop_oneof![Just(DAY_MS), Just(3_600_000)]);
    let rolling = rolling.prop_map(|(count, unit)| Window::Rolling(Rolling { ms: count * unit }));
    let zone = prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/New_York")];
    let unit = prop_oneof![
        Just((CalendarUnit::Day, Weekday::Monday, 1)),
        Just((CalendarUnit::Week, Weekday::Sunday, 1)),
        Just((CalendarUnit::Week, Weekday::Monday, 1)),
        Just((CalendarUnit::Month, Weekday::Monday, 1)),
        Just((CalendarUnit::Quarter, Weekday::Monday, 2)),
        Just((CalendarUnit::Year, Weekday::Monday, 4)),
    ];
    let calendar = (zone, unit).prop_map(|(zone, (unit, week_start, first_month))| {
        Window::Calendar(Calendar {
            unit,
            zone: zone.to_owned(),
            week_start,
            first_month,
        })
    });
    prop_oneof![rolling, calendar]
}

fn trigger() -> impl Strategy<Value = Trigger> {
    let tier = (0.1..30.0, 2..5000_i64, 1..100_i64).prop_map(|(factor, minutes, part)| BurnTier {
        factor,
        long_ms: minutes * 60_000,
        short_ms: (minutes / part).max(1) * 60_000,
    });
    let burn = (
        prop::collection::vec(tier, 1..3),
        prop_oneof![Just(0.0), Just(5.0)],
        prop::option::of(1..90_i64),
    );
    prop_oneof![
        burn.prop_map(|(tiers, min_bad, days)| Trigger::Burn {
            tiers,
            min_bad,
            scaled_from_ms: days.map(|days| days * DAY_MS),
        }),
        (1..300_u32).prop_map(|percent| Trigger::Spent(from_percent(f64::from(percent)))),
        (1..100_u32, 1..100_i64).prop_map(|(percent, hours)| Trigger::Drop {
            fraction: from_percent(f64::from(percent)),
            within_ms: hours * 3_600_000,
        }),
        (1..100_i64).prop_map(|hours| Trigger::ExhaustedWithin(hours * 3_600_000)),
        (0..100_u32, 1..100_i64).prop_map(|(percent, hours)| Trigger::Coverage {
            below: from_percent(f64::from(percent)),
            within_ms: hours * 3_600_000,
        }),
    ]
}

fn policy_list() -> impl Strategy<Value = Vec<Policy>> {
    let texts = || prop::collection::btree_map("[a-z]{1,4}", "[ -~]{0,8}", 0..2);
    let policy = (
        trigger(),
        "[a-z]{1,5}",
        "[A-Z][a-z]{1,5}",
        0..90_i64,
        texts(),
        texts(),
        "[ -~]{0,9}",
    );
    prop::collection::vec(policy, 0..3).prop_map(|list| {
        let policies = list.into_iter().enumerate().map(
            |(at, (trigger, severity, alert, minutes, labels, annotations, consequence))| Policy {
                alert,
                for_ms: minutes * 60_000,
                keep_firing_ms: minutes * 1_000,
                labels,
                annotations,
                consequence,
                ..policies::policy(&format!("p{at}"), &severity, trigger)
            },
        );
        policies.collect()
    })
}

prop_compose! {
    fn slo(indicator: BoxedStrategy<Indicator>)(
        indicator in indicator,
        name in "[a-z][a-z0-9-]{0,8}",
        service in "[a-z]{1,6}",
        description in "[ -~]{0,20}",
        milli in 1001..100_000_u32,
        labels in prop::collection::btree_map("[a-z]{1,4}", "[ -~]{0,8}", 0..3),
        group_by in prop::collection::btree_set("[a-z]{1,3}", 0..3),
        windows in prop::collection::vec(window(), 1..3),
        budgeting in 0..3_u8,
        first in prop::bool::ANY,
        policies in policy_list(),
        exclusion in prop::bool::ANY,
    ) -> Slo {
        let mut windows = windows;
        windows.dedup();
        Slo {
            id: format!("{service}-{name}"),
            service,
            name,
            description,
            labels,
            indicator,
            group_by: group_by.into_iter().collect(),
            objective: Objective {
                target: from_percent(f64::from(milli) / 1000.0),
                budgeting: match budgeting {
                    0 => Budgeting::Occurrences,
                    1 => Budgeting::Timeslices { slice_ms: 300_000, good_from: 0.95 },
                    _ => Budgeting::RatioTimeslices { slice_ms: 300_000 },
                },
            },
            windows,
            exclusions: exclusion.then(|| Exclusion {
                name: "maintenance".to_owned(),
                start: "2026-03-29T02:00:00".to_owned(),
                zone: "Europe/Berlin".to_owned(),
                duration_ms: 7_200_000,
                rrule: Some("FREQ=WEEKLY;BYDAY=SU".to_owned()),
            }).into_iter().collect(),
            missing: Missing {
                first_sample: if first { FirstSample::Zero } else { FirstSample::Ignore },
                ..Missing::default()
            },
            policies,
            slice_ms: 60_000,
        }
    }
}

/// What every format can say of an SLO.
fn plain(mut slo: Slo) -> Slo {
    slo.windows = vec![Window::Rolling(Rolling { ms: 30 * DAY_MS })];
    slo.exclusions.clear();
    slo.missing = Missing::default();
    slo.objective.budgeting = Budgeting::Occurrences;
    slo.policies.clear();
    slo
}

fn again(slo: &Slo, target: Target) -> (Slo, Vec<Lost>) {
    let converted = convert(std::slice::from_ref(slo), target);
    let read = read(&converted.text);
    (read.into_iter().next().expect("one"), converted.lost)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn our_own_format_loses_nothing(slo in slo(any_indicator().boxed())) {
        let (read, lost) = again(&slo, Target::Native);
        prop_assert_eq!(read, slo);
        prop_assert!(lost.is_empty());
    }

    #[test]
    fn sloth_keeps_counters(slo in slo(prop_oneof![events(3), latency(2)].boxed())) {
        let mut slo = plain(slo);
        slo.policies = policies::google();
        let (read, lost) = again(&slo, Target::Sloth);
        prop_assert_eq!(&read.group_by, &slo.group_by);
        let is_latency = matches!(slo.indicator, Indicator::Latency { .. });
        prop_assert_eq!(lost.is_empty(), !is_latency, "{:?}", lost);
        prop_assert_eq!(read, slo);
    }

    #[test]
    fn pyrra_keeps_one_metric_each(slo in slo(prop_oneof![events(1), latency(1)].boxed())) {
        let mut slo = plain(slo);
        slo.id.clone_from(&slo.name);
        slo.policies = policies::pyrra(30 * DAY_MS).into();
        let (read, _) = again(&slo, Target::Pyrra);
        prop_assert_eq!(read, slo);
    }

    #[test]
    fn openslo_keeps_windows_and_methods(slo in slo(events(3).boxed()), window in window()) {
        let mut slo = Slo { objective: slo.objective, ..plain(slo) };
        slo.id.clone_from(&slo.name);
        slo.windows = vec![window];
        let (read, lost) = again(&slo, Target::OpenSlo);
        prop_assert_eq!(read, slo);
        prop_assert!(lost.is_empty(), "{:?}", lost);
    }
}

#[test]
fn what_is_lost_is_said() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/specs/good/native-whole.yaml"
    );
    let text = std::fs::read_to_string(folder).expect("the corpus");
    let slos = read(&text);
    for (target, name) in [
        (Target::OpenSlo, "openslo"),
        (Target::Sloth, "sloth"),
        (Target::Pyrra, "pyrra"),
    ] {
        let converted = convert(&slos, target);
        read(&converted.text);
        let lost = converted.lost.iter().map(|lost| format!("# {lost}\n"));
        insta::assert_snapshot!(name, converted.text.clone() + &lost.collect::<String>());
    }
}

fn lost_of(converted: &Converted, id: &str) -> Vec<String> {
    let lost = converted.lost.iter().filter(|lost| lost.slo == id);
    lost.map(|lost| format!("{}: {}", lost.field, lost.message))
        .collect()
}

#[test]
fn parts_of_composites_are_written_by_the_method_of_the_whole() {
    let specs = "
window: 30d
slos:
  - {name: events, objective: 99, errors: e_total, total: t_total}
  - {name: five, objective: {target: 99, budgeting: timeslices, slice: 5m, good_from: 90%}, gauge: up}
  - {name: one, objective: {target: 98, budgeting: timeslices, slice: 1m, good_from: 90%}, gauge: up}
  - name: slices
    objective: {target: 99, budgeting: timeslices, slice: 5m, good_from: 95%}
    composite: [events, five, one]
  - {name: sums, objective: 95, composite: [events, {slo: five, weight: 2}]}
";
    let slos = read(specs);
    let converted = convert(&slos, Target::OpenSlo);
    let again = read(&converted.text);
    let budgeting = |id: &str| {
        let found = again.iter().find(|slo| slo.id == id);
        found.expect(id).objective.budgeting
    };
    let slices = |slice_ms, good_from| Budgeting::Timeslices {
        slice_ms,
        good_from,
    };
    // What the whole asks of a part by occurrences is asked by the part itself.
    assert_eq!(budgeting("slices-events"), slices(300_000, 0.95));
    assert_eq!(budgeting("slices-five"), slices(300_000, 0.9));
    assert_eq!(budgeting("slices-one"), slices(300_000, 0.95));
    assert_eq!(budgeting("slices"), slices(300_000, 1.0));
    assert_eq!(budgeting("sums-five"), Budgeting::Occurrences);
    let target = "objective.target: OpenSLO gives composites none: the weighted mean of the parts' targets is read";
    let lost = |id| lost_of(&converted, id).join("\n");
    assert!(lost("slices").contains(target) && lost("sums").contains(target));
    assert!(lost("slices").contains(
        "indicator.composite: one: judged by the slices of the whole, not by shorter ones"
    ));
    assert!(!lost("slices").contains("five:"));
    assert!(
        lost("sums").contains("indicator.composite: five: its events count, not stretches of time")
    );
}

#[test]
fn groups_of_ratios_are_not_in_their_queries() {
    let slos = read(
        "{name: r, objective: {target: 99, budgeting: ratio-timeslices}, window: 30d, error_ratio: 'avg by (a) (x)', group_by: [a]}",
    );
    let converted = convert(&slos, Target::OpenSlo);
    assert!(lost_of(&converted, "r").contains(&"group_by: not kept".to_owned()));
}

#[test]
fn pyrra_has_one_name_and_one_set_of_annotations() {
    let mut slo = read(
        "{name: p, objective: 99, window: 4w, errors: e_total, total: t_total, policies: [pyrra]}",
    )
    .remove(0);
    let said = |slo: &Slo| {
        let converted = convert(std::slice::from_ref(slo), Target::Pyrra);
        read(&converted.text);
        lost_of(&converted, "p")
    };
    assert_eq!(said(&slo), [""; 0]);
    let mut other = policies::policy("first", "page", Trigger::Spent(0.5));
    other
        .annotations
        .insert("a".to_owned(), "of the first".to_owned());
    slo.policies.insert(0, other);
    slo.policies[1].alert = "Fast".to_owned();
    slo.policies[3]
        .annotations
        .insert("a".to_owned(), "b".to_owned());
    slo.policies.push(policies::policy(
        "blind",
        "critical",
        Trigger::Coverage {
            below: 0.5,
            within_ms: policies::pyrra_absent_ms(28 * DAY_MS, 0.99),
        },
    ));
    assert_eq!(
        said(&slo),
        [
            "policies: first: Pyrra has no such alert",
            "policies: medium-burn: the alert is called Fast",
            "policies: slow-burn: annotations are not kept: all alerts have those of the first",
            "policies: slow-burn: the alert is called Fast",
            "policies: long-term-burn: the alert is called Fast",
            "policies: blind: fires when nothing at all is seen",
        ]
    );
}
