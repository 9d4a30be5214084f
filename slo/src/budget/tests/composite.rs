//! SLOs that are made of others, by hand.

use std::sync::Arc;

use narthex_model::Labels;

use super::*;
use crate::spec::{Exclusion, Part};

/// A book of one group.
fn book(slo: &Slo, slices: &Slices) -> Arc<Book> {
    let track = Track {
        group: Labels::empty(),
        slices: slices.clone(),
    };
    Arc::new(Book::open(slo, &[track]).expect("exclusions are right"))
}

fn by(objective: Objective) -> Slo {
    slo(objective)
}

fn made_of(objective: Objective, parts: &[(Arc<Book>, f64)]) -> Arc<Book> {
    Arc::new(Book::composite(&composite(objective), parts).expect("exclusions are right"))
}

fn composite(objective: Objective) -> Slo {
    let part = Part {
        slo: "any".to_owned(),
        weight: 1.0,
    };
    Slo {
        indicator: Indicator::Composite { parts: vec![part] },
        ..slo(objective)
    }
}

fn excluded(minute: u32) -> Vec<Exclusion> {
    vec![Exclusion {
        name: "maintenance".to_owned(),
        start: format!("1970-01-01T00:{minute:02}:00"),
        zone: "UTC".to_owned(),
        duration_ms: MINUTE,
        rrule: None,
    }]
}

const EVENTS: Budgeting = Budgeting::Occurrences;

#[test]
fn by_each_method() {
    let a = minutes(0, &[(10.0, 1.0), (10.0, 0.0), (10.0, 0.0), (10.0, 0.0)]);
    let b = minutes(0, &[(10.0, 0.0), (10.0, 2.0), (10.0, 0.0), UNSEEN]);
    let all = a.grid.range();
    // Burn rates: 1/40 of 0.1, and 2/30 of 0.2.
    let parts = [
        (book(&by(objective(0.9, EVENTS)), &a), 2.0),
        (book(&by(objective(0.8, EVENTS)), &b), 1.0),
    ];
    let whole = |budgeting| made_of(objective(0.9, budgeting), &parts);
    let both = whole(EVENTS);
    let burn = both.all().burn_rate(all, View::Adjusted).expect("counted");
    assert!((burn - (2.0 * 0.25 + 1.0 / 3.0)).abs() < 1e-12);
    // Any bad minute of any part.
    let stretches = whole(BY_MINUTE);
    assert_eq!(stretches.all().attained(all, View::Adjusted), Some(0.5));
    // Shortfalls: 2 times 0.1, and 0.2.
    let ratios = whole(Budgeting::RatioTimeslices { slice_ms: MINUTE });
    let ratio = ratios.all().attained(all, View::Adjusted).expect("counted");
    assert!((ratio - 0.9).abs() < 1e-12);
    for whole in [both, stretches, ratios] {
        assert_eq!(whole.all().coverage(all, View::Adjusted), 0.75);
    }
}

#[test]
fn each_part_says_by_its_own_method_which_stretches_are_bad() {
    // A few errors in each minute; half of the third is bad.
    let slices = minutes(
        0,
        &[(100.0, 2.0), (100.0, 4.0), (100.0, 50.0), (100.0, 0.0)],
    );
    let all = slices.grid.range();
    let from = |good_from| {
        let slice_ms = MINUTE;
        let budgeting = Budgeting::Timeslices {
            slice_ms,
            good_from,
        };
        (book(&by(objective(0.9, budgeting)), &slices), 1.0)
    };
    let whole = |parts: &[_], good_from, minutes| {
        let budgeting = Budgeting::Timeslices {
            slice_ms: minutes * MINUTE,
            good_from,
        };
        let book = made_of(objective(0.9, budgeting), parts);
        book.all().attained(all, View::Adjusted)
    };
    // As OpenSLO has it: a bad slice of any part is bad, which ones are the parts say.
    assert_eq!(whole(&[from(0.95)], 1.0, 1), Some(0.75));
    assert_eq!(whole(&[from(0.95), from(0.97)], 1.0, 1), Some(0.5));
    // Of two minutes half may be bad.
    assert_eq!(whole(&[from(0.95)], 0.5, 2), Some(1.0));
    // Parts by occurrences, also those that are made of others, are judged by the whole.
    let events = book(&by(objective(0.9, EVENTS)), &slices);
    assert_eq!(whole(&[(events.clone(), 1.0)], 0.95, 1), Some(0.75));
    let inner = made_of(objective(0.9, EVENTS), &[(events, 1.0)]);
    assert_eq!(whole(&[(inner, 1.0)], 0.95, 1), Some(0.75));
}

#[test]
fn a_part_of_which_nothing_is_known_is_not_kept() {
    let good = minutes(0, &[(10.0, 0.0); 10]);
    let all = good.grid.range();
    for budgeting in [EVENTS, BY_MINUTE] {
        let fine = by(objective(0.9, budgeting));
        let mut parts = vec![(book(&fine, &good), 1.0); 19];
        let window = rolling(10 * MINUTE);
        let state = |parts: &[_]| {
            let book = made_of(objective(0.9, budgeting), parts);
            let outcome = &book.outcomes(&window, all.end).expect("known")[0];
            (outcome.coverage, outcome.state)
        };
        assert_eq!(state(&parts), (1.0, State::Meeting));
        let mut dead = parts.clone();
        let unseen = minutes(0, &[UNSEEN; 10]);
        dead.push((book(&fine, &unseen), 1.0));
        assert_eq!(state(&dead), (0.0, State::Unknown));
        // One without a ledger as well.
        parts.push((Arc::new(Book::open(&fine, &[]).expect("opens")), 1.0));
        assert_eq!(state(&parts), (0.0, State::Unknown));
    }
}

#[test]
fn what_parts_make_of_absent_data_was_not_observed() {
    // Half of the time nothing is seen, which is bad.
    let mut half = vec![(10.0, 0.0); 5];
    half.extend([UNSEEN; 5]);
    let (slices, fine) = (minutes(0, &half), minutes(0, &[(10.0, 0.0); 10]));
    let all = slices.grid.range();
    for budgeting in [
        EVENTS,
        BY_MINUTE,
        Budgeting::RatioTimeslices { slice_ms: MINUTE },
    ] {
        let part = Slo {
            missing: Missing {
                no_data: Absent::Bad,
                ..Missing::default()
            },
            ..by(objective(0.9, budgeting))
        };
        let away = (book(&part, &slices), 0.5);
        let parts = [away, (book(&by(objective(0.9, budgeting)), &fine), 0.5)];
        let whole = made_of(objective(0.9, budgeting), &parts);
        // A composite of that is no different.
        for book in [
            &whole,
            &made_of(objective(0.9, BY_MINUTE), &[(whole.clone(), 1.0)]),
        ] {
            let meter = book.all();
            assert_eq!(meter.coverage(all, View::Adjusted), 0.5);
            assert_eq!(meter.judged(all, View::Adjusted), 1.0);
            let outcome = &book
                .outcomes(&rolling(10 * MINUTE), all.end)
                .expect("known")[0];
            assert_eq!((outcome.coverage, outcome.state), (0.5, State::Blown));
        }
    }
}

#[test]
fn what_is_excluded_of_the_whole_is_so_of_each_part() {
    // The second minute is excluded of the part, the third of the whole, the fourth of nothing.
    let slices = minutes(0, &[(10.0, 0.0), (10.0, 9.0), (10.0, 9.0), (10.0, 1.0)]);
    let all = slices.grid.range();
    for (budgeting, raw, adjusted) in [
        (EVENTS, 19.0 / 40.0, 1.0 / 20.0),
        (
            Budgeting::RatioTimeslices { slice_ms: MINUTE },
            1.9 / 4.0,
            0.1 / 2.0,
        ),
    ] {
        let part = Slo {
            exclusions: excluded(1),
            ..by(objective(0.9, EVENTS))
        };
        let whole = Slo {
            exclusions: excluded(2),
            ..composite(objective(0.9, budgeting))
        };
        let part = book(&part, &slices);
        let whole = Arc::new(Book::composite(&whole, &[(part.clone(), 1.0)]).expect("right"));
        let bad = |book: &Book, view| {
            let (bad, total) = book.all().errors(all, view);
            bad / total
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(bad(&whole, View::Raw), raw);
        near(bad(&whole, View::Adjusted), adjusted);
        assert_eq!(whole.all().coverage(all, View::Adjusted), 1.0);
        // And so in a whole of wholes; the part itself is as it was.
        let outer = made_of(objective(0.9, EVENTS), &[(whole, 1.0)]);
        near(bad(&outer, View::Adjusted), adjusted);
        near(bad(&part, View::Adjusted), 10.0 / 30.0);
        let meter = outer.all().without_exclusions().expect("some");
        near(
            meter.errors(all, View::Adjusted).0,
            outer.all().errors(all, View::Raw).0,
        );
    }
}

#[test]
fn levels_do_not_double_what_is_asked() {
    let slices = minutes(0, &[(10.0, 0.0), (10.0, 1.0)]);
    let mut book = book(&by(objective(0.9, EVENTS)), &slices);
    for _ in 0..60 {
        let parts = [(book.clone(), 0.5), (book, 0.5)];
        book = made_of(objective(0.9, EVENTS), &parts);
    }
    let all = slices.grid.range();
    let burn = book.all().burn_rate(all, View::Adjusted).expect("counted");
    assert!((burn - 0.5).abs() < 1e-9);
    assert_eq!(book.all().errors(all, View::Adjusted).1, 20.0);
}
