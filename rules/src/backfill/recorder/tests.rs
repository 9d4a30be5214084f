//! Spans against a server's way, instant by instant.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::is_stale;
use proptest::prelude::*;

use super::*;
use crate::file::{LoadOptions, parse};

/// Instants are 0, 10, 20, …
const STEP: i64 = 10;

fn rule() -> RuleSpec {
    let text = "groups: [{name: g, rules: [{record: r, expr: x, labels: {own: o}}]}]";
    let groups = parse(text, "f", &LoadOptions::default()).expect("valid");
    groups[0].rules[0].clone()
}

/// Series `i` of the answer: two have the same labels once the rule has set its own.
fn labels(i: u8) -> Labels {
    let own = if i.is_multiple_of(2) { "a" } else { "b" };
    let number = (i / 2).to_string();
    Labels::new([("__name__", "x"), ("i", &number), ("own", own)]).expect("valid")
}

/// What a server writes: by series and time, `None` for an end. `there[t]` are the series of instant `t`.
fn server(there: &[BTreeSet<u8>], limit: usize) -> BTreeMap<(String, i64), Option<u8>> {
    let mut written = BTreeMap::new();
    let mut before: BTreeSet<String> = BTreeSet::new();
    for (at, there) in there.iter().enumerate() {
        let name = |i: &u8| format!("r{{i=\"{}\", own=\"o\"}}", i / 2);
        let now: BTreeSet<_> = there.iter().map(name).collect();
        if now.len() < there.len() || (limit > 0 && now.len() > limit) {
            continue;
        }
        let t = at as i64 * STEP;
        written.extend(there.iter().map(|i| ((name(i), t), Some(*i))));
        written.extend(
            before
                .difference(&now)
                .map(|gone| ((gone.clone(), t), None)),
        );
        before = now;
    }
    written
}

fn answer(there: &[BTreeSet<u8>], first: usize, end: usize) -> Vec<Series> {
    let series = (0..8_u8).map(|i| {
        let times = (first..end).filter(|at| there[*at].contains(&i));
        let timestamps: Vec<_> = times.map(|at| at as i64 * STEP).collect();
        Series {
            labels: labels(i),
            values: vec![f64::from(i); timestamps.len()],
            timestamps,
            histograms: Vec::new(),
        }
    });
    series.filter(|s| !s.is_empty()).collect()
}

fn instants(first: usize, end: usize) -> Instants {
    Instants {
        first: first as i64 * STEP,
        step: STEP,
        last: end as i64 * STEP - 1,
    }
}

fn add(written: &mut BTreeMap<(String, i64), Option<u8>>, found: Vec<Series>) {
    for series in found {
        assert!(series.timestamps.is_sorted_by(|a, b| a < b));
        for (t, value) in series.timestamps.iter().zip(&series.values) {
            let value = (!is_stale(*value)).then_some(*value as u8);
            let old = written.insert((series.labels.to_string(), *t), value);
            assert_eq!(old, None, "written twice");
        }
    }
}

proptest! {
    #[test]
    fn as_a_server_writes(
        there in prop::collection::vec(prop::collection::btree_set(0..8_u8, 0..5), 1..20),
        cuts in prop::collection::btree_set(1..19_usize, 0..4),
        limit in 0..4_usize,
    ) {
        let expected = server(&there, limit);
        let mut recorder = Recorder::new(rule(), limit);
        let mut written = BTreeMap::new();
        let cuts: Vec<_> = cuts.into_iter().filter(|c| *c < there.len()).chain([there.len()]).collect();
        let mut first = 0;
        for end in cuts {
            let found = recorder.record(instants(first, end), answer(&there, first, end), first as i64 * STEP);
            add(&mut written, found.expect("labels"));
            first = end;
        }
        prop_assert_eq!(&written, &expected);
        let values = expected.values().flatten().count();
        let ends = expected.len() - values;
        let recorded = recorder.recorded();
        prop_assert_eq!((recorded.samples, recorded.ends), (values as u64, ends as u64));
    }
}

#[test]
fn an_instant_before_tells_what_there_was() {
    let set = |all: &[u8]| all.iter().copied().collect::<BTreeSet<_>>();
    let there = [set(&[0, 2]), set(&[2]), set(&[2])];
    let mut recorder = Recorder::new(rule(), 0);
    assert!(!recorder.knows_what_was());
    let found = recorder.record(instants(0, 3), answer(&there, 0, 3), STEP);
    let mut written = BTreeMap::new();
    add(&mut written, found.expect("labels"));
    let shown: Vec<_> = written
        .iter()
        .map(|((name, t), v)| format!("{name} {t} {v:?}"))
        .collect();
    let expected = [
        "r{i=\"0\", own=\"o\"} 10 None",
        "r{i=\"1\", own=\"o\"} 10 Some(2)",
        "r{i=\"1\", own=\"o\"} 20 Some(2)",
    ];
    assert_eq!(shown, expected);
    assert_eq!(
        (recorder.recorded().samples, recorder.recorded().series()),
        (2, 1)
    );
}

#[test]
fn what_was_refused_is_told() {
    let set = |all: &[u8]| all.iter().copied().collect::<BTreeSet<_>>();
    let there = [set(&[0]), set(&[0, 2, 4]), set(&[0, 2]), set(&[0, 1])];
    let mut recorder = Recorder::new(rule(), 1);
    recorder
        .record(instants(0, 4), answer(&there, 0, 4), 0)
        .expect("labels");
    let refused = recorder.recorded().refused.clone().expect("some");
    assert_eq!(refused.message, "exceeded limit of 1 with 3 series");
    assert_eq!((refused.first, refused.last, refused.instants), (10, 30, 3));
}
