//! `narthex test rules`: unit tests of rules, with the options, the words and the exit codes of `promtool test rules`.

use std::path::PathBuf;

use clap::Args;
use narthex_model::{Error, ErrorKind, Result};
use regex::Regex;

use super::Scratch;
use crate::cli::output::{Output, print};
use crate::ruletest::{self, How, junit};

pub(super) const EXAMPLES: &str = "Examples:
  narthex test rules rules_test.yml
  narthex test rules --run 'disk.*' --diff --junit report.xml tests/*.yml";

/// What `test rules` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The files of tests
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Run only tests in whose names this regular expression is found; may stand more than once
    #[arg(long, value_name = "REGEX")]
    run: Vec<Regex>,

    /// Write the results to this file, too, as XML of JUnit
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Show what differs between alerts, in colours
    #[arg(long)]
    diff: bool,

    /// Say which test is run, and all samples that there are at its end
    #[arg(long)]
    debug: bool,

    /// Pass over keys of rule files that are not known; a server does not
    #[arg(long)]
    ignore_unknown_fields: bool,
}

/// Runs the command; `false` if a test failed.
///
/// # Errors
/// Nothing can be printed; a file is not there.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    if let Some(missing) = arguments.files.iter().find(|file| !file.exists()) {
        let message = format!("path '{}' does not exist", missing.display());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    let how = How {
        run: &arguments.run,
        diff: arguments.diff,
        debug: arguments.debug,
        ignore_unknown_keys: arguments.ignore_unknown_fields,
    };
    let mut suites = Vec::new();
    for file in &arguments.files {
        let scratch = Scratch::new()?;
        let suite = ruletest::run(file, &how, &scratch.0).await;
        let wrong: Vec<_> = suite.wrong().collect();
        if wrong.is_empty() {
            print("  SUCCESS\n")?;
        } else {
            eprintln!("  FAILED:");
        }
        for message in wrong {
            eprintln!("{message}");
            print("\n")?;
        }
        print("\n")?;
        suites.push(suite);
    }
    if let Some(path) = &arguments.junit {
        let mut output = Output::open(Some(path))?;
        output.write(junit::report(&suites).as_bytes())?;
        output.finish()?;
    }
    Ok(suites.iter().all(|suite| suite.wrong().next().is_none()))
}
