//! The `narthex` program without a server: import, query, sql, verify, check, and their exit codes.

use std::path::Path;
use std::process::{Command, Output};

const SAMPLES: &str = "# TYPE a counter
a_total{x=\"1\"} 1 1700000000
a_total{x=\"1\"} 2.5 1700000015
a_total{x=\"2\"} 7 1700000015
# EOF
";

fn narthex(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narthex"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the program runs")
}

/// Runs a command that must end with `code`; gives what it printed.
fn run(folder: &Path, code: i32, arguments: &[&str]) -> (String, String) {
    let output = narthex(folder, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{err}"
    );
    (out, err)
}

fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.om"), SAMPLES).expect("a file");
    let (out, _) = run(
        folder.path(),
        0,
        &["import", "openmetrics", "a.om", "--storage.path", "data"],
    );
    assert!(out.starts_with("3 samples imported"), "{out}");
    folder
}

#[test]
fn import_then_ask() {
    let folder = imported();
    let at = ["--storage.path", "data", "--time", "1700000020"];
    let (csv, _) = run(
        folder.path(),
        0,
        &[&["query", "a_total", "--format", "csv"][..], &at].concat(),
    );
    let want = "__name__,x,timestamp,value\na_total,1,2023-11-14T22:13:40Z,2.5\na_total,2,2023-11-14T22:13:40Z,7\n";
    assert_eq!(csv, want);
    let (json, _) = run(
        folder.path(),
        0,
        &[&["query", "sum(a_total)", "--format", "json"][..], &at].concat(),
    );
    let want = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000020,"9.5"]}]}}"#;
    assert_eq!(json.trim_end(), want);
    let count = [
        "sql",
        "SELECT count(*) AS n FROM a_total",
        "--storage.path",
        "data",
        "--format",
        "csv",
    ];
    assert_eq!(run(folder.path(), 0, &count).0, "n\n3\n");
}

#[test]
fn import_again_changes_nothing() {
    let folder = imported();
    run(
        folder.path(),
        0,
        &["import", "openmetrics", "a.om", "--storage.path", "data"],
    );
    let count = [
        "sql",
        "SELECT count(*) AS n FROM a_total",
        "--storage.path",
        "data",
        "--format",
        "csv",
    ];
    assert_eq!(run(folder.path(), 0, &count).0, "n\n3\n");
}

#[test]
fn a_bad_line_is_named() {
    let folder = imported();
    std::fs::write(
        folder.path().join("b.om"),
        "# TYPE a counter\na_total 1 1\na_total x 2\n# EOF\n",
    )
    .expect("a file");
    let (_, err) = run(
        folder.path(),
        1,
        &["import", "openmetrics", "b.om", "--storage.path", "data"],
    );
    assert!(
        err.contains("b.om: line 3, column 9") && err.contains("next:"),
        "{err}"
    );
}

#[test]
fn parquet_goes_to_a_file() {
    let folder = imported();
    let to_file = [
        "--storage.path",
        "data",
        "--format",
        "parquet",
        "-o",
        "a.parquet",
    ];
    run(
        folder.path(),
        0,
        &[&["sql", "SELECT * FROM a_total"][..], &to_file].concat(),
    );
    let bytes = std::fs::read(folder.path().join("a.parquet")).expect("the file");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert!(!folder.path().join("a.parquet.partial").exists());
}

#[test]
fn verify_names_a_damaged_file() {
    let folder = imported();
    let (out, _) = run(folder.path(), 0, &["verify", "--storage.path", "data"]);
    assert!(out.ends_with(" passed, 0 failed\n"), "{out}");
    let samples = find(&folder.path().join("data"), "samples.parquet").expect("a block");
    let mut bytes = std::fs::read(&samples).expect("the file");
    bytes[10] ^= 1;
    std::fs::write(&samples, bytes).expect("the file");
    let (out, _) = run(folder.path(), 1, &["verify", "--storage.path", "data"]);
    assert!(
        out.contains("samples.parquet") && out.ends_with(" passed, 1 failed\n"),
        "{out}"
    );
}

#[test]
fn sql_says_which_damaged_block_it_did_without() {
    let folder = imported();
    let samples = find(&folder.path().join("data"), "samples.parquet").expect("a block");
    let earlier = "# TYPE a counter\na_total 1 1600000000\n# EOF\n";
    std::fs::write(folder.path().join("b.om"), earlier).expect("a file");
    let import = ["import", "openmetrics", "b.om", "--storage.path", "data"];
    run(folder.path(), 0, &import);
    std::fs::write(&samples, b"no Parquet").expect("the file");
    let block = samples.parent().and_then(Path::file_name).expect("a name");
    let block = block.to_string_lossy();
    let sql = |format| {
        let statement = "SELECT count(*) AS n FROM a_total";
        let from = ["--storage.path", "data", "--format", format];
        run(folder.path(), 0, &[&["sql", statement][..], &from].concat())
    };
    for format in ["json", "csv", "table"] {
        let (out, err) = sql(format);
        assert!(err.contains(&*block) && err.contains("is damaged"), "{err}");
        let is_told = out.contains("\"warnings\":[\"block ") && out.contains(&*block);
        assert_eq!(is_told, format == "json", "{out}");
    }
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.ends_with(name) {
            Some(path)
        } else {
            find(&path, name)
        }
    })
}

#[test]
fn configurations_are_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("good.yml"),
        "global:\n  scrape_interval: 5s\n",
    )
    .expect("a file");
    std::fs::write(folder.path().join("bad.yml"), "global:\n  nonsense: 1\n").expect("a file");
    let (out, _) = run(
        folder.path(),
        1,
        &["check", "config", "good.yml", "bad.yml"],
    );
    assert!(
        out.contains("bad.yml:2:3") && out.ends_with("1 passed, 1 failed\n"),
        "{out}"
    );
}

#[test]
fn mistakes_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), 2, &["query", "up"]);
    run(
        folder.path(),
        2,
        &["query", "up", "--url", "http://x", "--storage.path", "y"],
    );
    run(folder.path(), 2, &["serve", "--query.timeout", "soon"]);
    let (_, err) = run(
        folder.path(),
        1,
        &["query", "up", "--storage.path", "nowhere"],
    );
    assert!(err.contains("nowhere") && err.contains("next:"), "{err}");
    let (out, _) = run(folder.path(), 0, &["--help"]);
    assert!(out.contains("Examples:"), "{out}");
    assert!(
        run(folder.path(), 0, &["completions", "bash"])
            .0
            .contains("narthex")
    );
}

#[test]
fn delete_then_compact() {
    let folder = imported();
    let run = |arguments: &[&str]| {
        let store = ["--storage.path", "data"];
        run(folder.path(), 0, &[arguments, &store].concat()).0
    };
    let delete = ["delete", "a_total{x=\"1\"}", "--end", "1700000000"];
    let out = run(&[&delete[..], &["--dry-run"]].concat());
    assert!(
        out.starts_with("1 samples of 1 series would be deleted from 2023-11-14T22:13:20Z to 2023-11-14T22:13:20Z\n"),
        "{out}"
    );
    let out = run(&delete);
    assert!(
        out.starts_with("1 samples of 1 series deleted from"),
        "{out}"
    );
    let out = run(&delete);
    assert_eq!(
        out,
        "0 samples of 0 series deleted\n0 blocks to be rewritten\n"
    );
    let out = run(&["compact"]);
    assert!(out.contains("after:  1 blocks with 2 samples"), "{out}");
    let count = "SELECT count(*) AS n FROM a_total";
    assert_eq!(run(&["sql", count, "--format", "csv"]), "n\n2\n");
}

#[test]
fn a_snapshot_is_a_store() {
    let folder = imported();
    let run = |arguments: &[&str]| run(folder.path(), 0, arguments).0;
    let out = run(&["snapshot", "--storage.path", "data"]);
    let copy = format!("data/{}", out.trim_end());
    let blocks = run(&[
        "inspect",
        "blocks",
        "--format",
        "csv",
        "--storage.path",
        &copy,
    ]);
    let lines: Vec<&str> = blocks.lines().collect();
    assert_eq!(lines.len(), 2, "{blocks}");
    assert!(lines[0].starts_with("block,start,end,level,series,samples,bytes,"));
    let name = lines[1].split(',').next().expect("a name");
    let block = run(&["inspect", "block", name, "--storage.path", &copy]);
    for text in [
        "DELTA_BINARY_PACKED",
        "mantissa",
        "a_total",
        "1 of 1 metrics",
    ] {
        assert!(block.contains(text), "{block}");
    }
    assert!(
        run(&[
            "inspect",
            "blocks",
            "--format",
            "json",
            "--storage.path",
            "data"
        ])
        .contains("numSeries")
    );
    let wal = run(&[
        "inspect",
        "wal",
        "--storage.path",
        "data",
        "--format",
        "csv",
    ]);
    assert!(wal.starts_with("segment,oldest,newest,commits,"), "{wal}");
    let count = "SELECT count(*) AS n FROM a_total";
    assert_eq!(
        run(&["sql", count, "--format", "csv", "--storage.path", &copy]),
        "n\n3\n"
    );
}
