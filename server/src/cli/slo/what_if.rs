//! `narthex slo what-if`: which other targets would have been met.

use clap::Args;
use narthex_model::Result;
use narthex_slo::report::numbers;
use serde::Deserialize;

use super::asked::{AskArguments, Whom};
use crate::cli::output::print;
use crate::cli::table::Rows;
use crate::slos::{Looked, WhatIf};

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo what-if -f slos/ --storage.path ./narthex-data --targets 99,99.5,99.9,99.95 --windows 7d,28d,30d,90d
  narthex slo what-if --url http://127.0.0.1:9090 --slo shop-availability

Every window that was observed enough is looked at: rolling ones as they ended each hour, or calendar periods.";

/// What `what-if` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    ask: AskArguments,

    /// Targets in percent
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "99,99.5,99.9,99.95,99.99"
    )]
    targets: Vec<f64>,

    /// Windows in place of those of the specs
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    windows: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A spec is wrong, the store cannot be read, or the server does not answer.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    let shown = arguments.ask.shown(&arguments.windows, 0)?;
    let (targets, windows) = (arguments.targets.clone(), shown.windows.clone());
    let question = WhatIf::new(targets, windows, arguments.ask.at)?;
    let looked = match arguments.ask.whom(shown) {
        Whom::Here(wanted) => {
            let read = wanted.read().await?;
            let books = read.slos.iter().map(|opened| question.over(&opened.book));
            books.collect::<Result<Vec<_>>>()?.concat()
        }
        Whom::There(asked) => {
            let targets: Vec<_> = arguments.targets.iter().map(f64::to_string).collect();
            let asked = asked.with("target", targets.join(","));
            let answer: Answer = asked.value("/api/v1/slo/what-if").await?;
            answer.data.windows
        }
    };
    print(&table(&arguments.targets, &looked))?;
    Ok(true)
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    windows: Vec<Looked>,
}

fn table(targets: &[f64], looked: &[Looked]) -> String {
    let share = |fraction: Option<f64>| {
        let attained = fraction.map(numbers::attained);
        attained.unwrap_or_else(|| numbers::NONE.to_owned())
    };
    let row = |one: &Looked| {
        let mut row = vec![
            one.slo.clone(),
            one.window_name.clone(),
            one.windows.to_string(),
            share(one.worst),
            share(one.median),
        ];
        let met = one.targets.iter();
        row.extend(met.map(|target| format!("{} of {}", target.met, one.windows)));
        row
    };
    let mut header = ["slo", "window", "windows", "worst", "median"]
        .map(str::to_owned)
        .to_vec();
    header.extend(targets.iter().map(|target| format!("{target} % met")));
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    Rows::new(&header, looked.iter().map(row).collect()).to_table()
}
