//! The table against a plain list of label sets.

use std::collections::BTreeSet;

use narthex_model::{Labels, MatchOp, Matcher};
use proptest::prelude::*;

use super::{MatchedSeries, SeriesTable};

fn labels_of(series: &MatchedSeries) -> Vec<Labels> {
    let labels = |at| series.labels(at).to_owned();
    (0..series.len()).map(labels).collect()
}

fn label_set() -> impl Strategy<Value = Labels> {
    let names = prop::sample::select(vec!["__name__", "Zone", "job", "instance"]);
    prop::collection::btree_map(names, "[ab]{0,2}", 0..4)
        .prop_map(|m| Labels::new(m.iter().map(|(n, v)| (*n, v.as_str()))).expect("valid"))
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let ops = vec![
        MatchOp::Equal,
        MatchOp::NotEqual,
        MatchOp::Regex,
        MatchOp::NotRegex,
    ];
    (
        prop::sample::select(vec!["__name__", "Zone", "job"]),
        prop::sample::select(ops),
        "[ab]{0,2}|a[.][*]",
    )
        .prop_map(|(name, op, value)| Matcher::new(name, op, value).expect("valid"))
}

proptest! {
    #[test]
    fn selects_what_a_list_would(
        first in prop::collection::vec(label_set(), 0..20),
        second in prop::collection::vec(label_set(), 0..20),
        matchers in prop::collection::vec(matcher(), 0..3),
    ) {
        let table = SeriesTable::default();
        for labels in [&first, &second] {
            let ordinals = table.resolve_all(labels).expect("room");
            for (labels, ordinal) in labels.iter().zip(ordinals) {
                prop_assert_eq!(&table.labels(ordinal), labels);
            }
            table.select(&[], |_| Some(0));
        }
        let mut want: Vec<_> = first.into_iter().chain(second).collect();
        want.sort();
        want.dedup();
        prop_assert_eq!(table.size().series as usize, want.len());
        want.retain(|l| matchers.iter().all(|m| m.accepts_labels(l.as_ref())));
        let got = table.select(&matchers, |_| Some(0));
        prop_assert_eq!(&labels_of(&got), &want);
        let mut visited = Vec::new();
        table.for_each(&matchers, |s| visited.push((s.labels().to_owned(), s.ordinal)));
        visited.sort();
        let pairs: Vec<_> = labels_of(&got).into_iter().zip(got.ordinals).collect();
        prop_assert_eq!(visited, pairs);
        let names: BTreeSet<_> = want.iter().flat_map(|l| l.iter()).map(|l| l.0.to_owned()).collect();
        let names: Vec<_> = names.into_iter().collect();
        prop_assert_eq!(&got.label_names, &names);
        prop_assert_eq!(&table.label_names(&matchers, |_| true), &names);
        for name in ["Zone", "job", "nothing"] {
            let values: BTreeSet<_> = want.iter().filter_map(|l| l.get(name)).collect();
            let mut got = table.label_values(name, &matchers, |_| true);
            got.sort();
            prop_assert_eq!(got, Vec::from_iter(values));
        }
    }
}

#[test]
fn colliding_ids_are_told_apart() {
    let mut inner = super::Inner::default();
    let sets: Vec<_> = ["a", "b", "c"]
        .map(|v| Labels::new([("x", v)]).expect("valid"))
        .into();
    for (want, labels) in sets.iter().enumerate() {
        assert_eq!(
            inner.find_or_add(7, labels.as_ref()).expect("room"),
            want as u32
        );
    }
    for (want, labels) in sets.iter().enumerate() {
        assert_eq!(inner.find(7, labels.as_ref()), Some(want as u32));
    }
}

#[test]
fn what_left_is_gone_and_may_come_again() {
    let table = SeriesTable::default();
    let sets = |from: usize| -> Vec<_> {
        let set = |n: usize| {
            let (name, n) = (format!("m{}", n % 7), n.to_string());
            Labels::new([("__name__", name.as_str()), ("n", &n)]).expect("valid")
        };
        (from..from + 3000).map(set).collect()
    };
    let mut sizes = Vec::new();
    for round in 0..20 {
        let ordinals = table.resolve_all(&sets(round * 3000)).expect("room");
        let pin = table.pin();
        assert_eq!(table.remove(&ordinals), 0, "pinned");
        drop(pin);
        let before = table.generation();
        let (gone, kept) = ordinals.split_at(2990);
        assert_eq!((table.remove(gone), table.remove(gone)), (2990, 0));
        assert_eq!(table.generation(), before + 1);
        for ordinal in kept {
            assert!(!table.labels(*ordinal).as_ref().is_empty());
        }
        assert_eq!(table.size().series as usize, (round + 1) * 10);
        let all = table.select(&[], |_| Some(0));
        assert_eq!(all.ordinals.len(), (round + 1) * 10);
        assert!(labels_of(&all).is_sorted());
        sizes.push(table.size().bytes);
    }
    assert!(sizes[19] < sizes[0] * 5 / 2, "{sizes:?}");
    let again = table.resolve_all(&sets(0)).expect("room");
    assert!(again[..2990].iter().all(|o| *o >= 60_000) && again[2990] == 2990);
}
