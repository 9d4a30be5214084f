//! Names and labels that want to be more than text.

use std::collections::BTreeMap;

use narthex_model::{Labels, Matcher};
use narthex_slo::report::{Report, csv, html, json, markdown, openmetrics, parquet, table};
use narthex_slo::spec::{Counted, Indicator, Selector, Which};

use crate::data::example;

const EVIL: &str = "</style></title><script>alert(1)</script>\"' onload=x `a` | # *b* [c](javascript:d)\n# EOF\u{1b}[2J\\";

/// The example with such a text wherever a text comes from outside.
fn hostile() -> Report {
    let mut report = example();
    report.title = EVIL.to_owned();
    report.engine = EVIL.to_owned();
    report.notes = vec![EVIL.to_owned()];
    let selector = Counted(vec![Selector {
        matchers: vec![Matcher::equal("a", EVIL)],
    }]);
    for slo in &mut report.slos {
        slo.slo.service = EVIL.to_owned();
        slo.slo.name = EVIL.to_owned();
        slo.slo.id = EVIL.to_owned();
        slo.slo.description = EVIL.to_owned();
        slo.slo.labels = BTreeMap::from([(EVIL.to_owned(), EVIL.to_owned())]);
        slo.slo.group_by = vec![EVIL.to_owned()];
        slo.slo.indicator = Indicator::Events {
            total: selector.clone(),
            some: selector.clone(),
            which: Which::Bad,
        };
        for exclusion in &mut slo.slo.exclusions {
            exclusion.name = EVIL.to_owned();
        }
        slo.generation = EVIL.to_owned();
        slo.notes = vec![EVIL.to_owned()];
        let labels = Labels::new([(EVIL, EVIL)]).expect("labels");
        for outcome in slo
            .outcomes
            .iter_mut()
            .filter(|o| !o.group.as_ref().is_empty())
        {
            outcome.group = labels.clone();
        }
        for day in slo.heat_map.iter_mut().flat_map(|map| &mut map.days) {
            day.date = EVIL.to_owned();
        }
        for rate in &mut slo.burn_rates {
            rate.severity = EVIL.to_owned();
        }
    }
    report
}

#[test]
fn html_takes_it_as_text() {
    let page = html::write(&hostile());
    assert!(!page.contains("<script"), "an element");
    assert!(!page.contains("\"' onload"), "an attribute");
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn markdown_takes_it_as_text() {
    let text = markdown::write(&hostile());
    let mut columns = 0;
    for line in text.lines() {
        let outside = without_code(line);
        for evil in ["<script", "</style", "[c](javascript", "*b*"] {
            assert!(!outside.contains(evil), "{evil} in {line}");
        }
        assert!(!line.starts_with("# EOF"), "{line}");
        let found = line.replace("\\|", "").matches('|').count();
        if line.starts_with("|-") {
            assert_eq!(found, columns, "columns of {line}");
        }
        columns = found;
    }
}

/// A line without what stands between runs of equally many backticks; those that are escaped begin nothing.
fn without_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line.replace("\\`", "'");
    while let Some(at) = rest.find('`') {
        outside.push_str(&rest[..at]);
        let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let fence = "`".repeat(run);
        let end = rest[at + run..].find(&fence);
        let end = end.unwrap_or_else(|| panic!("code without end in {line}"));
        rest = rest[at + run + end + run..].to_owned();
    }
    outside + &rest
}

#[test]
fn openmetrics_takes_it_as_a_label_value() {
    let text = openmetrics::write(&hostile());
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("# EOF"))
            .count(),
        1
    );
    assert!(
        text.lines()
            .all(|line| line.starts_with("slo_") || line.starts_with("# "))
    );
}

#[test]
fn the_terminal_is_not_steered() {
    let text = table::write(&hostile());
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn programs_get_it_unchanged() {
    let report = hostile();
    let text = csv::write(&report).expect("CSV");
    let mut records = ::csv::Reader::from_reader(text.as_bytes());
    let first = records.records().next().expect("a record").expect("CSV");
    assert_eq!(&first[0], EVIL);
    assert_eq!(json::value(&report)["reports"][0]["slo"], EVIL);
    assert!(parquet::write(&report).is_ok());
}

#[test]
fn a_report_of_nothing_is_written_too() {
    let mut report = example();
    report.data = None;
    for slo in &mut report.slos {
        slo.data = None;
        slo.outcomes.clear();
        slo.compared.clear();
        slo.spenders.clear();
        slo.history.clear();
        slo.incidents.clear();
        for down in &mut slo.burn_downs {
            down.down.allowed = 0.0;
            down.down.points.clear();
        }
        if let Some(map) = &mut slo.heat_map {
            map.days.clear();
        }
    }
    for report in [
        &report,
        &Report {
            slos: Vec::new(),
            ..example()
        },
    ] {
        assert!(html::write(report).contains("</html>"));
        assert!(
            csv::write(report).is_ok()
                && json::write(report).is_ok()
                && parquet::write(report).is_ok()
        );
        assert!(markdown::write(report).starts_with("# Service levels"));
        assert!(openmetrics::write(report).ends_with("# EOF\n"));
        assert!(!table::write(report).is_empty());
    }
}
