//! `narthex slo what-if`: which other targets would have been met.

use clap::Args;
use narthex_model::{Error, Result};
use narthex_slo::backtest::what_if;
use narthex_slo::report::numbers;

use super::opened::OpenArguments;
use crate::cli::output::print;
use crate::cli::table::Rows;
use crate::slos::window;

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo what-if -f slos/ --storage.path ./narthex-data --targets 99,99.5,99.9,99.95 --windows 7d,28d,30d,90d

Every window that was observed enough is looked at: rolling ones as they ended each hour, or calendar periods.";

const HOUR_MS: i64 = 3_600_000;

/// What `what-if` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    open: OpenArguments,

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
/// A spec is wrong, or the store cannot be read.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.targets.iter().any(|t| !(*t > 0.0 && *t < 100.0)) {
        return Err(Error::invalid(
            "--targets are percentages between 0 and 100",
        ));
    }
    let read = arguments.open.read(&arguments.open.shown(&[], 0)?).await?;
    let mut header: Vec<String> = ["slo", "window", "windows", "worst", "median", "always met"]
        .map(str::to_owned)
        .into();
    header.extend(arguments.targets.iter().map(|t| format!("{t} % met")));
    let mut rows = Vec::new();
    for opened in &read.slos {
        let (slo, meter) = (opened.book.slo(), opened.book.all());
        let chosen = arguments.windows.iter();
        let chosen: Vec<_> = chosen
            .map(|text| window(text, &arguments.open.zone))
            .collect::<Result<_>>()?;
        let windows = if chosen.is_empty() {
            &slo.windows
        } else {
            &chosen
        };
        for window in windows {
            let known = meter.known();
            let found = what_if(meter, window, known, HOUR_MS, slo.missing.coverage_floor)?;
            let share =
                |fraction: Option<f64>| fraction.map_or_else(|| "–".to_owned(), numbers::attained);
            let mut row = vec![
                slo.id.clone(),
                window.to_string(),
                found.attained.len().to_string(),
                share(found.quantile(0.0)),
                share(found.quantile(0.5)),
                share(found.always_met()),
            ];
            row.extend(arguments.targets.iter().map(|target| {
                format!("{} of {}", found.met(target / 100.0), found.attained.len())
            }));
            rows.push(row);
        }
    }
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    print(&Rows::new(&header, rows).to_table())?;
    Ok(true)
}
