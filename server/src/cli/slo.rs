//! `narthex slo`: what was promised, and whether it was kept.

mod fill;
mod specs;

use clap::Subcommand;
use narthex_model::Result;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex slo fill -f slos/ --storage.path ./narthex-data

Specs may be ours, or those of Sloth, Pyrra, OpenSLO or slo-generator.";

/// What can be done with SLOs.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Count what the ledgers lack, now; reports do so by themselves
    #[command(after_help = fill::EXAMPLES)]
    Fill(fill::Arguments),
}

/// Runs the command; `false` if something is not as it should be.
///
/// # Errors
/// A spec is wrong, or the store cannot be read.
pub(crate) async fn run(what: &What) -> Result<bool> {
    match what {
        What::Fill(arguments) => fill::run(arguments).await,
    }
}
