//! `narthex check`: is a file right, before it is used?

mod rules;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use narthex_ingest::{Config, unusable};
use narthex_model::{Error, Result};
use narthex_rules::file::{LoadOptions, load};

use super::output::print;
use crate::retention;

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
    #[command(after_help = rules::EXAMPLES)]
    Rules(rules::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Nothing can be printed, or read from standard input.
pub(crate) fn run(what: &What) -> Result<ExitCode> {
    match what {
        What::Config { files } => configs(files).map(|is_good| match is_good {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }),
        What::Rules(arguments) => rules::run(arguments),
    }
}

/// Whether all files are right.
fn configs(files: &[PathBuf]) -> Result<bool> {
    let mut failed = 0;
    for file in files {
        match config(file) {
            Ok(warnings) => {
                let told = warnings.iter();
                told.map(|w| format!("warning: {w}\n"))
                    .try_for_each(|line| print(&line))?;
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

/// A configuration with the rule files and certificates that it names: what is to be said of it if it is right, or what is wrong with it.
fn config(file: &Path) -> std::result::Result<Vec<String>, Vec<Error>> {
    let loaded = Config::load(file).and_then(|(config, warnings)| {
        retention::rules(&config)?;
        let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        Ok((config.rule_paths()?, unusable(&config), warnings))
    });
    let (rule_files, mut mistakes, warnings) = loaded.map_err(|e| vec![e])?;
    let rule_mistakes = rule_files
        .iter()
        .filter_map(|path| load(path, &LoadOptions::default()).err());
    mistakes.extend(rule_mistakes.flatten());
    match mistakes.is_empty() {
        true => Ok(warnings),
        false => Err(mistakes),
    }
}
