//! `narthex slo`: what was promised, and whether it was kept.

mod backtest;
mod fill;
mod opened;
mod report;
mod what_if;

use clap::Subcommand;
use narthex_model::Result;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex slo status -f slos/ --storage.path ./narthex-data
  narthex slo report -f slos/ --storage.path ./narthex-data --window 30d,calendar-month -o report.html
  narthex slo backtest -f slos/ --storage.path ./narthex-data --policy google-30d,pyrra --from 2026-05-01T00:00:00Z

Specs may be ours, or those of Sloth, Pyrra, OpenSLO or slo-generator.";

/// What can be done with SLOs.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// How promises stand, the worst first
    #[command(after_help = report::STATUS_EXAMPLES)]
    Status(report::StatusArguments),
    /// What came of promises: HTML with pictures, CSV, JSON, Parquet, Markdown, OpenMetrics
    #[command(after_help = report::EXAMPLES)]
    Report(report::Arguments),
    /// When policies would have told somebody, and how good they are
    #[command(after_help = backtest::EXAMPLES)]
    Backtest(backtest::Arguments),
    /// Which other targets would have been met, in how many windows
    #[command(after_help = what_if::EXAMPLES)]
    #[command(name = "what-if")]
    OtherTargets(what_if::Arguments),
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
        What::Status(arguments) => report::status(arguments).await,
        What::Report(arguments) => report::run(arguments).await,
        What::Backtest(arguments) => backtest::run(arguments).await,
        What::OtherTargets(arguments) => what_if::run(arguments).await,
        What::Fill(arguments) => fill::run(arguments).await,
    }
}
