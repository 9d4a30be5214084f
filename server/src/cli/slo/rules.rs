//! `narthex slo rules`: SLOs as recording and alerting rules, for those who stay on Prometheus.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use narthex_model::Result;
use narthex_slo::rules::{self, Dialect, Form};

use super::specs::{SpecArguments, tell_lost};
use crate::cli::output::Output;

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo rules -f slos/ -o slo-rules.yml
  narthex slo rules -f slos/ --dialect sloth | promtool check rules
  narthex slo rules -f slos/ --dialect pyrra --format prometheusrule | kubectl apply -f -

What rules cannot say is listed on standard error.";

/// What `rules` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    specs: SpecArguments,

    /// Whose names the series have
    #[arg(long, value_enum, default_value_t = Names::Native)]
    dialect: Names,

    /// What the rules are wrapped in
    #[arg(long, value_enum, default_value_t = Format::Prometheus)]
    format: Format,

    /// Where to; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Names {
    /// Our own: events are recorded, so that busy times weigh as much as they count; every kind of policy
    Native,
    /// Sloth's: its dashboards work
    Sloth,
    /// Pyrra's: its dashboards work
    Pyrra,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A rule file
    Prometheus,
    /// The resource of the Prometheus operator
    #[value(name = "prometheusrule")]
    PrometheusRule,
}

/// Runs the command.
///
/// # Errors
/// A spec is wrong, or nothing can be written.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let slos = arguments.specs.slos()?;
    let dialect = match arguments.dialect {
        Names::Native => Dialect::Native,
        Names::Sloth => Dialect::Sloth,
        Names::Pyrra => Dialect::Pyrra,
    };
    let form = match arguments.format {
        Format::Prometheus => Form::Prometheus,
        Format::PrometheusRule => Form::PrometheusRule,
    };
    let written = rules::rules(&slos, dialect, form);
    tell_lost(&written.lost);
    let mut output = Output::open(arguments.output.as_deref())?;
    output.write(written.text.as_bytes())?;
    output.finish()
}
