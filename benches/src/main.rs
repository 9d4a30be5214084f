//! Side by side: loads the same samples into Prometheus, VictoriaMetrics and Narthex, asks the same queries over HTTP,
//! checks that the answers agree, and prints what it cost as Markdown.
//!
//! Everything it starts listens on loopback, has a folder of its own, and ends when this program does.

mod answer;
mod cli;
mod client;
mod compare;
mod crowd;
mod load;
mod peers;
mod process;
mod queries;
mod report;
mod ruled;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use narthex_datasets::Fleet;
use narthex_model::{Error, Result};
use tokio::signal::unix::{SignalKind, signal};

use cli::Cli;
use compare::{Agreement, Row, compare};
use load::{describe, load};
use peers::{Place, System};
use report::{Column, head, report};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Dropping the run ends all that it started, whichever way it ends.
    let done = tokio::select! {
        done = run(&cli) => done,
        () = tokio::time::sleep(Duration::from_millis(cli.timeout.unsigned_abs())) => {
            Err(Error::limit("the time given by --timeout is over"))
        }
        () = stopped() => Err(Error::unavailable("stopped")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Resolves when somebody wants us to end.
async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Returns whether all answers agree and all samples were found.
async fn run(cli: &Cli) -> Result<bool> {
    let fleet = cli.fleet()?;
    let temporary = tempfile::tempdir()
        .map_err(|e| Error::unavailable("cannot make a folder").with_source(e))?;
    let places = cli.places(temporary.path())?;
    if let Some(for_ms) = cli.rules_ms() {
        // What is evaluated must be new: the fleet's times are those of now.
        let fleet = ruled::live_fleet(fleet.options(), for_ms)?;
        let told = ruled::ruled(&places, &fleet, for_ms).await?;
        let versions: Vec<_> = places.iter().map(Place::version).collect();
        print!("{}", head(&versions, &describe(&fleet), &command()));
        print!("{told}");
        return Ok(true);
    }
    let queries = cli.queries()?;

    let mut loads = Vec::new();
    for place in &places {
        loads.push(load(&fleet, place).await?);
    }
    let mut systems = Vec::new();
    for place in &places {
        systems.push(place.start().await?);
    }
    let rows = compare(&fleet, &systems, &queries, cli.runs).await;
    let waits = crowd::crowds(&fleet, &systems, &queries, &cli.clients).await?;
    let mut columns = Vec::new();
    for (system, load) in systems.iter().zip(loads) {
        columns.push(column(&fleet, system, load).await?);
    }
    drop(systems);

    print!("{}", report(&describe(&fleet), &command(), &columns, &rows));
    if !cli.clients.is_empty() {
        print!("\n## Many clients\n\n{waits}");
    }
    if cli.keep_data {
        eprintln!("data kept in {}", temporary.keep().display());
    }
    Ok(all_agree(&rows)
        && columns
            .iter()
            .all(|c| c.samples_found == fleet.sample_count()))
}

async fn column(fleet: &Fleet, system: &System, load: load::Load) -> Result<Column> {
    let memory_after_queries = system.process.memory();
    let series = fleet.series(0);
    let metrics = series
        .iter()
        .map(|s| s.as_ref().metric_name().to_owned())
        .collect();
    let (first_ms, end_ms) = (fleet.options().start_ms, fleet.end_ms());
    let samples_found = system
        .client
        .count_samples(&metrics, first_ms, end_ms)
        .await?;
    let Place { kind, .. } = system.place;
    Ok(Column {
        kind,
        version: system.place.version(),
        load,
        samples_found,
        memory_after_queries,
    })
}

fn all_agree(rows: &[Row]) -> bool {
    let mut cells = rows.iter().flat_map(|row: &Row| &row.cells);
    !cells.any(|c| matches!(c.agreement, Agreement::Differs(_) | Agreement::Failed(_)))
}

fn command() -> String {
    let args: Vec<_> = std::env::args().skip(1).collect();
    format!("side-by-side {}", args.join(" "))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::queries::Query;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        assert_eq!(Query::instant("1".to_owned()).range().expect("none"), None);
    }
}
