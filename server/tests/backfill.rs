//! `narthex rules backfill`, and `backtest` over what it has recorded.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const START: i64 = 1_700_000_100;

const RULES: &str = "groups:
- name: first
  rules:
  - {record: twice, expr: 'total * 2'}
  - {alert: Many, expr: 'twice > 50'}
- name: second
  interval: 30s
  rules:
  - {record: total, expr: sum(x)}
  - {record: each, expr: x, labels: {kind: copy}}
";

/// Runs a command that must end with `code`; gives all that it printed.
fn run(folder: &Path, code: i32, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narthex"));
    let command = command.current_dir(folder).args(arguments);
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    said
}

/// A store with an hour of two series, of which one ends after half of it.
fn store() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "# TYPE x gauge\n".to_owned();
    for step in 0..240 {
        let t = START + step * 15;
        writeln!(text, "x{{i=\"a\"}} {step} {t}").expect("a text");
        if step < 120 {
            writeln!(text, "x{{i=\"b\"}} 1 {t}").expect("a text");
        }
    }
    text += "# EOF\n";
    std::fs::write(folder.path().join("x.om"), text).expect("a file");
    std::fs::write(folder.path().join("rules.yml"), RULES).expect("a file");
    let import = ["import", "openmetrics", "x.om", "--storage.path", "data"];
    run(folder.path(), 0, &import);
    folder
}

fn backfill(folder: &Path, code: i32, more: &[&str]) -> String {
    let command = ["rules", "backfill", "rules.yml", "--storage.path", "data"];
    let span = ["--start", "1700000100", "--end", "1700003700"];
    run(folder, code, &[&command[..], &span, more].concat())
}

/// The values of a query at the end of the hour, or at `at`.
fn values(folder: &Path, query: &str, at: i64) -> Vec<String> {
    let at = at.to_string();
    let command = ["query", query, "--storage.path", "data", "--format", "csv"];
    let said = run(folder, 0, &[&command[..], &["--time", &at]].concat());
    let rows = said.lines().skip(1);
    rows.map(|row| row.rsplit(',').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn chains_are_recorded_once() {
    let folder = store();
    let folder = folder.path();
    // The sum and both series: what reads the sum cannot be counted before it is there.
    let counted = backfill(folder, 0, &["--dry-run"]);
    assert!(counted.contains(" samples would be recorded"), "{counted}");
    assert_eq!(values(folder, "total", START + 1800), [""; 0]);
    let alerts = ["rules", "backtest", "rules.yml", "--storage.path", "data"];
    let alerts = [
        &alerts[..],
        &["--start", "1700000100", "--end", "1700003700"],
    ]
    .concat();
    let hint = run(folder, 0, &alerts);
    assert!(
        hint.contains("Many depends on total,") && hint.contains("rules backfill rules.yml"),
        "{hint}"
    );

    backfill(folder, 0, &[]);
    let end = START + 3600;
    assert_eq!(values(folder, "count_over_time(total[2h])", end), ["120"]);
    assert_eq!(values(folder, "count_over_time(twice[2h])", end), ["60"]);
    // Each is the double of what there was of the sum just before.
    let twice: f64 = values(folder, "twice", START + 1700)[0]
        .parse()
        .expect("a number");
    assert!(twice % 2.0 == 0.0 && twice > 200.0, "{twice}");
    assert!(run(folder, 0, &alerts).contains("Many"));

    let again = backfill(folder, 0, &[]);
    assert!(
        again.contains("0 samples recorded") && again.contains("were recorded before"),
        "{again}"
    );
    backfill(folder, 0, &["--again"]);
    run(folder, 0, &["compact", "--storage.path", "data"]);
    assert_eq!(values(folder, "count_over_time(total[2h])", end), ["120"]);
    run(folder, 0, &["verify", "--storage.path", "data"]);
}

#[test]
fn series_that_vanish_end() {
    let folder = store();
    let folder = folder.path();
    backfill(folder, 0, &[]);
    // The series is seen for five minutes after its last sample, and what was recorded of it no longer than that.
    let last = START + 119 * 15;
    assert_eq!(values(folder, "each{i='b'}", last + 240), ["1"]);
    assert_eq!(values(folder, "each{i='b'}", last + 335), [""; 0]);
    assert_eq!(values(folder, "each{kind='copy'}", last + 335).len(), 1);
}

#[test]
fn what_cannot_be_recorded_is_told() {
    let folder = store();
    let folder = folder.path();
    let write = |text: &str| std::fs::write(folder.join("rules.yml"), text).expect("a file");
    backfill(folder, 0, &[]);
    write(&RULES.replace("interval: 30s", "interval: 20s"));
    assert!(backfill(folder, 1, &[]).contains("recorded at other instants"));
    backfill(folder, 0, &["--mix-schedules"]);
    write(
        "groups: [{name: g, limit: 1, rules: [{record: many, expr: x}, {record: one, expr: sum(x)}]}]",
    );
    let said = backfill(folder, 1, &[]);
    assert!(said.contains("exceeded limit of 1 with 2 series"), "{said}");
    assert_eq!(values(folder, "count(one)", START + 600), ["1"]);
    assert_eq!(values(folder, "many", START + 600), [""; 0]);
    write("groups: [{name: g, rules: [{record: a, expr: a offset 1m or x}]}]");
    assert!(backfill(folder, 1, &[]).contains("reads what it records itself"));
    write("groups: [{name: g, rules: [{alert: A, expr: x}]}]");
    assert!(backfill(folder, 1, &[]).contains("no recording rule"));
}
