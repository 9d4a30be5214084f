//! Snapshots.

use std::path::Path;

use narthex_slo::report::{csv, html, json, markdown, openmetrics, table};

use crate::short;

fn compare(name: &str, found: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/golden");
    let path = folder.join(name);
    if std::env::var_os("NARTHEX_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).expect("a file that can be written");
    }
    let wanted = std::fs::read_to_string(&path).expect("the file");
    for (i, (found, wanted)) in found.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "{name}:{}", i + 1);
    }
    assert_eq!(found.lines().count(), wanted.lines().count(), "{name}");
}

/// Each element on a line of its own, so that a diff can be read.
#[test]
fn html_is_as_kept() {
    let page = html::write(&short());
    compare("report.html", &page.replace("><", ">\n<"));
}

#[test]
fn csv_is_as_kept() {
    compare("report.csv", &csv::write(&short()).expect("CSV"));
}

#[test]
fn json_is_as_kept() {
    let value = json::value(&short());
    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
    compare("report.json", &pretty);
}

#[test]
fn markdown_is_as_kept() {
    compare("report.md", &markdown::write(&short()));
}

#[test]
fn openmetrics_is_as_kept() {
    compare("report.om", &openmetrics::write(&short()));
}

#[test]
fn the_terminals_table_is_as_kept() {
    compare("report.txt", &table::write(&short()));
}
