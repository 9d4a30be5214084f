//! What is found, and what is not.

use super::*;
use crate::{Options, Text, parse};

fn read(text: &str) -> Vec<Placed> {
    let text = Text {
        file: "a.yaml",
        text,
    };
    parse(&[text], &Options::default()).expect("valid").slos
}

fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn without_data() {
    let slos = read(
        r#"
slos:
  - name: unreachable
    objective: 90
    window: 30d
    gauge: up
    policies: [google-30d, {name: drop, severity: page, drop: {fraction: 50%, within: 1h}}]
  - name: short
    objective: 99
    window: 1h
    slice: 1h
    gauge: up
    policies: [{name: p, severity: page, burn: {factor: 2, long: 6h, short: 5m}}]
  - name: stretches
    objective: {target: 99, budgeting: timeslices, slice: 10m, good_from: 95%}
    window: 15m
    gauge: up
    policies: [{name: p, severity: page, burn: {factor: 2, long: 15m, short: 10m}}]
  - name: ratio
    objective: 99
    window: 30d
    error_ratio: "1 - up"
    policies: [{name: p, severity: page, burn: {factor: 2, long: 6h}, min_bad: 3}]
  - name: subset
    objective: 99
    window: 30d
    errors: ['x{code=~"5..",job="b"}', 'y{env="prod"}', 'x{job="a"}', 'z']
    total: ['x{job="a"}', 'y{env=~"prod|test"}']
    group_by: [le]
  - name: fine
    objective: 99.9
    window: 30d
    errors: ['x{code=~"5..",job="a"}', 'other{code="5"}']
    total: x{job="a"}
    group_by: [route]
    policies: [google-30d, pyrra, budget]
  - name: one-group
    objective: 99.9
    window: 30d
    errors: x{code=~"5..",job="a"}
    total: x{job="a"}
    group_by: [job]
"#,
    );
    insta::assert_snapshot!(said(&lint(&slos)).join("\n"));
}

fn latency(threshold: &str) -> Placed {
    let text = format!(
        "{{name: l, objective: 99, window: 30d, latency: {{buckets: h_bucket, threshold: {threshold}}}, policies: [google-30d]}}"
    );
    read(&text).remove(0)
}

fn counted(total: f64, bad: f64) -> Events {
    let over_ms = 30.0 * 86_400_000.0;
    Events {
        total,
        bad,
        over_ms,
    }
}

#[test]
fn with_data() {
    let slo = latency("0.3");
    assert_eq!(questions(&slo.slo).series.len(), 1);
    let answers = Observed {
        series: vec![Matched::default()],
        boundaries: vec![f64::INFINITY, 0.1, 0.5, 0.25],
        interval_ms: Some(180_000),
        events: Some(counted(4_000.0, 5_000.0)),
    };
    let expected = [
        "a.yaml:1:1: l: h_bucket matches nothing: no series has the name h_bucket; look at how it is written [matches-nothing]",
        "a.yaml:1:1: l: threshold 0.3 is no boundary of the buckets: the nearest are 0.25 and 0.5; results will have bounds [threshold-between-buckets]",
        "a.yaml:1:1: l: policy page: window 5m is shorter than two scrapes, which are 3m apart [burn-window-short]",
        "a.yaml:1:1: l: 5000 bad events of 4000: errors count what total does not [subset-of-total]",
        "a.yaml:1:1: l: policy page: one failed request sets it off, with 4000 events in 30d: one failed request = 2.5 % of the 30d budget; set min_bad, or take longer windows [traffic-low]",
    ];
    assert_eq!(said(&observed(&slo, &answers)), expected);
}

#[test]
fn queries_that_see_nothing() {
    let answers = |interval_ms| Observed {
        series: vec![Matched {
            series: 1,
            ..Matched::default()
        }],
        interval_ms: Some(interval_ms),
        ..Observed::default()
    };
    let text = "{name: q, objective: {target: 99, budgeting: ratio-timeslices}, window: 30d, error_ratio: 'avg(rate(x[{{.window}}]))'}";
    let slo = read(text).remove(0);
    assert_eq!(said(&observed(&slo, &answers(30_000))), [""; 0]);
    let expected = "a.yaml:1:1: q: slice: queries look at 1m, which is shorter than two scrapes, 1m apart: rates see nothing; make the slice longer [slice-short]";
    assert_eq!(said(&observed(&slo, &answers(60_000))), [expected]);
}

#[test]
fn enough_data() {
    let answers = Observed {
        series: vec![Matched {
            series: 3,
            ..Matched::default()
        }],
        boundaries: vec![0.25, 0.3, 0.5],
        interval_ms: Some(15_000),
        events: Some(counted(4e9, 5.0)),
    };
    assert_eq!(said(&observed(&latency("0.3"), &answers)), [""; 0]);
    let few = Observed {
        events: Some(counted(20.0, 0.0)),
        ..answers.clone()
    };
    let found = said(&observed(&latency("0.3"), &few));
    assert!(
        found[0].contains("one failed request = 500 % of the 30d budget, so none may fail"),
        "{found:?}"
    );
    let edge = said(&observed(&latency("0.7"), &answers));
    assert!(edge[0].contains("the largest is 0.5"), "{edge:?}");
}
