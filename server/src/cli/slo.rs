//! `narthex slo`: what was promised, and whether it was kept.

mod asked;
mod backtest;
mod convert;
mod diff;
mod fill;
mod opened;
mod report;
mod rules;
mod specs;
mod told;
mod validate;
mod what_if;

use std::process::ExitCode;

use clap::Subcommand;
use narthex_model::Result;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex slo validate -f slos/
  narthex slo status -f slos/ --storage.path ./narthex-data
  narthex slo status --url http://127.0.0.1:9090
  narthex slo report -f slos/ --storage.path ./narthex-data --window 30d,calendar-month -o report.html
  narthex slo backtest -f slos/ --storage.path ./narthex-data --policy google-30d,pyrra --from 2026-05-01T00:00:00Z

Specs may be ours, or those of Sloth, Pyrra, OpenSLO or slo-generator. With --url the SLOs are those that the server keeps.";

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
    /// Find mistakes in specs, and what is hardly meant
    #[command(after_help = validate::EXAMPLES)]
    Validate(validate::Arguments),
    /// Write specs in the format of another tool
    #[command(after_help = convert::EXAMPLES)]
    Convert(convert::Arguments),
    /// What a change of specs would change
    #[command(after_help = diff::EXAMPLES)]
    Diff(diff::Arguments),
    /// Write rules for those who stay on Prometheus
    #[command(after_help = rules::EXAMPLES)]
    Rules(rules::Arguments),
    /// Count what the ledgers lack, now; reports do so by themselves
    #[command(after_help = fill::EXAMPLES)]
    Fill(fill::Arguments),
}

/// Runs the command; the exit code is 0 if everything is as it should be.
///
/// # Errors
/// A spec is wrong, or the store cannot be read.
pub(crate) async fn run(what: &What) -> Result<ExitCode> {
    let is_well = match what {
        What::Status(arguments) => report::status(arguments).await,
        What::Report(arguments) => report::run(arguments).await,
        What::Backtest(arguments) => backtest::run(arguments).await,
        What::OtherTargets(arguments) => what_if::run(arguments).await,
        What::Validate(arguments) => return validate::run(arguments).await,
        What::Convert(arguments) => convert::run(arguments).map(|()| true),
        What::Diff(arguments) => diff::run(arguments).await.map(|()| true),
        What::Rules(arguments) => rules::run(arguments).await.map(|()| true),
        What::Fill(arguments) => fill::run(arguments).await,
    };
    is_well.map(|is_well| match is_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
