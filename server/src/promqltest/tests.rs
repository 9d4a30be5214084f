//! Runs the golden scripts, and Prometheus' own as far as the language is supported.

use std::path::{Path, PathBuf};

use super::{How, Report, run};

fn scripts(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|e| e.expect("entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "test"))
        .collect();
    files.sort();
    files
}

async fn report(path: &Path) -> Report {
    let text = std::fs::read_to_string(path).expect("script");
    let scratch = tempfile::tempdir().expect("scratch");
    run(&text, scratch.path(), How::AllWays)
        .await
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_scripts_pass() {
    let mut failures = Vec::new();
    let mut passed = 0;
    for path in scripts("tests/promql") {
        let report = report(&path).await;
        passed += report.passed;
        failures.extend(report.failed.iter().map(|f| {
            format!(
                "{}:{}: {}\n    {}",
                path.display(),
                f.line,
                f.query,
                f.message
            )
        }));
    }
    assert!(
        failures.is_empty(),
        "{} failed, {passed} passed\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(passed > 100, "only {passed} cases ran");
}
