//! Runs unit tests of rules (promtool's files) through the engine and the planner that serve queries.

mod stage;

use std::path::Path;

use narthex_model::{Error, Result};
use narthex_promql::ParseOptions;
use narthex_rules::file::{GroupSpec, LoadOptions, load};
use narthex_rules::unit::{Failure, TestFile, TestGroup, run as run_test};

use stage::Stage;

/// What was not as expected in one test of a file.
pub(crate) struct Failed {
    /// The name of the test, or its place in the file.
    pub(crate) test: String,
    /// All that was found.
    pub(crate) failures: Vec<Failure>,
}

/// Runs the tests of the file at `path`, storing in folders below `scratch`: how many there are, and those that failed.
///
/// # Errors
/// The file or one of its rule files cannot be read, or nothing can be stored: every reason.
pub(crate) async fn run(path: &Path, scratch: &Path) -> Result<(usize, Vec<Failed>), Vec<Error>> {
    let name = path.to_string_lossy();
    let text = std::fs::read_to_string(path)
        .map_err(|e| vec![Error::invalid(format!("cannot read {name}")).with_source(e)])?;
    let file = TestFile::parse(&text, &name, false).map_err(|e| vec![e])?;
    let groups = rules(&file, path)?;
    let mut failed = Vec::new();
    for (at, test) in file.tests.iter().enumerate() {
        let folder = scratch.join(format!("rules-{at}"));
        let stage = Stage::open(&folder, &file, test).map_err(|e| vec![e])?;
        let failures = run_test(&file, test, groups.clone(), &stage.world(), &stage).await;
        if !failures.is_empty() {
            let test = name_of(test, at);
            failed.push(Failed { test, failures });
        }
    }
    Ok((file.tests.len(), failed))
}

fn name_of(test: &TestGroup, at: usize) -> String {
    match test.name.as_str() {
        "" => format!("test {}", at + 1),
        name => name.to_owned(),
    }
}

/// The groups of all rule files, whose names are relative to the file of tests.
fn rules(file: &TestFile, path: &Path) -> Result<Vec<GroupSpec>, Vec<Error>> {
    let options = LoadOptions {
        language: ParseOptions::all(),
        ..LoadOptions::default()
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut groups = Vec::new();
    for pattern in &file.rule_files {
        for found in narthex_ingest::glob(&folder.join(pattern)).map_err(|e| vec![e])? {
            groups.extend(load(&found, &options)?);
        }
    }
    Ok(groups)
}
