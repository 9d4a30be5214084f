//! `narthex slo fill`: ledgers, brought up to date.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use narthex_model::Result;
use narthex_slo::report::Asked;

use super::opened::Wanted;
use super::specs::SpecArguments;
use crate::cli::output::print;
use crate::cli::table::Rows;
use crate::times::format_time;

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo fill -f slos/ --storage.path ./narthex-data

The first time it counts all that is stored, later only what is new. Reports do so by themselves, and a server with these SLOs does.";

/// What `fill` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    specs: SpecArguments,

    /// The data folder whose ledgers are brought up to date
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// A spec is wrong, the store cannot be read, or ledgers cannot be kept there.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    let begun = Instant::now();
    let wanted = Wanted {
        specs: &arguments.specs,
        store: &arguments.storage_path,
        ids: &[],
        shown: Asked::plain("UTC", 0),
        at: None,
        keeps: true,
    };
    let read = wanted.read().await?;
    let rows = read.slos.iter().map(|opened| {
        let (slo, known) = (opened.book.slo(), opened.book.all().known());
        let groups = opened.book.groups().len().to_string();
        vec![
            slo.id.clone(),
            groups,
            format_time(known.start),
            format_time(known.end),
        ]
    });
    let table = Rows::new(&["slo", "groups", "from", "to"], rows.collect());
    print(&table.to_table())?;
    for note in &read.notes {
        eprintln!("note: {note}");
    }
    eprintln!("{:.2} s", begun.elapsed().as_secs_f64());
    Ok(true)
}
