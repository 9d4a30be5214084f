//! Groups in their loops, under a clock turned by hand.

use super::*;
use crate::eval::testing::{Stage, sample, stage};
use crate::file::{LoadOptions, parse};

fn specs(text: &str) -> Vec<GroupSpec> {
    parse(text, "f.yml", &LoadOptions::default()).expect("valid")
}

const GROUP: &str = "groups:\n- name: g\n  interval: 1m\n  rules: [{record: a, expr: x}]\n";

fn reading(manager: &Manager, name: &str) -> f64 {
    let all = manager.readings();
    all.iter()
        .find(|r| r.name == name)
        .map_or(f64::NAN, |r| r.value)
}

#[tokio::test]
async fn groups_are_evaluated_when_they_are_due() {
    let Stage {
        world,
        store,
        clock,
    } = stage();
    store.answer("x", Ok(vec![sample(&[], 1.0)]));
    let manager = Manager::new(world);
    manager.update(specs(GROUP), Settings::default()).await;
    let first = super::super::Schedule::new("f.yml", "g", 60_000).first(0);
    clock.set(first - 1).await;
    assert_eq!(store.written(), [""; 0]);
    clock.set(first).await;
    assert_eq!(store.written(), [format!("a 1@{first}")]);
    assert!(manager.groups()[0].last_evaluation.is_some());
    // Two turns are missed; the time that is evaluated stays aligned.
    clock.set(first + 200_000).await;
    assert_eq!(store.written(), [format!("a 1@{}", first + 180_000)]);
    assert_eq!(
        reading(&manager, "prometheus_rule_group_iterations_missed_total"),
        2.0
    );
    assert_eq!(
        reading(&manager, "prometheus_rule_group_iterations_total"),
        4.0
    );
    manager.stop().await;
    clock.set(first + 600_000).await;
    assert_eq!((store.written().len(), manager.groups().len()), (0, 0));
}

#[tokio::test]
async fn groups_that_are_gone_end_their_series() {
    let Stage {
        world,
        store,
        clock,
    } = stage();
    store.answer("x", Ok(vec![sample(&[], 1.0)]));
    store.answer("y", Ok(vec![sample(&[], 1.0)]));
    let manager = Manager::new(world);
    let two = "groups:\n- name: g\n  interval: 1m\n  rules: [{record: a, expr: x}, {record: b, expr: x}]\n";
    manager.update(specs(two), Settings::default()).await;
    clock.set(0).await;
    clock.set(60_000).await;
    assert_eq!(store.written().len(), 2);
    // Renamed; one of its rules goes on.
    let renamed = "groups:\n- name: h\n  interval: 1m\n  rules: [{record: a, expr: y}]\n";
    manager.update(specs(renamed), Settings::default()).await;
    clock.set(60_000).await;
    assert_eq!(
        manager
            .groups()
            .iter()
            .map(|g| g.name.as_str())
            .collect::<Vec<_>>(),
        ["h"]
    );
    clock.set(120_000).await;
    clock.set(179_999).await;
    assert!(store.written().iter().all(|s| s.starts_with("a 1@")));
    clock.set(180_000).await;
    assert!(store.written().contains(&"b stale@60000".to_owned()));
    manager.stop().await;
}

#[tokio::test]
async fn groups_that_do_not_change_go_on_undisturbed() {
    let Stage {
        world,
        store,
        clock,
    } = stage();
    store.answer("x", Ok(vec![sample(&[], 1.0)]));
    let manager = Manager::new(world);
    manager.update(specs(GROUP), Settings::default()).await;
    clock.set(0).await;
    clock.set(60_000).await;
    store.written();
    let before = manager.groups()[0].clone();
    manager.update(specs(GROUP), Settings::default()).await;
    assert!(Arc::ptr_eq(&before, &manager.groups()[0]));
    let changed = Settings {
        resend_delay_ms: 1,
        ..Settings::default()
    };
    manager.update(specs(GROUP), changed).await;
    clock.set(60_000).await;
    assert!(!Arc::ptr_eq(&before, &manager.groups()[0]));
    clock.set(120_000).await;
    assert_eq!(
        reading(&manager, "prometheus_rule_group_iterations_total"),
        2.0
    );
    manager.stop().await;
}
