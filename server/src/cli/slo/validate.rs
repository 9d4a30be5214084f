//! `narthex slo validate`: mistakes in specs, and what is allowed and hardly meant.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use narthex_model::Result;
use narthex_slo::lint::{Finding, lint};
use narthex_slo::{Placed, Specs, native};
use serde::Deserialize;
use tokio::runtime::Handle;

use super::asked::Question;
use super::opened::threads;
use super::specs::SpecArguments;
use crate::cli::output::print;
use crate::cli::remote;
use crate::cli::source::open_store;
use crate::serve::blocking;
use crate::slos::{EngineStore, lints_of_data};

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo validate -f slos/
  narthex slo validate -f slos/ --lint-fatal --storage.path ./narthex-data
  narthex slo validate -f slos/ --lint-fatal --url http://127.0.0.1:9090

With data it is also found that a selector matches nothing, that a threshold lies between two buckets, and that traffic is so low that
one failure pages.

Exit codes: 0 all specs are right, 1 one is wrong, 3 with --lint-fatal a lint found something.";

/// The exit code for what a lint found.
const LINT_CODE: u8 = 3;

/// What `validate` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    specs: SpecArguments,

    /// Look into this data folder, on which a server may be running, or this bucket: s3://…, gs://…, az://…, file:///…
    #[arg(long = "storage.path", value_name = "DIR|URL")]
    storage_path: Option<PathBuf>,

    /// Ask the server at this address to look into its data
    #[arg(long, value_name = "URL", conflicts_with = "storage_path")]
    url: Option<String>,

    /// End with exit code 3 if a lint finds something
    #[arg(long)]
    lint_fatal: bool,
}

/// Runs the command.
///
/// # Errors
/// The store cannot be read, or nothing can be printed.
pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Specs { slos, notes } = match arguments.specs.checked() {
        Ok(specs) => specs,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
            print(&format!("FAILED: {}\n", counted(mistakes.len(), "mistake")))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    let count = counted(slos.len(), "SLO");
    let found = match (&arguments.url, &arguments.storage_path) {
        (Some(url), _) => asked(url, &slos).await?,
        (None, Some(path)) => looked_into(path, slos).await?,
        (None, None) => lint(&slos).iter().map(Finding::to_string).collect(),
    };
    found
        .iter()
        .for_each(|finding| eprintln!("lint: {finding}"));
    let lints = match found.len() {
        0 => String::new(),
        n => format!(", {}", counted(n, "lint")),
    };
    print(&format!("SUCCESS: {count}{lints}\n"))?;
    Ok(match found.is_empty() || !arguments.lint_fatal {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(LINT_CODE),
    })
}

/// What is found with the data of a folder or a bucket.
async fn looked_into(path: &Path, slos: Vec<Placed>) -> Result<Vec<String>> {
    let (engine, database) = open_store(path)?;
    let store = EngineStore::new(engine.snapshot(), Arc::new(database), Handle::current());
    let work = move || {
        let of_data = lints_of_data(&store, &slos, threads())?;
        Ok((lint(&slos), of_data))
    };
    let (mut found, of_data) = blocking(work).await?;
    if of_data.is_none() {
        tell_empty(path.display());
    }
    found.extend(of_data.unwrap_or_default());
    Ok(found.iter().map(Finding::to_string).collect())
}

/// What is found with the data of a server. Our own format keeps all of a spec, but not where it stands.
async fn asked(url: &str, slos: &[Placed]) -> Result<Vec<String>> {
    let own: Vec<_> = slos.iter().map(|placed| placed.slo.clone()).collect();
    let question = Question::to(url).with("spec", native::write(&own));
    let Answer { data } = question.value("/api/v1/slo/validate").await?;
    if !data.has_samples {
        tell_empty(remote::shown(url));
    }
    let place = |id: &str| {
        let placed = slos.iter().find(|placed| placed.slo.id == id);
        placed.map_or("", |placed| &placed.place)
    };
    let found = data.lints.iter().map(|found| {
        let Found { slo, lint, message } = found;
        format!("{}: {slo}: {message} [{lint}]", place(slo))
    });
    Ok(found.collect())
}

fn tell_empty(whom: impl Display) {
    eprintln!("note: {whom} has no samples yet");
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    lints: Vec<Found>,
    has_samples: bool,
}

#[derive(Deserialize)]
struct Found {
    slo: String,
    lint: String,
    message: String,
}

/// `1 SLO`, `2 SLOs`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
