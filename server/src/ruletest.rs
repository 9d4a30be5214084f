//! Runs unit tests of rules (promtool's files) through the engine and the planner that serve queries.

mod dump;
pub(crate) mod junit;
mod stage;

use std::path::Path;
use std::time::Instant;

use narthex_model::{Error, Result};
use narthex_promql::ParseOptions;
use narthex_rules::file::{GroupSpec, LoadOptions, load};
use narthex_rules::unit::{Failure, TestFile, TestGroup, run as run_test};
use regex::Regex;

use crate::cli::print;
use stage::Stage;

/// How tests are run.
pub(crate) struct How<'a> {
    /// Only tests in whose names one of these is found, if there are any.
    pub(crate) run: &'a [Regex],
    /// Whether alerts are told as what differs.
    pub(crate) diff: bool,
    /// Whether to say what goes on.
    pub(crate) debug: bool,
    /// Whether keys of rule files that are not known are passed over.
    pub(crate) ignore_unknown_keys: bool,
}

/// A file of tests after it was run.
pub(crate) struct Suite {
    /// The file's name as it was given.
    pub(crate) file: String,
    /// When it was run; `None` if it could not be.
    pub(crate) began: Option<jiff::Timestamp>,
    /// What came of the tests; or why there are none.
    pub(crate) cases: Result<Vec<Case>, String>,
}

/// A test after it was run.
pub(crate) struct Case {
    /// Its name, or its place in the file.
    pub(crate) name: String,
    /// What was not as expected.
    pub(crate) wrong: Vec<String>,
}

impl Suite {
    /// All that was not as expected.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = &str> {
        let broken = self.cases.as_ref().err().map(String::as_str);
        let cases = self.cases.iter().flatten();
        broken
            .into_iter()
            .chain(cases.flat_map(|case| case.wrong.iter().map(String::as_str)))
    }
}

/// Runs the tests of the file at `path`, storing in folders below `scratch`.
pub(crate) async fn run(path: &Path, how: &How<'_>, scratch: &Path) -> Suite {
    let name = path.to_string_lossy().into_owned();
    let read = std::fs::read_to_string(path);
    let read = read.map_err(|e| Error::invalid(format!("cannot read {name}")).with_source(e));
    let (began, cases) = match read.and_then(|text| TestFile::parse(&text, &name)) {
        Ok(file) => (
            Some(jiff::Timestamp::now()),
            Ok(cases(&file, path, how, scratch).await),
        ),
        Err(error) => (None, Err(error.to_string())),
    };
    Suite {
        file: name,
        began,
        cases,
    }
}

async fn cases(file: &TestFile, path: &Path, how: &How<'_>, scratch: &Path) -> Vec<Case> {
    let groups = rules(file, path, how);
    let mut cases = Vec::new();
    for (at, test) in file.tests.iter().enumerate() {
        if !how.run.is_empty() && !how.run.iter().any(|run| run.is_match(&test.name)) {
            continue;
        }
        let name = match test.name.as_str() {
            "" => format!("unnamed#{at}"),
            name => name.to_owned(),
        };
        let wrong = match &groups {
            Ok(groups) => {
                let folder = scratch.join(format!("rules-{at}"));
                say(how, &format!("Starting test {name}"));
                let began = Instant::now();
                let failures = case(file, test, groups, how, &folder).await;
                say(
                    how,
                    &format!("Test {name} finished, took {:?}", began.elapsed()),
                );
                failures
            }
            Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
        };
        cases.push(Case { name, wrong });
    }
    cases
}

async fn case(
    file: &TestFile,
    test: &TestGroup,
    groups: &[GroupSpec],
    how: &How<'_>,
    folder: &Path,
) -> Vec<String> {
    let stage = match Stage::open(folder, file, test, how.debug) {
        Ok(stage) => stage,
        Err(error) => return vec![error.to_string()],
    };
    let failures = run_test(file, test, groups.to_vec(), &stage.world(), &stage).await;
    let shown = |failure: &Failure| match how.diff {
        true => failure.to_diff(),
        false => failure.to_string(),
    };
    failures.iter().map(shown).collect()
}

fn say(how: &How<'_>, what: &str) {
    if how.debug {
        // If standard output is closed, there is nobody to tell.
        let _ = print(&format!("DEBUG: {what}\n"));
    }
}

/// The groups of all rule files, whose names are relative to the file of tests.
fn rules(file: &TestFile, path: &Path, how: &How<'_>) -> Result<Vec<GroupSpec>, Vec<Error>> {
    let options = LoadOptions {
        language: ParseOptions::all(),
        ignore_unknown_keys: how.ignore_unknown_keys,
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut groups = Vec::new();
    for pattern in &file.rule_files {
        let pattern = folder.join(pattern);
        let found = narthex_ingest::glob(&pattern).map_err(|e| vec![e])?;
        if found.is_empty() {
            eprintln!("  WARNING: no file match pattern {}", pattern.display());
        }
        for found in found {
            groups.extend(load(&found, &options)?);
        }
    }
    Ok(groups)
}
