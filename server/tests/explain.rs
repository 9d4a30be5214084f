//! What `narthex query --explain` and `--analyze` print, on a store of a few series.
//!
//! `tests/explain/plans.txt` holds commands and their output. `NARTHEX_UPDATE_GOLDEN=1 cargo test -p narthex-server --test explain`
//! writes it anew; read the diff. Times, and memory that was really used, stand there as `#`.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use regex::Regex;

const RANGE: [&str; 6] = [
    "--start",
    "1700001000",
    "--end",
    "1700002800",
    "--step",
    "1m",
];
const INSTANT: [&str; 2] = ["--time", "1700001000"];

/// Two jobs of two instances for an hour.
fn samples() -> String {
    let mut text = String::from("# TYPE http_requests counter\n");
    for (job, instance) in [("api", 1), ("api", 2), ("web", 1), ("web", 2)] {
        for i in 0..240 {
            let time = 1_700_000_000 + i * 15;
            let labels = format!("job=\"{job}\",instance=\"{instance}\"");
            let _ = writeln!(
                text,
                "http_requests_total{{{labels}}} {} {time}",
                i * instance
            );
        }
    }
    text + "# EOF\n"
}

fn narthex(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narthex"));
    let output = command.current_dir(folder).args(arguments).output();
    let output = output.expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}\n{}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

fn store() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("samples.om"), samples()).expect("a file");
    let import = [
        "import",
        "openmetrics",
        "samples.om",
        "--storage.path",
        "data",
    ];
    narthex(folder.path(), &import);
    folder
}

/// Without what differs from run to run.
fn masked(text: &str) -> String {
    let varies = Regex::new(r" *\b\d+(\.\d+)? (ms|B|kB)\b").expect("an expression");
    let header = Regex::new(r" +(read|memory|time)\b").expect("an expression");
    let text = varies.replace_all(text, " #");
    header.replace_all(&text, " $1").into_owned()
}

#[test]
fn plans() {
    let cases = [
        (
            "sum by (job) (rate(http_requests_total[5m]))",
            "--explain",
            &RANGE[..],
        ),
        (
            "sum by (job) (rate(http_requests_total[5m]))",
            "--analyze",
            &RANGE,
        ),
        (
            "http_requests_total{job=\"api\"} > 10",
            "--explain",
            &INSTANT,
        ),
        (
            "rate(http_requests_total[5m]) / on (job) group_left () sum by (job) (rate(http_requests_total[5m]))",
            "--analyze",
            &RANGE,
        ),
        (
            "topk(1, max_over_time(rate(http_requests_total[5m])[10m:1m])) + sum(http_requests_total @ 1700001000)",
            "--explain",
            &RANGE,
        ),
        ("nothing_is_called_so", "--analyze", &INSTANT),
        ("1 + 1", "--explain", &INSTANT),
    ];
    let folder = store();
    let mut found = String::new();
    for (query, mode, times) in cases {
        let arguments = [&["query", query, mode, "--storage.path", "data"], times].concat();
        let text = narthex(folder.path(), &arguments);
        let text = if mode == "--analyze" {
            masked(&text)
        } else {
            text
        };
        let _ = writeln!(
            found,
            "$ narthex query '{query}' {mode} {}\n{text}",
            times.join(" ")
        );
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/plans.txt");
    if std::env::var_os("NARTHEX_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("a file that can be written");
    }
    let wanted = std::fs::read_to_string(&path).expect("the file");
    for (found, wanted) in found.lines().zip(wanted.lines()) {
        assert_eq!(found, wanted);
    }
    assert_eq!(found.lines().count(), wanted.lines().count());
}

#[test]
fn plans_as_json() {
    let folder = store();
    let query = [
        "query",
        "sum(http_requests_total)",
        "--analyze",
        "--format",
        "json",
    ];
    let arguments = [&query[..], &["--storage.path", "data"], &INSTANT].concat();
    let body = narthex(folder.path(), &arguments);
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let reader = body.pointer("/data/explain/physical/inputs/0/inputs/0");
    let reader = reader.expect("a reader below a projection below an aggregation");
    let number = |path: &str| reader.pointer(path).and_then(serde_json::Value::as_u64);
    assert_eq!(number("/actual/counts/series"), Some(4));
    assert_eq!(number("/actual/counts/samples"), Some(4 * 20));
    assert_eq!(
        number("/actual/counts/pages"),
        number("/estimate/reads/pages")
    );
    assert!(number("/actual/counts/samples") <= number("/estimate/reads/samples"));
    let value = body
        .pointer("/data/result/0/value/1")
        .and_then(|v| v.as_str());
    assert_eq!(value, Some("396"));
}
