//! `narthex slo backtest`: when policies would have told somebody, and how good they are.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::backtest::{Trade, pareto};
use narthex_slo::policies::NAMES;
use narthex_slo::report::numbers;
use narthex_slo::spec::{Rolling, Window};
use serde::Deserialize;

use super::asked::{AskArguments, Question, Whom};
use crate::cli::output::print;
use crate::cli::table::Rows;
use crate::slos::{Candidate, Replay, Replayed, incidents};
use crate::times::{parse_step, parse_time};

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo backtest -f slos/ --storage.path ./narthex-data --policy google-30d,pyrra
  narthex slo backtest -f slos/ --storage.path ./narthex-data --policy ours.yaml --from 2026-05-01T00:00:00Z --incidents incidents.csv
  narthex slo backtest --url http://127.0.0.1:9090 --slo shop-availability --policy ours.yaml

Without --policy those of the specs are replayed. Without --incidents a policy is judged by the stretches in which more was bad than
the target allows and that cost at least 1 % of the budget. A file of incidents has lines START,END with RFC 3339 times.";

/// Any window will do to find mistakes in policies.
const ANY_WINDOW: Window = Window::Rolling(Rolling {
    ms: 30 * 86_400_000,
});

/// What `backtest` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    ask: AskArguments,

    /// Policies in place of those of the specs: google-30d, pyrra, elastic, budget, or files
    #[arg(long = "policy", value_name = "LIST", value_delimiter = ',')]
    policies: Vec<String>,

    /// First instant; the oldest slice, if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    from: Option<TimestampMs>,

    /// When something really was wrong
    #[arg(long, value_name = "FILE")]
    incidents: Option<PathBuf>,

    /// How often policies are evaluated
    #[arg(long, value_name = "DURATION", value_parser = parse_step, default_value = "1m")]
    step: i64,

    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs, with every alert
    Json,
}

/// Runs the command.
///
/// # Errors
/// A spec, a policy or the file of incidents is wrong, the store cannot be read, or the server does not answer.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.step <= 0 {
        return Err(Error::invalid("--step must be positive"));
    }
    let span = TimeRange {
        start: arguments.from.unwrap_or(i64::MIN),
        end: arguments.ask.at.unwrap_or(i64::MAX),
    };
    if span.is_empty() {
        return Err(Error::invalid("--from must be before --at"));
    }
    let candidates = arguments.candidates()?;
    let listed = arguments.incidents.as_deref().map(text_of).transpose()?;
    let replayed = match arguments.ask.whom(arguments.ask.shown(&[], 0)?) {
        Whom::Here(wanted) => {
            let replay = Replay {
                candidates,
                span,
                step_ms: arguments.step,
                incidents: listed
                    .map(|(path, text)| incidents(&path, &text))
                    .transpose()?,
            };
            let read = wanted.read().await?;
            let books = read.slos.iter().map(|opened| replay.over(&opened.book));
            books.collect::<Result<Vec<_>>>()?.concat()
        }
        Whom::There(asked) => arguments.ask_for(asked, candidates, listed).await?,
    };
    print(&match arguments.format {
        Format::Table => table(&replayed),
        Format::Json => pretty(&replayed)?,
    })?;
    Ok(true)
}

/// The name and the text of a file.
fn text_of(path: &Path) -> Result<(String, String)> {
    let path = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Error::invalid(format!("cannot read {path}")).with_source(e))?;
    Ok((path, text))
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    policies: Vec<Replayed>,
}

impl Arguments {
    /// Policies by name, or read from files.
    fn candidates(&self) -> Result<Vec<Candidate>> {
        let candidates = self.policies.iter().map(|name| {
            if NAMES.contains(&name.as_str()) {
                return Ok(Candidate::BuiltIn(name.clone()));
            }
            let text = std::fs::read_to_string(name).map_err(|e| {
                let names = NAMES.join(", ");
                let message =
                    format!("{name} is neither a policy ({names}) nor a file that can be read");
                Error::invalid(message).with_source(e)
            })?;
            let name = name.clone();
            let candidate = Candidate::File { name, text };
            // So that mistakes have their file and line, whoever replays them.
            candidate.policies(&ANY_WINDOW)?;
            Ok(candidate)
        });
        candidates.collect()
    }

    /// The same from a server.
    async fn ask_for(
        &self,
        asked: Question<'_>,
        candidates: Vec<Candidate>,
        listed: Option<(String, String)>,
    ) -> Result<Vec<Replayed>> {
        let mut asked = asked
            .with("step", format!("{}", self.step as f64 / 1000.0))
            .with_time("start", self.from)
            .with_time("end", self.ask.at);
        for candidate in candidates {
            asked = match candidate {
                Candidate::BuiltIn(name) => asked.with("policy", name),
                Candidate::File { text, .. } => asked.with("policies", text),
            };
        }
        if let Some((path, text)) = listed {
            incidents(&path, &text)?;
            // A list without any is a list still.
            asked = asked.with("incidents", format!("{text}\n"));
        }
        let answer: Answer = asked.value("/api/v1/slo/backtest").await?;
        Ok(answer.data.policies)
    }
}

fn pretty(replayed: &[Replayed]) -> Result<String> {
    let value = serde_json::to_value(replayed);
    let value = value.map_err(|e| Error::internal("cannot write a backtest").with_source(e))?;
    Ok(format!("{value:#}\n"))
}

fn table(replayed: &[Replayed]) -> String {
    let trades: Vec<Trade> = replayed
        .iter()
        .map(|r| Trade {
            pages_per_week: r.fired_per_week,
            spent_before: r.spent_before,
        })
        .collect();
    let best = pareto(&trades);
    let time = |seconds: Option<f64>| {
        let known = seconds.map(|seconds| numbers::duration(seconds * 1000.0));
        known.unwrap_or_else(|| numbers::NONE.to_owned())
    };
    let rows = replayed.iter().zip(best).map(|(r, best)| {
        let silent = r.longest_silent_burn;
        let silent = silent.map(|[start, end]| (end.0 - start.0) as f64 / 1000.0);
        vec![
            r.slo.clone(),
            r.policy.clone(),
            r.severity.clone(),
            r.fired.len().to_string(),
            format!("{:.2}", r.fired_per_week),
            time(r.detection_delay_seconds),
            time(r.reset_seconds),
            numbers::share(r.spent_before),
            numbers::share_or_none(r.precision),
            numbers::share_or_none(r.recall),
            time(silent),
            if best {
                "yes".to_owned()
            } else {
                String::new()
            },
        ]
    });
    let header = [
        "slo",
        "policy",
        "severity",
        "fired",
        "a week",
        "delay",
        "reset",
        "spent before",
        "precision",
        "recall",
        "longest silent burn",
        "unbeaten",
    ];
    Rows::new(&header, rows.collect()).to_table()
}
