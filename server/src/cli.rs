//! The command line: one file per command below.
//!
//! Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 3 a lint that was to be fatal.

mod check;
mod compact;
mod completions;
mod delete;
mod explain;
mod failure;
mod import;
mod inspect;
mod output;
mod progress;
mod query;
mod remote;
mod repair;
mod rules;
mod serve;
mod slo;
mod snapshot;
mod source;
mod sql;
mod table;
mod test;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use narthex_model::{Error, Result};

use crate::flags::{ServeFlags, Settings};
use crate::limits::QUERY_STACK_BYTES;
pub(crate) use output::print;

const EXAMPLES: &str = "Examples:
  narthex                                        serve, scrape itself, keep data in ./narthex-data
  narthex serve --config.file prometheus.yml     scrape what a Prometheus configuration names
  narthex query 'up' --url http://127.0.0.1:9090
  narthex sql 'SELECT * FROM up LIMIT 5' --storage.path ./narthex-data

Without a command, `serve` runs; `narthex serve --help` shows its flags.";

/// A columnar metrics engine: collects like Prometheus, stores Parquet, answers PromQL and SQL
#[derive(Parser)]
#[command(name = "narthex", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten, next_help_heading = "Flags of serve")]
    _serve: ServeFlags,
}

#[derive(Subcommand)]
enum Command {
    /// Collect, store and answer, until SIGINT or SIGTERM
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<ServeFlags>),
    /// Ask in PromQL, a server or a data folder
    #[command(after_help = query::EXAMPLES)]
    Query(query::Arguments),
    /// Ask in SQL, a server or a data folder
    #[command(after_help = sql::EXAMPLES)]
    Sql(sql::Arguments),
    /// Bring samples of files and of other stores into a data folder
    #[command(subcommand, after_help = import::EXAMPLES)]
    Import(import::Format),
    /// Delete samples by selector and time
    #[command(after_help = delete::EXAMPLES)]
    Delete(delete::Arguments),
    /// Merge blocks, and take out of them what was deleted
    #[command(after_help = compact::EXAMPLES)]
    Compact(compact::Arguments),
    /// Show what the store holds, block by block
    #[command(subcommand, after_help = inspect::EXAMPLES)]
    Inspect(inspect::What),
    /// Copy the store as it is now
    #[command(after_help = snapshot::EXAMPLES)]
    Snapshot(snapshot::Arguments),
    /// Read every stored file and check it against its checksums
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Make a damaged data folder usable again: keep what is good, move the rest aside
    #[command(after_help = repair::EXAMPLES)]
    Repair(repair::Arguments),
    /// Check files before they are used
    #[command(subcommand, after_help = check::EXAMPLES)]
    Check(check::What),
    /// Run test scripts
    #[command(subcommand, after_help = test::EXAMPLES)]
    Test(test::What),
    /// What rules would have recorded, and which alerts would have fired
    #[command(subcommand, after_help = rules::EXAMPLES)]
    Rules(rules::What),
    /// Whether promises were kept: SLOs over what is stored
    #[command(subcommand, after_help = slo::EXAMPLES)]
    Slo(slo::What),
    /// Print completions for a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Arguments),
}

/// Runs the command that the arguments of the process name, on a thread with room for nested queries.
pub fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(QUERY_STACK_BYTES);
    let ended = thread.spawn(run_command).map(std::thread::JoinHandle::join);
    match ended {
        Ok(Ok(code)) => code,
        _ => ExitCode::FAILURE,
    }
}

fn run_command() -> ExitCode {
    let matches = Cli::command().get_matches();
    let outcome = match Cli::from_arg_matches(&matches) {
        Ok(cli) => {
            let serve_matches = matches.subcommand().map_or(&matches, |(_, m)| m);
            run(cli.command, || Settings::from_matches(serve_matches))
        }
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            failure::print(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(
    command: Option<Command>,
    settings: impl FnOnce() -> Result<Settings, clap::Error>,
) -> Result<ExitCode> {
    match command {
        Some(Command::Check(what)) => check::run(&what),
        Some(Command::Slo(what)) => runtime()?.block_on(slo::run(&what)),
        command => run_plain(command, settings).map(|is_well| match is_well {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }),
    }
}

/// Says whether everything is well; a check that found something says `false` after printing it.
fn run_plain(
    command: Option<Command>,
    settings: impl FnOnce() -> Result<Settings, clap::Error>,
) -> Result<bool> {
    match command {
        None | Some(Command::Serve(_)) => {
            let settings = settings().unwrap_or_else(|e| e.exit());
            runtime()?.block_on(serve::run(settings)).map(|()| true)
        }
        Some(Command::Query(arguments)) => {
            runtime()?.block_on(query::run(&arguments)).map(|()| true)
        }
        Some(Command::Sql(arguments)) => runtime()?.block_on(sql::run(&arguments)).map(|()| true),
        Some(Command::Import(format)) => runtime()?.block_on(import::run(&format)),
        Some(Command::Delete(arguments)) => {
            runtime()?.block_on(delete::run(&arguments)).map(|()| true)
        }
        Some(Command::Compact(arguments)) => compact::run(&arguments).map(|()| true),
        Some(Command::Inspect(what)) => inspect::run(&what).map(|()| true),
        Some(Command::Snapshot(arguments)) => runtime()?
            .block_on(snapshot::run(&arguments))
            .map(|()| true),
        Some(Command::Verify(arguments)) => verify::run(&arguments),
        Some(Command::Repair(arguments)) => repair::run(&arguments).map(|()| true),
        Some(Command::Check(what)) => check::run(&what).map(|code| code == ExitCode::SUCCESS),
        Some(Command::Test(what)) => runtime()?.block_on(test::run(&what)),
        Some(Command::Rules(what)) => runtime()?.block_on(rules::run(&what)),
        Some(Command::Slo(what)) => runtime()?
            .block_on(slo::run(&what))
            .map(|code| code == ExitCode::SUCCESS),
        Some(Command::Completions(arguments)) => {
            completions::run(&arguments, &mut Cli::command()).map(|()| true)
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(QUERY_STACK_BYTES)
        .build()
        .map_err(|e| Error::unavailable("cannot start threads").with_source(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bare_and_named_serve_take_the_same_flags() {
        for line in [
            &["narthex", "--query.timeout=1s"][..],
            &["narthex", "serve", "--query.timeout=1s"],
        ] {
            let matches = Cli::command().try_get_matches_from(line).expect("valid");
            let serve = matches.subcommand().map_or(&matches, |(_, m)| m);
            let settings = Settings::from_matches(serve).expect("valid");
            assert_eq!(
                settings.shown.get("query.timeout").map(String::as_str),
                Some("1s")
            );
        }
    }
}
