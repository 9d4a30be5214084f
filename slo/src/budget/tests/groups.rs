//! Groups rolled up, and what the values of their labels spent.

use narthex_model::{Labels, TimeRange};

use super::{MINUTE, UNSEEN, minutes, objective, slo};
use crate::budget::{Book, View, rolled_up};
use crate::ledger::Track;
use crate::outcome::Spender;
use crate::spec::{Budgeting, Slo};

fn track(labels: &[(&str, &str)], events: &[(f64, f64)]) -> Track {
    Track {
        group: Labels::new(labels.iter().copied()).expect("valid"),
        slices: minutes(0, events),
    }
}

/// Two routes in two zones; one of the groups has no zone.
fn tracks() -> [Track; 4] {
    [
        track(
            &[("route", "/a"), ("zone", "x")],
            &[(10.0, 1.0), (10.0, 0.0)],
        ),
        track(&[("route", "/a"), ("zone", "y")], &[(20.0, 4.0), UNSEEN]),
        track(
            &[("route", "/b"), ("zone", "x")],
            &[(0.0, 0.0), (50.0, 2.0)],
        ),
        track(&[("route", "/b")], &[(10.0, 1.0), (0.0, 0.0)]),
    ]
}

fn grouped() -> Slo {
    let mut slo = slo(objective(0.9, Budgeting::Occurrences));
    slo.group_by = vec!["route".to_owned(), "zone".to_owned()];
    slo
}

#[test]
fn fewer_labels_make_fewer_groups() {
    let by = |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).to_owned()).collect() };
    let routes = rolled_up(&tracks(), &by(&["route"]));
    let found: Vec<_> = routes
        .iter()
        .map(|t| (t.group.to_string(), &t.slices.total[..], &t.slices.bad[..]))
        .collect();
    assert_eq!(
        found,
        [
            (
                "{route=\"/a\"}".to_owned(),
                &[30.0, 10.0][..],
                &[5.0, 0.0][..]
            ),
            (
                "{route=\"/b\"}".to_owned(),
                &[10.0, 50.0][..],
                &[1.0, 2.0][..]
            ),
        ]
    );
    // The second group of /a had ended, so that all of what there was of it was observed.
    assert_eq!(routes[0].slices.observed_ms, [60_000.0, 60_000.0]);
    let zones = rolled_up(&tracks(), &by(&["zone"]));
    let names: Vec<_> = zones.iter().map(|t| t.group.get("zone")).collect();
    assert_eq!(names, [None, Some("x"), Some("y")]);
    assert_eq!(rolled_up(&tracks(), &by(&["route", "zone"])).len(), 4);
}

#[test]
fn a_book_of_fewer_labels_has_the_same_whole() {
    let span = TimeRange::new(0, 2 * MINUTE);
    let labels = ["team".to_owned(), "zone".to_owned()];
    let all = Book::open(&grouped(), &tracks()).expect("no exclusions");
    let zones = Book::open_by(&grouped(), &tracks(), &labels).expect("no exclusions");
    assert_eq!(zones.group_by(), ["zone"]);
    let counts = |book: &Book| book.all().counts(span, View::Adjusted);
    assert_eq!(counts(&zones), counts(&all));
    let groups = zones.groups().iter();
    let bad: Vec<f64> = groups
        .map(|(_, meter)| meter.counts(span, View::Adjusted).bad)
        .collect();
    // What has no zone is in the whole alone.
    assert_eq!(bad, [3.0, 4.0]);
    let spent: Vec<_> = zones
        .spenders(span)
        .into_iter()
        .map(|s| (s.value, s.bad))
        .collect();
    assert_eq!(
        spent,
        [("y", 4.0), ("x", 3.0), ("", 1.0)].map(|(value, bad)| (value.to_owned(), bad))
    );
    let none = Book::open_by(&grouped(), &tracks(), &labels[..1]).expect("no exclusions");
    assert!(none.groups().is_empty());
}

#[test]
fn each_value_of_each_label_has_its_share() {
    let book = Book::open(&grouped(), &tracks()).expect("no exclusions");
    let spenders = book.spenders(TimeRange::new(0, 2 * MINUTE));
    let row = |s: &Spender| (s.label.clone(), s.value.clone(), s.bad, s.total);
    let rows: Vec<_> = spenders.iter().map(row).collect();
    let row =
        |label: &str, value: &str, bad, total| (label.to_owned(), value.to_owned(), bad, total);
    assert_eq!(
        rows,
        [
            row("route", "/a", 5.0, 40.0),
            row("route", "/b", 3.0, 60.0),
            row("zone", "y", 4.0, 20.0),
            row("zone", "x", 3.0, 70.0),
            row("zone", "", 1.0, 10.0),
        ]
    );
    assert_eq!(
        (spenders[0].bad_share, spenders[0].total_share),
        (0.625, 0.4)
    );
    assert_eq!(
        (spenders[4].bad_share, spenders[4].total_share),
        (0.125, 0.1)
    );
    // In the second minute.
    let later = book.spenders(TimeRange::new(MINUTE, 2 * MINUTE));
    assert_eq!((&*later[0].value, later[0].bad_share), ("/b", 1.0));
}
