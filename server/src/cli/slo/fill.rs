//! `narthex slo fill`: ledgers, brought up to date.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use narthex_importer::Progress;
use narthex_model::{Error, Result};
use narthex_slo::fill::FillOptions;
use narthex_slo::keep::{to_count, upkeep};
use narthex_slo::spec::Indicator;
use narthex_slo::store::Store;
use tokio::runtime::Handle;

use super::specs::SpecArguments;
use crate::cli::output::print;
use crate::cli::progress::{Bar, share_bar};
use crate::cli::source::open_store;
use crate::cli::table::Rows;
use crate::slos::{EngineStore, Shelf};

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo fill -f slos/ --storage.path ./narthex-data

The first time it counts all that is stored, later only what is new. A server with these SLOs does the same by itself.";

/// What `fill` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    specs: SpecArguments,

    /// The data folder; a server may be running on it that keeps no SLOs
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// A spec is wrong, the store cannot be read, or its ledgers belong to another process.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    let specs = arguments.specs.load()?;
    let (engine, database) = open_store(&arguments.storage_path)?;
    let shelf = Shelf::open(&arguments.storage_path);
    let store = EngineStore::new(engine.snapshot(), Arc::new(database), Handle::current());
    let slos: Vec<_> = specs.slos.into_iter().map(|placed| placed.slo).collect();
    let work = move || {
        let bar = Bar::new(share_bar("slices"));
        let options = FillOptions::threads(threads());
        let until = store.span().map_or(0, |span| span.end);
        let mut todo = Vec::new();
        for slo in &slos {
            if matches!(slo.indicator, Indicator::Composite { .. }) {
                continue;
            }
            let ledger = shelf.own(slo)?;
            let ms = to_count(&store, slo, &ledger, until);
            todo.push((slo, ledger, ms));
        }
        bar.begin(todo.iter().map(|(_, _, ms)| ms.unsigned_abs()).sum());
        let (mut rows, mut counted) = (Vec::new(), 0);
        for (slo, mut ledger, _) in todo {
            let begun = Instant::now();
            let mut progress = |ms: i64| {
                counted += ms.unsigned_abs();
                bar.reach(counted);
            };
            let done = upkeep(&store, slo, &mut ledger, until, options, &mut progress);
            let done = done.map_err(|e| e.context(format!("SLO {}", slo.id)))?;
            let took = format!("{:.2} s", begun.elapsed().as_secs_f64());
            rows.push(vec![
                slo.id.clone(),
                done.series.to_string(),
                done.samples.to_string(),
                took,
            ]);
        }
        drop(bar);
        print(&Rows::new(&["slo", "series", "samples", "took"], rows).to_table()).map(|()| true)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Error::internal("counting ended early").with_source(e))?
}

/// Threads that read.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
