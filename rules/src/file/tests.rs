//! Whole files, good and bad; the messages are tested to the letter.

use super::*;

fn read(text: &str) -> Result<Vec<GroupSpec>, Vec<String>> {
    let read = parse(text, "r.yml", &LoadOptions::default());
    read.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

const GOOD: &str = r#"
groups:
  - name: g
    interval: 30s
    query_offset: 1m
    limit: 10
    labels: {team: a, tier: 1}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: |
          up == 0
        for: 5m
        keep_firing_for: 10m
        labels: {tier: 2, page: "{{ $labels.job }}"}
        annotations: {summary: "{{ $labels.instance }} is down"}
  - name: h
"#;

#[test]
fn a_good_file() {
    let groups = read(GOOD).expect("valid");
    let [group, empty] = groups.as_slice() else {
        panic!("two groups");
    };
    assert_eq!(
        (group.interval_ms, group.query_offset_ms, group.limit),
        (Some(30_000), Some(60_000), 10)
    );
    assert_eq!((empty.interval_ms, empty.rules.len()), (None, 0));
    let [record, alert] = group.rules.as_slice() else {
        panic!("two rules");
    };
    assert_eq!(
        (record.kind.clone(), record.labels["tier"].as_str()),
        (RuleKind::Record, "1")
    );
    assert_eq!(
        (alert.labels["team"].as_str(), alert.labels["tier"].as_str()),
        ("a", "2")
    );
    let spec = alert.alert().expect("an alert");
    assert_eq!((spec.hold_ms, spec.keep_firing_ms), (300_000, 600_000));
    assert_eq!(
        alert.to_yaml(),
        "alert: Down\nexpr: up == 0\nfor: 5m\nkeep_firing_for: 10m\nlabels:\n  page: '{{ $labels.job }}'\n  team: a\n  tier: '2'\nannotations:\n  summary: '{{ $labels.instance }} is down'\n"
    );
    assert!(read("").is_ok_and(|g| g.is_empty()) && read("# nothing\n").is_ok());
}

#[test]
fn messages_name_file_line_column_group_and_rule() {
    let rule = |keys: &str| format!("groups:\n- name: g\n  rules:\n  - {keys}\n");
    let cases = [
        (
            "colour: red".to_owned(),
            "r.yml:1:1: unknown key \"colour\"",
        ),
        (
            "groups:\n- name: g\n  intervall: 1m".to_owned(),
            "r.yml:3:3: groups[0]: unknown key \"intervall\", did you mean \"interval\"?",
        ),
        (
            "groups:\n- name: g\n  interval: 1x".to_owned(),
            "r.yml:3:13: groups[0].interval: not a valid duration string: \"1x\"",
        ),
        (
            "groups:\n- name: g\n- name: g".to_owned(),
            "r.yml:3:3: groupname: \"g\" is repeated in the same file",
        ),
        (
            "groups:\n- rules: []".to_owned(),
            "r.yml:2:3: Groupname must not be empty",
        ),
        (
            "groups:\n- name: g\n  labels: {__name__: x}".to_owned(),
            "r.yml:3:3: invalid label name: __name__",
        ),
        (
            rule("{record: a, alert: b, expr: up}"),
            "r.yml:4:6: group \"g\", rule 1, \"b\": only one of 'record' and 'alert' must be set",
        ),
        (
            rule("expr: up"),
            "r.yml:4:5: group \"g\", rule 1, \"\": one of 'record' or 'alert' must be set",
        ),
        (
            rule("record: a"),
            "r.yml:4:5: group \"g\", rule 1, \"a\": field 'expr' must be set in rule",
        ),
        (
            rule("record: a\n    expr: up ==\n"),
            "r.yml:5:5: group \"g\", rule 1, \"a\": could not parse expression: 1:6: parse error: unexpected end of input",
        ),
        (
            rule("record: a\n    expr: up\n    for: 1m"),
            "r.yml:4:5: group \"g\", rule 1, \"a\": invalid field 'for' in recording rule",
        ),
        (
            rule("record: a{b=1}\n    expr: up"),
            "r.yml:4:5: group \"g\", rule 1, \"a{b=1}\": braces present in the recording rule name; should it be in expr?: a{b=1}",
        ),
        (
            rule("alert: a\n    expr: up\n    labels: {a: 1, a: 2}"),
            "r.yml:6:13: groups[0].rules[0].labels: key \"a\" stands twice",
        ),
        (
            rule("alert: a\n    expr: up\n    annotations: {s: \"{{ $x }}\"}"),
            "r.yml:6:5: group \"g\", rule 1, \"a\": annotation \"s\": template: __alert_a:1: undefined variable \"$x\"",
        ),
    ];
    for (text, message) in cases {
        let errors = read(&text).expect_err(&text);
        assert_eq!(errors.first().map(String::as_str), Some(message), "{text}");
    }
}

#[test]
fn every_mistake_is_told() {
    let text = "groups:\n- name: g\n  rules:\n  - record: a\n    expr: '('\n    annotations: {a: b}\n  - alert: b\n";
    assert_eq!(read(text).expect_err("bad").len(), 3);
}

#[test]
fn merges_and_unknown_keys() {
    let merged = "groups:\n- name: g\n  rules:\n  - &a {alert: A, expr: up, for: 1m}\n  - <<: *a\n    alert: B\n";
    let groups = read(merged).expect("valid");
    assert_eq!(groups[0].rules[1].alert().map(|a| a.hold_ms), Some(60_000));
    let lenient = LoadOptions {
        ignore_unknown_keys: true,
        ..LoadOptions::default()
    };
    let text = "extra: 1\ngroups:\n- name: g\n  partial_response_strategy: warn\n";
    assert!(read(text).is_err() && parse(text, "r.yml", &lenient).is_ok());
}

#[test]
fn the_same_rule_twice() {
    let text = "groups:\n- name: g\n  rules:\n  - {record: a, expr: up}\n  - {record: a, expr: down}\n  - {record: a, expr: up, labels: {b: c}}\n";
    let found = duplicates(&read(text).expect("valid"));
    assert_eq!(
        found.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(),
        ["a"]
    );
}

#[test]
fn the_verdict_is_that_of_prometheus() {
    #[derive(serde::Deserialize)]
    struct Verdict {
        good: bool,
        file: String,
    }
    let verdicts: Vec<Verdict> =
        serde_yaml::from_str(include_str!("verdicts.yaml")).expect("readable");
    let wrong: Vec<_> = verdicts
        .iter()
        .filter(|verdict| read(&verdict.file).is_ok() != verdict.good)
        .map(|verdict| format!("{}: {:?}", verdict.file, read(&verdict.file)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
