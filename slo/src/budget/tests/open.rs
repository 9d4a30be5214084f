//! Books of composites are opened with those of their parts.

use std::sync::Arc;

use narthex_model::Result;

use super::{objective, slo};
use crate::budget::{Book, OpenBook, OpenBooks};
use crate::spec::{Budgeting, Indicator, Part, Slo};

/// `a` and `b` are measured, `c` is made of both, `d` of `c` and `b`; `x` and `y` are made of each other, `z` of what is not there.
fn slos() -> Vec<Slo> {
    let made: [(&str, &[&str]); 7] = [
        ("d", &["c", "b"]),
        ("a", &[]),
        ("b", &[]),
        ("c", &["a", "b"]),
        ("x", &["y"]),
        ("y", &["x"]),
        ("z", &["nowhere"]),
    ];
    let one = |(id, parts): (&str, &[&str])| {
        let mut slo = slo(objective(0.9, Budgeting::Occurrences));
        id.clone_into(&mut slo.id);
        let part = |id: &&str| Part {
            slo: (*id).to_owned(),
            weight: 0.5,
        };
        if !parts.is_empty() {
            let parts = parts.iter().map(part).collect();
            slo.indicator = Indicator::Composite { parts };
        }
        slo
    };
    made.into_iter().map(one).collect()
}

#[test]
fn each_once_and_parts_first() {
    let (slos, mut opened) = (slos(), Vec::new());
    let own = |slo: &Slo| {
        opened.push(slo.id.clone());
        Ok(OpenBook {
            book: Arc::new(Book::open(slo, &[])?),
            counted_until: if slo.id == "a" { 3 } else { 5 },
        })
    };
    let mut books = OpenBooks::new(&slos, own);
    let mut until = |id: &str| -> Result<i64> {
        let open = books.open(id)?;
        assert_eq!(open.book.slo().id, id);
        Ok(open.counted_until)
    };
    assert_eq!(until("d").expect("its parts are there"), 3);
    assert_eq!(until("b").expect("it is there"), 5);
    let error = |e: Result<_>| e.expect_err("no book").to_string();
    assert_eq!(error(until("nowhere")), "there is no SLO \"nowhere\"");
    assert_eq!(
        error(until("z")),
        "SLO z: its part \"nowhere\" is in no spec, or is made of it; give the files of all parts"
    );
    assert!(error(until("x")).contains("SLO y: its part \"x\""));
    assert_eq!(until("a").expect("it is there"), 3);
    assert_eq!(opened, ["a", "b"]);
}
