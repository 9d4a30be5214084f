//! Files of tests, run in a small world.

use narthex_model::{Histogram, Result, TimestampMs};
use parking_lot::Mutex;

use super::*;
use crate::eval::testing::{self, sample};
use crate::file::{LoadOptions, parse};
use crate::query::Pending;

/// Answers `x > 1` as if the value of `x` were the minute; knows no histograms.
struct Minutes<'a> {
    store: &'a testing::Store,
    loaded: Mutex<Vec<TimestampMs>>,
}

impl Stage for Minutes<'_> {
    fn load<'a>(&'a self, _: &'a TestGroup, till: TimestampMs) -> Pending<'a, Result<()>> {
        self.loaded.lock().push(till);
        let minute = till as f64 / 60_000.0;
        let value = vec![sample(&[("__name__", "x"), ("i", "1")], minute)];
        self.store.answer("x", Ok(value.clone()));
        self.store
            .answer("x > 1", Ok(if minute > 1.0 { value } else { Vec::new() }));
        Box::pin(async { Ok(()) })
    }

    fn read_histogram(&self, text: &str) -> std::result::Result<Histogram, String> {
        Err(format!("unknown: {text}"))
    }

    fn write_histogram(&self, _: &Histogram) -> String {
        String::new()
    }
}

const RULES: &str = r#"
groups:
- name: g
  rules:
  - {alert: A, expr: x > 1, for: 1m, labels: {l: "a\"b"}, annotations: {s: "v {{ $value }}", e: ""}}
"#;

async fn failures(tests: &str) -> Vec<String> {
    let text = format!("rule_files: [r.yml]\ntests:\n- interval: 1m\n  name: first\n{tests}");
    let file = TestFile::parse(&text, "t.yml").expect("valid");
    let stage = testing::stage();
    let minutes = Minutes {
        store: &stage.store,
        loaded: Mutex::default(),
    };
    let groups = parse(RULES, "r.yml", &LoadOptions::default()).expect("valid");
    stage
        .store
        .answer("sum(", Err("1:5: parse error: unclosed left parenthesis"));
    stage.store.answer("5", Ok(vec![sample(&[], 5.0)]));
    let failures = run(&file, &file.tests[0], groups, &stage.world, &minutes).await;
    assert!(minutes.loaded.lock().is_sorted());
    failures.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_is_as_expected_is_passed_over() {
    let good = r#"
  alert_rule_test:
  - {eval_time: 1m, alertname: A}
  - {eval_time: 3m30s, alertname: A, exp_alerts: [{exp_labels: {i: 1, l: 'a"b'}, exp_annotations: {s: v 3, e: ""}}]}
  - {eval_time: 4m, alertname: B}
  promql_expr_test:
  - {expr: x, eval_time: 4m, exp_samples: [{labels: 'x{i="1"}', value: 4}]}
  - {expr: '5', eval_time: 4m, exp_samples: [{value: 5}]}
"#;
    assert_eq!(failures(good).await, [""; 0]);
}

#[tokio::test]
async fn what_is_not_is_told_as_promtool_does() {
    let bad = r#"
  alert_rule_test:
  - {eval_time: 3m30s, alertname: A, exp_alerts: [{exp_labels: {i: 1, l: 'a"b'}, exp_annotations: {s: v 3}}]}
  - {eval_time: 4m, alertname: C, exp_alerts: [{exp_labels: {i: 1}}]}
  promql_expr_test:
  - {expr: x, eval_time: 4m, exp_samples: [{labels: 'x{i="1"}', value: 8.0000001}]}
  - {expr: x, eval_time: 4m}
  - {expr: 'sum(', eval_time: 4m}
  - {expr: x, eval_time: 4m, exp_samples: [{labels: 'r{i=1}', value: 8}]}
"#;
    let want = [
        "    name: first,\n    alertname: A, time: 3m30s, \n        exp:[\n            0:\n              Labels:{alertname=\"A\", i=\"1\", l=\"a\\\"b\"}\n              Annotations:{s=\"v 3\"}\n            ], \n        got:[\n            0:\n              Labels:{alertname=\"A\", i=\"1\", l=\"a\\\"b\"}\n              Annotations:{e=\"\", s=\"v 3\"}\n            ]",
        "    name: first,\n    alertname: C, time: 4m, \n        exp:[\n            0:\n              Labels:{alertname=\"C\", i=\"1\"}\n              Annotations:{}\n            ], \n        got:[]",
        "    expr: \"x\", time: 4m,\n        exp: {__name__=\"x\", i=\"1\"} 8.0000001E+00\n        got: {__name__=\"x\", i=\"1\"} 4E+00",
        "    expr: \"x\", time: 4m,\n        exp: nil\n        got: {__name__=\"x\", i=\"1\"} 4E+00",
        "    expr: \"sum(\", time: 4m, err: 1:5: parse error: unclosed left parenthesis",
        "    expr: \"x\", time: 4m, err: labels \"r{i=1}\": 1:5: parse error: unexpected character inside braces: '1'",
    ];
    assert_eq!(failures(bad).await, want);
    let unnamed = "  alert_rule_test: [{eval_time: 3m}]\n";
    assert_eq!(
        failures(unnamed).await,
        [
            "an item under alert_rule_test misses required attribute alertname at eval_time 3m (in TestGroup first)"
        ]
    );
}

#[tokio::test]
async fn a_rule_that_fails_ends_the_test() {
    let file = TestFile::parse(
        "tests:\n- promql_expr_test: [{expr: x, eval_time: 90s}]\n",
        "t.yml",
    );
    let file = file.expect("valid");
    let stage = testing::stage();
    let minutes = Minutes {
        store: &stage.store,
        loaded: Mutex::default(),
    };
    stage.store.answer("boom", Err("no"));
    let rules = "groups: [{name: g, rules: [{record: r, expr: boom}]}]";
    let groups = parse(rules, "r.yml", &LoadOptions::default()).expect("valid");
    let failures = run(&file, &file.tests[0], groups, &stage.world, &minutes).await;
    assert_eq!(
        failures.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["    rule: r, time: 0s, err: no"]
    );
}

#[test]
fn files() {
    let error = |text| TestFile::parse(text, "t.yml").expect_err(text).to_string();
    assert_eq!(
        error("tests:\n- intervall: 1m\n"),
        "t.yml:2:3: tests[0]: unknown key \"intervall\", did you mean \"interval\"?"
    );
    assert_eq!(
        error("group_eval_order: [a, b, a]"),
        "group name repeated in evaluation order: a"
    );
    let started = "tests: [{start_timestamp: 1000}, {start_timestamp: '1970-01-01T00:00:02Z'}]";
    let file = TestFile::parse(started, "t.yml").expect("valid");
    let starts: Vec<_> = file.tests.iter().map(|t| t.start_timestamp.0).collect();
    assert_eq!(starts, [1_000_000, 2_000]);
}
