//! What differs, what becomes of history, and what each form says of it.

use narthex_model::{Labels, TimeRange};

use super::*;
use crate::budget::Book;
use crate::count::{Grid, Method, Slices};
use crate::ledger::Track;
use crate::spec::Slo;
use crate::{Options, Text, parse};

const DAY: i64 = 86_400_000;

fn read(text: &str) -> Vec<Slo> {
    let text = Text {
        file: "a.yaml",
        text,
    };
    let specs = parse(&[text], &Options::default()).expect("valid");
    specs.slos.into_iter().map(|placed| placed.slo).collect()
}

const BEFORE: &str = r#"
slos:
  - {name: same, objective: 99, window: 7d, gauge: up}
  - {name: gone, objective: 99, window: 7d, gauge: up}
  - name: target
    objective: 99
    window: 7d
    errors: x{code="5"}
    total: x
    policies: [{name: page, severity: page, burn: {factor: 14.4, long: 1h, short: 5m}}]
  - {name: measured, objective: 99, window: 7d, errors: 'x{code="5"}', total: x}
  - {name: both, objective: 99, window: 7d, composite: [same, measured]}
"#;

fn after() -> String {
    let text = BEFORE
        .replace("name: gone", "name: come")
        .replace("    objective: 99\n", "    objective: 99.9\n")
        .replace("    window: 7d\n", "    windows: [7d, 30d]\n")
        .replace("severity: page,", "severity: page, for: 2m,");
    text.replace(
        "measured, objective: 99, window: 7d, errors: 'x{code=\"5\"}'",
        "measured, objective: 99, window: 7d, errors: 'x{code=~\"5..\"}'",
    )
}

fn compared() -> Diff {
    let (before, after) = (read(BEFORE), read(&after()));
    Diff {
        changes: diff(&before, &after),
        same: 1,
        over: None,
    }
}

#[test]
fn what_differs_and_what_becomes_of_it() {
    let diff = compared();
    let said: Vec<_> = diff
        .changes
        .iter()
        .map(|change| {
            let fields = change.fields.iter().map(|field| field.name.as_str());
            let fields = fields.collect::<Vec<_>>().join(" ");
            format!(
                "{} {} {} [{fields}] [{}]",
                change.id,
                change.kind().as_str(),
                change.history().as_str(),
                change.parts.join(" ")
            )
        })
        .collect();
    let expected = [
        "both changed that of its parts [] [measured]",
        "come added new [] []",
        "gone removed left behind [] []",
        "measured changed counted anew [indicator.errors] []",
        "target changed history kept [objective windows policies[page].for] []",
    ];
    assert_eq!(said, expected);
}

#[test]
fn nothing_differs() {
    let slos = read(BEFORE);
    assert!(diff(&slos, &slos).is_empty());
    let reversed: Vec<_> = slos.iter().rev().cloned().collect();
    assert!(diff(&slos, &reversed).is_empty());
}

/// Two weeks, of which in each minute one event of a hundred is bad.
fn book(slo: &Slo) -> Book {
    let grid = Grid::over(TimeRange::new(0, 14 * DAY), 60_000);
    let mut slices = Slices::empty(grid, Method::Counters);
    slices.good.fill(99.0);
    slices.bad.fill(1.0);
    slices.total.fill(100.0);
    slices.observed_ms.fill(60_000.0);
    let group = Labels::empty();
    Book::open(slo, &[Track { group, slices }]).expect("no exclusions")
}

#[test]
fn every_form_of_a_measured_change() {
    let mut diff = compared();
    diff.changes.retain(|change| change.id != "both");
    let over = Over {
        at: 14 * DAY,
        past: Some(TimeRange::new(10 * DAY, 14 * DAY)),
    };
    diff.over = Some(over);
    for change in &mut diff.changes {
        let before = change.before.as_ref().map(book);
        let after = change.after.as_ref().map(book);
        change
            .measure(before.as_ref(), after.as_ref(), over)
            .expect("known zones");
    }
    let plain = |text: String| text.replace('\u{a0}', " ");
    let said = plain(table::write(&diff));
    let row = "  target    7 days   99 % → 99.9 %  99.0 %      0 % → −900 %  at risk → blown";
    assert!(said.contains(row), "{said}");
    let days = |row: &str| {
        said.lines()
            .any(|line| line.split_whitespace().eq(row.split(' ')))
    };
    assert!(days("target 4 0 → 4 4 → 0 0 0"), "{said}");
    let markdown = plain(markdown::write(&diff));
    let row = "| target | 7 days | 99 % → 99.9 % | 99.0 % | 0 % → −900 % |";
    assert!(markdown.contains(row), "{markdown}");
    assert!(
        markdown.contains("| target | `windows` | `7d` | `7d, 30d` |"),
        "{markdown}"
    );
    let json = json::write(&diff).expect("writes");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let target = &json["changes"][3];
    assert_eq!(target["windows"][0]["after"]["state"], "blown");
    assert_eq!(target["days"]["after"]["blown"], 4);
    assert_eq!(target["slices"], "history kept");
}
