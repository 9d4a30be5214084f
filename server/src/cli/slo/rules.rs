//! `narthex slo rules`: SLOs as recording and alerting rules, for those who stay on Prometheus.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use narthex_model::Result;
use narthex_slo::rules::{self, Dialect, Form};

use super::asked::Question;
use super::specs::{SpecArguments, not_of_a_server, tell_lost};
use crate::cli::output::Output;

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo rules -f slos/ -o slo-rules.yml
  narthex slo rules -f slos/ --dialect sloth | promtool check rules
  narthex slo rules --url http://127.0.0.1:9090 --dialect sloth -o slo-rules.yml
  narthex slo rules -f slos/ --dialect pyrra --format prometheusrule | kubectl apply -f -

What rules cannot say is listed on standard error; of the SLOs of a server it stands above the rules.";

/// What `rules` takes.
#[derive(Debug, Args)]
#[command(mut_args(not_of_a_server))]
pub(crate) struct Arguments {
    #[command(flatten)]
    specs: SpecArguments,

    /// Write rules of the SLOs that the server at this address keeps
    #[arg(long, value_name = "URL")]
    url: Option<String>,

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
/// A spec is wrong, the server does not answer, or nothing can be written.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let text = match &arguments.url {
        Some(url) => {
            let (dialect, form) = (name(&arguments.dialect), name(&arguments.format));
            let question = Question::to(url)
                .with("dialect", dialect)
                .with("format", form);
            question
                .post("/api/v1/slo/rules", &[], "application/yaml")
                .await?
        }
        None => arguments.written()?.into_bytes(),
    };
    let mut output = Output::open(arguments.output.as_deref())?;
    output.write(&text)?;
    output.finish()
}

/// What a choice is called, here and over HTTP.
fn name(choice: &impl ValueEnum) -> String {
    let value = choice.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Arguments {
    /// The rules of specs.
    fn written(&self) -> Result<String> {
        let slos = self.specs.slos()?;
        let dialect = match self.dialect {
            Names::Native => Dialect::Native,
            Names::Sloth => Dialect::Sloth,
            Names::Pyrra => Dialect::Pyrra,
        };
        let form = match self.format {
            Format::Prometheus => Form::Prometheus,
            Format::PrometheusRule => Form::PrometheusRule,
        };
        let written = rules::rules(&slos, dialect, form);
        tell_lost(&written.lost);
        Ok(written.text)
    }
}
