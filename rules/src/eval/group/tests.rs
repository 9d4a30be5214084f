//! Groups, evaluated by hand in a small world.

use super::*;
use crate::eval::testing::{Stage, labels, sample, stage};
use crate::eval::{AlertState, Health};
use crate::file::{LoadOptions, parse};

fn group(rules: &str) -> Group {
    with_settings(rules, Settings::default(), true)
}

fn with_settings(rules: &str, settings: Settings, restored: bool) -> Group {
    let text = format!("groups:\n- name: g\n  interval: 1m\n{rules}");
    let specs = parse(&text, "f.yml", &LoadOptions::default()).expect("valid");
    let spec = specs.into_iter().next().expect("one");
    Group::new(spec, Arc::new(settings), restored)
}

const TWO: &str = "  rules:\n  - {record: a, expr: x, labels: {by: rule}}\n  - {record: b, expr: a}\n  - {record: c, expr: y}\n";

fn health(group: &Group) -> Vec<String> {
    let status = group.status();
    let shown = status.rules.iter().map(|rule| match &rule.last_error {
        Some(error) => format!("{}: {error}", rule.health.as_str()),
        None => rule.health.as_str().to_owned(),
    });
    shown.collect()
}

#[tokio::test]
async fn each_rule_sees_what_those_before_it_wrote() {
    let Stage { world, store, .. } = stage();
    store.answer(
        "x",
        Ok(vec![sample(
            &[("__name__", "x"), ("job", "j"), ("by", "x")],
            1.0,
        )]),
    );
    store.answer("y", Ok(vec![sample(&[], 2.0)]));
    let mut group = group(TWO);
    assert_eq!(health(&group), ["unknown"; 3]);
    group.evaluate(&world, 60_000).await;
    assert_eq!(
        store.written(),
        [
            "a{by=\"rule\", job=\"j\"} 1@60000",
            "b{by=\"rule\", job=\"j\"} 1@60000",
            "c 2@60000"
        ]
    );
    // The first is alone since the second reads it; the others share their scans.
    assert_eq!(
        *store.asked.lock(),
        [vec!["x".to_owned()], vec!["a".to_owned(), "y".to_owned()]]
    );
    assert_eq!(health(&group), ["ok"; 3]);
    let samples = group
        .readings()
        .into_iter()
        .find(|r| r.name == "prometheus_rule_group_last_evaluation_samples");
    assert_eq!(
        samples.map(|r| (r.value, r.labels)),
        Some((3.0, vec![("rule_group", "f.yml;g".to_owned())]))
    );
}

#[tokio::test]
async fn series_end_when_they_vanish_but_not_when_evaluation_fails() {
    let Stage { world, store, .. } = stage();
    let mut group = group("  query_offset: 10s\n  rules:\n  - {record: a, expr: x}\n");
    store.answer(
        "x",
        Ok(vec![sample(&[("i", "1")], 1.0), sample(&[("i", "2")], 2.0)]),
    );
    group.evaluate(&world, 60_000).await;
    assert_eq!(
        store.written(),
        ["a{i=\"1\"} 1@50000", "a{i=\"2\"} 2@50000"]
    );
    store.answer("x", Err("boom"));
    group.evaluate(&world, 120_000).await;
    assert_eq!(
        (store.written().len(), health(&group)),
        (0, vec!["err: boom".to_owned()])
    );
    store.answer("x", Ok(vec![sample(&[("i", "2")], 3.0)]));
    group.evaluate(&world, 180_000).await;
    assert_eq!(
        store.written(),
        ["a{i=\"1\"} stale@170000", "a{i=\"2\"} 3@170000"]
    );
    store.answer("x", Ok(Vec::new()));
    *store.is_full.lock() = true;
    group.evaluate(&world, 240_000).await;
    assert_eq!(health(&group), ["err: the disk is full"]);
    *store.is_full.lock() = false;
    group.evaluate(&world, 300_000).await;
    assert_eq!(store.written(), ["a{i=\"2\"} stale@290000"]);
}

#[tokio::test]
async fn what_another_rule_gives_does_not_end() {
    let Stage { world, store, .. } = stage();
    let mut group = group("  rules:\n  - {record: a, expr: x}\n  - {record: a, expr: y}\n");
    let one = vec![sample(&[("i", "1")], 1.0)];
    store.answer("x", Ok(one.clone()));
    store.answer("y", Ok(Vec::new()));
    group.evaluate(&world, 60_000).await;
    store.written();
    store.answer("x", Ok(Vec::new()));
    store.answer("y", Ok(one));
    group.evaluate(&world, 120_000).await;
    assert_eq!(store.written(), ["a{i=\"1\"} 1@120000"]);
}

#[tokio::test]
async fn a_rule_that_gives_too_much_harms_no_other() {
    let Stage { world, store, .. } = stage();
    let rules =
        "  rules:\n  - {record: a, expr: x}\n  - {record: b, expr: y}\n  - {record: c, expr: x}\n";
    let mut group = group(rules);
    store.answer("x", Ok(vec![sample(&[], 1.0)]));
    let many = (0..9).map(|i| sample(&[("i", &i.to_string())], 1.0));
    store.answer("y", Ok(many.collect()));
    *store.batch_max.lock() = 5;
    group.evaluate(&world, 60_000).await;
    assert_eq!(store.written(), ["a 1@60000", "c 1@60000"]);
    assert_eq!(health(&group), ["ok", "err: too large", "ok"]);
}

#[tokio::test]
async fn what_is_refused_is_told_of_the_rule_that_gave_it() {
    let Stage { world, store, .. } = stage();
    let mut group = group(
        "  rules:\n  - {record: a, expr: many}\n  - {record: b, expr: x}\n  - {record: c, expr: many}\n  - {record: d, expr: x}\n",
    );
    store.answer("x", Ok(vec![sample(&[], 1.0)]));
    let many = (0..9).map(|i| sample(&[("i", &i.to_string())], 1.0));
    store.answer("many", Ok(many.collect()));
    // More than a receipt names: those of the first rule alone.
    *store.refused.lock() = vec!["a".to_owned(), "d".to_owned()];
    group.evaluate(&world, 60_000).await;
    let found = health(&group);
    assert_eq!([&found[1], &found[2]], ["ok", "ok"]);
    assert_eq!(found[0], found[3], "{found:?}");
    let reason = narthex_model::RejectionReason::TooOld.as_str();
    assert_eq!(found[0], format!("err: {reason}"));
    assert_eq!(store.written().len(), 10);
}

const HOSTILE: &str = "  rules:\n  - {alert: Loop, expr: x, annotations: {a: '{{ range 1000000000000 }}{{ end }}'}}\n  \
    - {alert: Deep, expr: x, labels: {l: '{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}'}}\n  \
    - {alert: Wide, expr: x, annotations: {a: '{{ range query \"many\" }}{{ range query \"many\" }}x{{ end }}{{ end }}'}}\n  \
    - {alert: Good, expr: x, annotations: {a: '{{ $value }}'}}\n  - {record: r, expr: x}\n";

#[tokio::test]
async fn a_template_without_end_is_an_error_of_its_alert_alone() {
    let Stage { world, store, .. } = stage();
    let mut group = group(HOSTILE);
    store.answer("x", Ok(vec![sample(&[], 1.0)]));
    let many = (0..2000).map(|i| sample(&[("i", &i.to_string())], 1.0));
    store.answer("many", Ok(many.collect()));
    group.evaluate(&world, 60_000).await;
    assert_eq!(health(&group), ["ok"; 5]);
    let status = group.status();
    let texts = status.rules.iter().flat_map(|rule| &rule.alerts);
    let texts: Vec<_> = texts
        .map(|alert| {
            let annotation = alert.annotations.get("a").map(String::as_str);
            annotation
                .or(alert.labels.get("l"))
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    for (text, message) in
        texts
            .iter()
            .zip(["too many steps", "template depth (100)", "too many steps"])
    {
        let begin = "<error expanding template: error executing template __alert_";
        assert!(text.starts_with(begin) && text.contains(message), "{text}");
    }
    assert_eq!(texts.last().map(String::as_str), Some("1"));
    assert!(store.written().contains(&"r 1@60000".to_owned()));
}

#[tokio::test]
async fn limits_and_equal_labels() {
    let Stage { world, store, .. } = stage();
    let mut group = group(
        "  limit: 1\n  rules:\n  - {record: a, expr: x}\n  - {record: b, expr: y, labels: {i: s}}\n  - {alert: C, expr: x}\n  - {alert: D, expr: y, labels: {i: s}}\n",
    );
    let two = || Ok(vec![sample(&[("i", "1")], 1.0), sample(&[("i", "2")], 1.0)]);
    store.answer("x", two());
    store.answer("y", two());
    group.evaluate(&world, 60_000).await;
    assert_eq!(
        health(&group),
        [
            "err: exceeded limit of 1 with 2 series",
            "err: vector contains metrics with the same labelset after applying rule labels",
            "err: exceeded limit of 1 with 2 alerts",
            "err: vector contains metrics with the same labelset after applying alert labels",
        ]
    );
    assert_eq!(store.written(), [""; 0]);
}

const ALERT: &str = "  rules:\n  - alert: A\n    expr: x\n    for: 1m\n    labels: {sev: '{{ $labels.i }}', none: '{{ $labels.nope }}'}\n    annotations: {n: '{{ query \"count\" | first | value }} of {{ $value }}'}\n";

#[tokio::test]
async fn alerts_are_told_and_leave_a_trace() {
    let Stage { world, store, .. } = stage();
    let settings = Settings {
        external_url: "http://us:1".to_owned(),
        ..Settings::default()
    };
    let mut group = with_settings(ALERT, settings, true);
    store.answer("x", Ok(vec![sample(&[("__name__", "x"), ("i", "1")], 5.0)]));
    store.answer("count", Ok(vec![sample(&[], 7.0)]));
    group.evaluate(&world, 60_000).await;
    assert_eq!(
        store.written(),
        [
            "ALERTS_FOR_STATE{alertname=\"A\", i=\"1\", none=\"{{ $labels.nope }}\", sev=\"1\"} 60@60000",
            "ALERTS{alertname=\"A\", alertstate=\"pending\", i=\"1\", none=\"{{ $labels.nope }}\", sev=\"1\"} 1@60000",
        ]
    );
    assert!(store.told.lock().is_empty());
    group.evaluate(&world, 120_000).await;
    assert_eq!(
        store.written(),
        [
            "ALERTS_FOR_STATE{alertname=\"A\", i=\"1\", none=\"{{ $labels.nope }}\", sev=\"1\"} 60@120000",
            "ALERTS{alertname=\"A\", alertstate=\"firing\", i=\"1\", none=\"{{ $labels.nope }}\", sev=\"1\"} 1@120000",
            "ALERTS{alertname=\"A\", alertstate=\"pending\", i=\"1\", none=\"{{ $labels.nope }}\", sev=\"1\"} stale@120000",
        ]
    );
    let told = std::mem::take(&mut *store.told.lock());
    let [told] = told.as_slice() else {
        panic!("one alert is told: {told:?}");
    };
    assert_eq!((told.starts_at, told.ends_at), (120_000, 360_000));
    assert_eq!(told.annotations["n"], "7 of 5");
    assert_eq!(told.generator_url, "http://us:1/graph?g0.expr=x&g0.tab=1");
    assert_eq!(group.status().rules[0].state, Some(AlertState::Firing));
    store.answer("x", Ok(Vec::new()));
    group.evaluate(&world, 180_000).await;
    assert_eq!(store.written().len(), 2);
    assert_eq!(store.told.lock()[0].ends_at, 180_000);
    assert_eq!(group.status().rules[0].state, Some(AlertState::Inactive));
}

#[tokio::test]
async fn a_reload_keeps_the_state() {
    let Stage { world, store, .. } = stage();
    store.answer("x", Ok(vec![sample(&[("i", "1")], 5.0)]));
    store.answer("y", Ok(vec![sample(&[], 1.0)]));
    let rules = "  rules:\n  - {record: gone, expr: y}\n  - {alert: A, expr: x, for: 5m}\n  - {record: kept, expr: y}\n";
    let mut old = group(rules);
    old.evaluate(&world, 60_000).await;
    store.written();
    let changed = "  rules:\n  - {record: kept, expr: y}\n  - {alert: A, expr: x, for: 1m}\n";
    let mut new = group(changed);
    new.take_over(&mut old);
    new.evaluate(&world, 120_000).await;
    let written = store.written();
    assert!(
        written.contains(&"gone stale@120000".to_owned()),
        "{written:?}"
    );
    assert!(
        written.contains(
            &"ALERTS{alertname=\"A\", alertstate=\"firing\", i=\"1\"} 1@120000".to_owned()
        )
    );
    assert_eq!(new.status().rules[0].health, Health::Good);
}

#[tokio::test]
async fn a_restart_restores_alerts() {
    let Stage {
        world,
        store,
        clock,
    } = stage();
    let hour = 3_600_000;
    let state = labels(&[
        ("__name__", "ALERTS_FOR_STATE"),
        ("alertname", "A"),
        ("i", "1"),
    ]);
    store
        .samples
        .lock()
        .push((state, 9 * hour + hour / 2, 8.0 * 3600.0));
    clock.set(10 * hour).await;
    let rules = "  rules:\n  - {alert: A, expr: x, for: 1h}\n";
    let mut group = with_settings(rules, Settings::default(), false);
    store.answer("x", Ok(vec![sample(&[("i", "1")], 5.0)]));
    group.evaluate(&world, 10 * hour).await;
    // Nothing is written before it is known since when the condition holds.
    assert_eq!(
        (group.needs_restore(), store.samples.lock().len()),
        (true, 1)
    );
    group.restore(&world).await.expect("readable");
    group.evaluate(&world, 10 * hour + 60_000).await;
    assert_eq!(group.status().rules[0].alerts[0].active_at, 8 * hour);
    assert_eq!(group.status().rules[0].state, Some(AlertState::Firing));
}
