//! The table against a plain list of label sets.

use narthex_model::{Labels, MatchOp, Matcher};
use proptest::prelude::*;

use super::SeriesTable;

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
            table.select(&[], |_, _| true);
        }
        let mut want: Vec<_> = first.into_iter().chain(second).collect();
        want.sort();
        want.dedup();
        prop_assert_eq!(table.len(), want.len());
        want.retain(|l| matchers.iter().all(|m| m.accepts_labels(l.as_ref())));
        let got = table.select(&matchers, |_, _| true);
        prop_assert_eq!(&got.labels, &want);
        let mut visited = Vec::new();
        table.for_each(&matchers, |ordinal, labels| visited.push((labels.to_owned(), ordinal)));
        visited.sort();
        let pairs: Vec<_> = got.labels.into_iter().zip(got.ordinals).collect();
        prop_assert_eq!(visited, pairs);
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
