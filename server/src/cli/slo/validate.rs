//! `narthex slo validate`: mistakes in specs, and what is allowed and hardly meant.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use narthex_model::{Error, Result};
use narthex_slo::fill::FillOptions;
use narthex_slo::lint::{Finding, ask, lint, observed};
use narthex_slo::store::Store;
use narthex_slo::{Placed, Specs};
use tokio::runtime::Handle;

use super::opened::threads;
use super::specs::SpecArguments;
use crate::cli::output::print;
use crate::cli::source::open_store;
use crate::slos::EngineStore;

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo validate -f slos/
  narthex slo validate -f slos/ --lint-fatal --storage.path ./narthex-data

With a store it is also found that a selector matches nothing, that a threshold lies between two buckets, and that traffic is so low that
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
    let mut found = lint(&slos);
    if let Some(path) = &arguments.storage_path {
        found.extend(with_data(path, slos).await?);
    }
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

/// What only data tell.
async fn with_data(path: &Path, slos: Vec<Placed>) -> Result<Vec<Finding>> {
    let (engine, database) = open_store(path)?;
    let store = EngineStore::new(engine.snapshot(), Arc::new(database), Handle::current());
    if store.span().is_none() {
        eprintln!("note: {} has no samples yet", path.display());
        return Ok(Vec::new());
    }
    let work = move || {
        let options = FillOptions::threads(threads());
        let mut found = Vec::new();
        for placed in &slos {
            let answers = ask(&store, &placed.slo, options);
            let answers = answers.map_err(|e| e.context(format!("SLO {}", placed.slo.id)))?;
            found.extend(observed(placed, &answers));
        }
        Ok(found)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Error::internal("looking into the store ended early").with_source(e))?
}

/// `1 SLO`, `2 SLOs`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
