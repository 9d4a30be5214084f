//! `narthex test`: do scripts and rules answer what they should?

mod rules;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use narthex_model::{Error, Result};

use super::output::print;
use crate::promqltest::{self, How};

pub(crate) const EXAMPLES: &str = "Examples:
  narthex test promql functions.test operators.test
  narthex test rules rules_test.yml";

/// What can be tested.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// PromQL test scripts, in the language of Prometheus' own
    #[command(after_help = EXAMPLES)]
    Promql {
        /// The scripts
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Run each case only as it is written, not in other words that must answer the same
        #[arg(long)]
        plain: bool,
    },
    /// Rules: files of unit tests, in the format of `promtool test rules`
    #[command(after_help = rules::EXAMPLES)]
    Rules(rules::Arguments),
}

/// Runs the command; `false` if a case failed.
///
/// # Errors
/// Nothing can be printed.
pub(crate) async fn run(what: &What) -> Result<bool> {
    match what {
        What::Promql { files, plain: true } => scripts(files, How::Plain).await,
        What::Promql { files, .. } => scripts(files, How::AllWays).await,
        What::Rules(arguments) => rules::run(arguments).await,
    }
}

async fn scripts(files: &[PathBuf], how: How) -> Result<bool> {
    let (mut passed, mut failed) = (0, 0);
    for file in files {
        match script(file, how).await {
            Ok(report) => {
                passed += report.passed;
                failed += report.failed.len();
                for case in &report.failed {
                    let place = format!("{}:{}", file.display(), case.line);
                    print(&format!(
                        "FAILED {place}: {}\n    {}\n",
                        case.query, case.message
                    ))?;
                }
            }
            Err(error) => {
                failed += 1;
                print(&format!("FAILED {}: {error}\n", file.display()))?;
            }
        }
    }
    print(&format!("{passed} passed, {failed} failed\n"))?;
    Ok(failed == 0)
}

async fn script(file: &Path, how: How) -> Result<promqltest::Report> {
    let unreadable = |e| Error::invalid("the script cannot be read").with_source(e);
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let scratch = Scratch::new()?;
    promqltest::run(&text, &scratch.0, how).await
}

/// A folder below the system's folder for temporary files; removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("narthex-test-{}", std::process::id()));
        let failed =
            |e| Error::unavailable(format!("cannot make {}", path.display())).with_source(e);
        std::fs::create_dir_all(&path).map_err(failed)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
