//! `narthex rules`: what rules would have said and recorded.

mod backfill;
mod backtest;

use clap::Subcommand;
use narthex_model::Result;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex rules backfill rules.yml --storage.path ./narthex-data --start 2026-01-01T00:00:00Z --end 2026-01-08T00:00:00Z
  narthex rules backtest alerts.yml --storage.path ./narthex-data --start 2026-01-01T00:00:00Z --end 2026-01-08T00:00:00Z";

/// What can be done with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Evaluate recording rules over the past, and store what they give
    #[command(after_help = backfill::EXAMPLES)]
    Backfill(backfill::Arguments),
    /// Which alerts would have fired, from when to when
    #[command(after_help = backtest::EXAMPLES)]
    Backtest(backtest::Arguments),
}

/// Runs the command; `false` if not everything could be recorded.
///
/// # Errors
/// A file or an expression is wrong, or the store cannot be read or written.
pub(crate) async fn run(what: &What) -> Result<bool> {
    match what {
        What::Backfill(arguments) => backfill::run(arguments).await,
        What::Backtest(arguments) => backtest::run(arguments).await.map(|()| true),
    }
}
