//! What a report can be asked for: methods side by side, with and without exclusions, fewer groups, who spent the budget.

use narthex_model::{Labels, TimeRange};
use narthex_slo::count::{Grid, Method, Slices};
use narthex_slo::ledger::Track;
use narthex_slo::outcome::{Outcome, State};
use narthex_slo::report::{Asked, Exclusions, Measured, Report, SloReport, csv, html, markdown};
use narthex_slo::spec::{Budgeting, Exclusion, Rolling, Slo, Window};

use crate::data::example;

const MINUTE: i64 = 60_000;

/// Ten minutes from midnight on.
const SPAN: TimeRange = TimeRange {
    start: 0,
    end: 10 * MINUTE,
};

/// A group with so many events in each minute, and so many bad ones in one of them.
fn track((route, zone): (&str, &str), events: f64, (minute, bad): (usize, f64)) -> Track {
    let mut slices = Slices::empty(Grid::over(SPAN, MINUTE), Method::Counters);
    slices.total.fill(events);
    slices.good.fill(events);
    slices.observed_ms.fill(MINUTE as f64);
    slices.bad[minute] = bad;
    slices.good[minute] -= bad;
    let group = Labels::new([("route", route), ("zone", zone)]).expect("valid");
    Track { group, slices }
}

/// 1000 events in all, of which 40 were bad: 30 in the third minute, 10 in the eighth, which is excluded. 5 % may be.
fn tracks() -> Vec<Track> {
    vec![
        track(("/a", "x"), 50.0, (2, 20.0)),
        track(("/a", "y"), 20.0, (7, 10.0)),
        track(("/b", "y"), 30.0, (2, 10.0)),
    ]
}

fn slo() -> Slo {
    let mut slo = example().slos[0].slo.clone();
    slo.objective.target = 0.95;
    slo.objective.budgeting = Budgeting::Occurrences;
    slo.slice_ms = MINUTE;
    slo.group_by = vec!["route".to_owned(), "zone".to_owned()];
    slo.windows = vec![Window::Rolling(Rolling { ms: 10 * MINUTE })];
    slo.exclusions = vec![Exclusion {
        name: "maintenance".to_owned(),
        start: "1970-01-01T00:07:00".to_owned(),
        zone: "UTC".to_owned(),
        duration_ms: MINUTE,
        rrule: None,
    }];
    slo
}

fn asked() -> Asked {
    Asked::plain("UTC", 0)
}

fn measured(asked: &Asked) -> SloReport {
    let slo = asked.slo(&slo());
    asked.check(std::iter::once(&slo)).expect("its labels");
    let measured = Measured {
        book: &asked.book(&slo, &tracks()).expect("a known zone"),
        at: SPAN.end,
        asked,
    };
    measured.report().expect("a known zone")
}

fn report(slo: SloReport) -> Report {
    Report {
        slos: vec![slo],
        ..example()
    }
}

/// As Markdown, with plain spaces.
fn told(slo: &SloReport) -> String {
    markdown::write(&report(slo.clone())).replace(['\u{a0}', '\u{202f}'], " ")
}

fn near(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() < 1e-12)
}

#[test]
fn methods_stand_side_by_side() {
    assert!(measured(&asked()).compared.is_empty());
    let found = measured(&Asked {
        compare_methods: true,
        exclusions: Exclusions::Off,
        ..asked()
    });
    assert!(near(found.main().expect("a window").attained, 0.96));
    let [timeslices, ratios, means] = &found.compared[..] else {
        panic!("{:?}", found.compared);
    };
    // Of 100 events a minute, 30 bad ones in the third make it bad, and 10 in the eighth.
    assert!(near(timeslices.outcome.attained, 0.8));
    assert_eq!(timeslices.outcome.budget.spent, 2.0);
    assert_eq!(timeslices.outcome.state, State::Blown);
    // Minutes weigh the same here.
    assert!(near(ratios.outcome.attained, 0.96));
    // Five minutes, or as many as there were: 0, 0, 30/300, 30/400, 30/500, 30/500, 30/500, 10/500 three times.
    let bad = 0.1 + 0.075 + 3.0 * 0.06 + 3.0 * 0.02;
    assert!(near(means.outcome.attained, 1.0 - bad / 10.0));
    let text = csv::write(&report(found.clone())).expect("CSV");
    let methods: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(",false,"))
        .filter_map(|line| line.split(',').nth(5))
        .collect();
    assert_eq!(
        methods,
        ["timeslices", "ratio-timeslices", "mean-of-5m-ratios"]
    );
    let text = told(&found);
    assert!(
        text.contains("| mean-of-5m-ratios | last 10 min | 95.8 % | 17 % |"),
        "{text}"
    );
    assert!(html::write(&report(found)).contains("average recorded ratios of five minutes"));
}

#[test]
fn with_and_without_exclusions() {
    let line = |o: &Outcome| (o.counts.bad, o.counts.total, o.state);
    let on = measured(&asked());
    assert!(on.without_exclusions.is_empty());
    assert_eq!(line(&on.outcomes[0]), (30.0, 900.0, State::Meeting));
    let off = measured(&Asked {
        exclusions: Exclusions::Off,
        ..asked()
    });
    assert_eq!(line(&off.outcomes[0]), (40.0, 1000.0, State::AtRisk));
    assert_eq!(
        off.notes,
        ["Exclusions were left out as asked: all time counts."]
    );
    let both = measured(&Asked {
        exclusions: Exclusions::Both,
        ..asked()
    });
    assert_eq!(both.outcomes, on.outcomes);
    // What would be counts as it does without any: but what was excluded, nobody takes out of what is told beside it.
    let [without] = &both.without_exclusions[..] else {
        panic!("{:?}", both.without_exclusions);
    };
    assert_eq!(without, &off.outcomes[0]);
    let text = told(&both);
    assert!(
        text.contains("| last 10 min | on | 96.6 % | 33 % |"),
        "{text}"
    );
    assert!(
        text.contains("| last 10 min | off | 96.0 % | 20 % |"),
        "{text}"
    );
    assert!(html::write(&report(both)).contains("What exclusions changed"));
}

#[test]
fn groups_by_fewer_labels() {
    let by = |label: &str| Asked {
        group_by: Some(vec![label.to_owned()]),
        exclusions: Exclusions::Off,
        ..asked()
    };
    let found = measured(&by("zone"));
    let groups = found.outcomes[1..].iter();
    let groups: Vec<_> = groups
        .map(|o| (o.group.to_string(), o.counts.bad, o.counts.total))
        .collect();
    assert_eq!(
        groups,
        [
            ("{zone=\"x\"}".to_owned(), 20.0, 500.0),
            ("{zone=\"y\"}".to_owned(), 20.0, 500.0)
        ]
    );
    assert_eq!(found.slo.group_by, ["route", "zone"], "that of the spec");
    assert!(html::write(&report(found)).contains("By zone<"));
    let error = by("pod")
        .check(std::iter::once(&slo()))
        .expect_err("no pod");
    assert_eq!(
        error.to_string(),
        "group by \"pod\": no SLO is grouped by it, expected route, zone"
    );
}

#[test]
fn who_spent_the_budget() {
    let found = measured(&Asked {
        exclusions: Exclusions::Off,
        ..asked()
    });
    let rows: Vec<_> = found
        .spenders
        .iter()
        .map(|s| (s.to_string(), s.bad, s.bad_share, s.total_share))
        .collect();
    let row = |name: &str, bad, share, all| (name.to_owned(), bad, share, all);
    assert_eq!(
        rows,
        [
            row("route=\"/a\"", 30.0, 0.75, 0.7),
            row("route=\"/b\"", 10.0, 0.25, 0.3),
            row("zone=\"x\"", 20.0, 0.5, 0.5),
            row("zone=\"y\"", 20.0, 0.5, 0.5),
        ]
    );
    // 40 of 50 that may be bad.
    assert!(near(found.cost(&found.spenders[0]), 0.6));
    let text = told(&found);
    let line = "| `route=\"/a\"` | 75 % | 70 % | 60 % | 30 | 95.7 % |";
    assert!(text.contains(line), "{text}");
    assert!(html::write(&report(found)).contains("Label by label"));
}
