//! `narthex verify`: are the stored files what was written?

use std::path::PathBuf;

use clap::Args;
use narthex_model::Result;

use narthex_bucket::CacheOptions;

use super::output::print;
use crate::storage::{open_bucket, url_of};

pub(crate) const EXAMPLES: &str = "Example:
  narthex verify --storage.path ./narthex-data
  narthex verify --storage.path s3://metrics/narthex

A server may be running on the folder. Exits with 1 if a file is damaged, and names it.";

/// What `verify` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The data folder, or the URL of a bucket
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "./narthex-data"
    )]
    storage_path: PathBuf,
}

/// Runs the command; `false` if a file is damaged.
///
/// # Errors
/// There is no store.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let report = match url_of(&arguments.storage_path) {
        Some(url) => narthex_engine::verify_blocks(&open_bucket(url, CacheOptions::default())?)?,
        None => narthex_engine::verify(&arguments.storage_path)?,
    };
    for (path, reason) in &report.damaged {
        print(&format!("FAILED {}: {reason}\n", path.display()))?;
    }
    print(&format!(
        "{} bytes read\n{} passed, {} failed\n",
        report.bytes,
        report.files_ok,
        report.damaged.len()
    ))?;
    Ok(report.damaged.is_empty())
}
