//! `narthex compact`: everything into blocks, as few as the plan wants, without what was deleted.

use std::path::PathBuf;

use clap::Args;
use narthex_engine::{Engine, Options, Stats};
use narthex_model::{Error, Result};

use super::output::print;

pub(crate) const EXAMPLES: &str = "Example:
  narthex compact --storage.path ./narthex-data

No server may be running on the folder.";

/// What `compact` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The data folder
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "./narthex-data"
    )]
    storage_path: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// There is no store, it is in use, or the disk is full or failing.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let path = &arguments.storage_path;
    if !path.exists() {
        return Err(Error::invalid(format!(
            "no store in folder {}",
            path.display()
        )));
    }
    let engine = Engine::open(path, Options::default(), None)?;
    let before = engine.stats();
    engine.flush()?;
    engine.compact()?;
    let after = engine.stats();
    engine.close()?;
    print(&format!(
        "before: {}\nafter:  {}\n",
        text(&before),
        text(&after)
    ))
}

fn text(stats: &Stats) -> String {
    format!(
        "{} blocks with {} samples in {} bytes, {} samples in the write-ahead log",
        stats.blocks, stats.block_samples, stats.block_bytes, stats.head_samples
    )
}
