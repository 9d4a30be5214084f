//! Rule files and unit tests of rules, of which each says in its name whether it is right; promtool says the same of them
//! (`.ci/e2e/rules_files.py`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/rules")
        .join(name)
}

fn narthex(arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narthex"));
    command
        .args(arguments)
        .arg(file)
        .output()
        .expect("the program runs")
}

/// Runs a command on all files of a folder whose names say what comes of it.
fn verdicts(name: &str, arguments: &[&str]) {
    let mut counts = [0, 0];
    for entry in std::fs::read_dir(folder(name)).expect("files") {
        let path = entry.expect("a file").path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let expected = match stem.split('-').next() {
            Some("good") => 0,
            Some("bad") => 1,
            _ => continue,
        };
        let output = narthex(arguments, &path);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(expected), "{stem}: {said}");
        counts[usize::from(expected == 1)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

#[test]
fn rule_files() {
    verdicts("check", &["check", "rules"]);
}

#[test]
fn unit_tests() {
    verdicts("unit", &["test", "rules"]);
}

#[test]
fn lints_and_their_exit_codes() {
    let path = folder("check").join("good-duplicates.yml");
    for (arguments, expected) in [
        (&["--lint-fatal"][..], 3),
        (&["--lint", "all", "--lint-fatal"], 3),
        (&["--lint", "none", "--lint-fatal"], 0),
        (&["--lint", "nonsense", "--lint-fatal"], 0),
        (&[], 0),
    ] {
        let all = [&["check", "rules"], arguments].concat();
        assert_eq!(
            narthex(&all, &path).status.code(),
            Some(expected),
            "{arguments:?}"
        );
    }
    let unknown = folder("check").join("bad-unknown-rule-key.yml");
    let ignored = narthex(&["check", "rules", "--ignore-unknown-fields"], &unknown);
    assert_eq!(
        String::from_utf8_lossy(&ignored.stdout).lines().nth(1),
        Some("  SUCCESS: 1 rules found")
    );
    let nowhere = narthex(&["check", "rules"], Path::new("nowhere.yml"));
    assert_eq!(nowhere.status.code(), Some(1));
}

#[test]
fn one_test_of_several_and_a_report() {
    let path = folder("unit").join("bad-value.yml");
    assert_eq!(
        narthex(&["test", "rules", "--run", "other"], &path)
            .status
            .code(),
        Some(0)
    );
    let scratch = tempfile::tempdir().expect("a folder");
    let report = scratch.path().join("report.xml");
    let junit = [
        "test",
        "rules",
        "--run",
        "^one$",
        "--debug",
        "--junit",
        &report.to_string_lossy(),
    ];
    let output = narthex(&junit, &path);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("DEBUG: Dump of all data (input_series and rules) at 5m1s:"),
        "{said}"
    );
    assert!(
        said.contains("{__name__=\"requests_total\", job=\"web\"} =>\n60 @[60000]\n"),
        "{said}"
    );
    let report = std::fs::read_to_string(report).expect("a report");
    assert!(
        report.contains("tests=\"1\" failures=\"1\" errors=\"0\""),
        "{report}"
    );
}
