//! `narthex check`: is a file right, before it is used?

use std::path::{Path, PathBuf};

use clap::Subcommand;
use narthex_model::{Error, Result};
use narthex_rules::file::{Duplicate, LoadOptions, duplicates, load};

use super::output::print;
use crate::retention::rules;
use narthex_ingest::Config;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex check config prometheus.yml
  narthex check rules rules/*.yml";

/// What can be checked.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Configuration files
    #[command(after_help = EXAMPLES)]
    Config {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Files of recording and alerting rules
    #[command(after_help = EXAMPLES)]
    Rules {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Runs the command; `false` if a file is wrong.
///
/// # Errors
/// Nothing can be printed.
pub(crate) fn run(what: &What) -> Result<bool> {
    let (files, check): (_, fn(&Path) -> Checked) = match what {
        What::Config { files } => (files, config),
        What::Rules { files } => (files, rule_file),
    };
    let mut failed = 0;
    for file in files {
        match check(file) {
            Ok(remarks) => {
                remarks
                    .iter()
                    .try_for_each(|remark| print(&format!("{remark}\n")))?;
                print(&format!("ok {}\n", file.display()))?;
            }
            Err(mistakes) => {
                failed += 1;
                for mistake in mistakes {
                    print(&format!("FAILED {}: {mistake}\n", file.display()))?;
                }
            }
        }
    }
    print(&format!(
        "{} passed, {failed} failed\n",
        files.len() - failed
    ))?;
    Ok(failed == 0)
}

/// What is to be said of a file that is right, or what is wrong with it.
type Checked = std::result::Result<Vec<String>, Vec<Error>>;

/// A configuration with the rule files that it names.
fn config(file: &Path) -> Checked {
    let loaded = Config::load(file).and_then(|(config, warnings)| {
        rules(&config)?;
        let warnings = warnings.iter().map(|w| format!("warning: {w}")).collect();
        Ok((config.rule_paths()?, warnings))
    });
    let (rule_files, warnings): (_, Vec<_>) = loaded.map_err(|e| vec![e])?;
    let mistakes: Vec<_> = rule_files
        .iter()
        .filter_map(|path| rule_file(path).err())
        .flatten()
        .collect();
    if mistakes.is_empty() {
        Ok(warnings)
    } else {
        Err(mistakes)
    }
}

fn rule_file(file: &Path) -> Checked {
    let groups = load(file, &LoadOptions::default())?;
    let twice = duplicates(&groups);
    let warn = |twice: &Duplicate| {
        let labels = twice
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"));
        let labels: Vec<_> = labels.collect();
        format!(
            "warning: several rules are called {}{{{}}}: give them labels of their own",
            twice.name,
            labels.join(", ")
        )
    };
    Ok(twice.iter().map(warn).collect())
}
