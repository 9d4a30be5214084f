//! `narthex check`: is a file right, before it is used?

use std::path::PathBuf;

use clap::Subcommand;
use narthex_model::Result;

use super::output::print;
use crate::retention::rules;
use narthex_ingest::Config;

pub(crate) const EXAMPLES: &str = "Example:
  narthex check config prometheus.yml";

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
}

/// Runs the command; `false` if a file is wrong.
///
/// # Errors
/// Nothing can be printed.
pub(crate) fn run(what: &What) -> Result<bool> {
    let What::Config { files } = what;
    let mut failed = 0;
    for file in files {
        let loaded = Config::load(file).and_then(|(config, warnings)| {
            rules(&config)?;
            Ok(warnings)
        });
        match loaded {
            Ok(warnings) => {
                warnings
                    .iter()
                    .try_for_each(|w| print(&format!("warning: {w}\n")))?;
                print(&format!("ok {}\n", file.display()))?;
            }
            Err(error) => {
                failed += 1;
                print(&format!("FAILED {}: {error}\n", file.display()))?;
            }
        }
    }
    print(&format!(
        "{} passed, {failed} failed\n",
        files.len() - failed
    ))?;
    Ok(failed == 0)
}
