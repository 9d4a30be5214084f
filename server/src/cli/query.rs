//! `narthex query`: PromQL.

use clap::{Args, ValueEnum};
use narthex_model::{Error, Result, TimestampMs};
use narthex_sql::{Grid, QueryOptions};

use super::output::print;
use super::remote;
use super::source::{Source, SourceArguments, open};
use super::table::Rows;
use crate::times::{now_ms, parse_step, parse_time};

pub(crate) const EXAMPLES: &str = "Examples:
  narthex query 'sum by (job) (up)' --url http://127.0.0.1:9090
  narthex query 'rate(http_requests_total[5m])' --storage.path ./narthex-data --time 2026-01-31T12:00:00Z
  narthex query 'up' --start 1769860800 --end 1769864400 --step 1m --url http://127.0.0.1:9090 --format csv";

/// What `query` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The PromQL expression
    expression: String,

    #[command(flatten)]
    source: SourceArguments,

    /// Evaluate at this instant: RFC 3339 or Unix seconds; now if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true, conflicts_with_all = ["start", "end", "step"])]
    time: Option<TimestampMs>,

    /// First instant of a range
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true, requires_all = ["end", "step"])]
    start: Option<TimestampMs>,

    /// Last instant of a range
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true, requires = "start")]
    end: Option<TimestampMs>,

    /// Distance of the instants of a range: 15s, 1m, or seconds
    #[arg(long, value_name = "DURATION", value_parser = parse_step, requires = "start")]
    step: Option<i64>,

    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// What the HTTP API answers
    Json,
    /// A line per sample
    Csv,
}

/// When an expression is evaluated.
#[derive(Debug, Clone, Copy)]
enum When {
    At(TimestampMs),
    Over(Grid),
}

/// Runs the command.
///
/// # Errors
/// The expression is wrong, or the source cannot answer.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let when = when(arguments)?;
    match (arguments.source.source(), arguments.format) {
        (Source::Url(url), Format::Json) => {
            let body = ask(url, &arguments.expression, when).await?;
            print(&format!("{}\n", String::from_utf8_lossy(&body)))
        }
        (Source::Url(url), format) => {
            let body = ask(url, &arguments.expression, when).await?;
            let answer = remote::parse_answer(&body)?;
            show(&answer.rows, &answer.notes, format)
        }
        (Source::Folder(path), format) => {
            let database = open(path)?;
            let options = QueryOptions::default();
            let output = match when {
                When::At(time) => {
                    database
                        .query_instant(&arguments.expression, time, options)
                        .await?
                }
                When::Over(grid) => {
                    database
                        .query_range(&arguments.expression, grid, options)
                        .await?
                }
            };
            if let Format::Json = format {
                let body = crate::http::encode_output(output, usize::MAX);
                return print(&format!("{}\n", String::from_utf8_lossy(&body)));
            }
            let mut notes = output.warnings;
            notes.extend(output.infos);
            show(&Rows::from_value(&output.value), &notes, format)
        }
    }
}

fn when(arguments: &Arguments) -> Result<When> {
    match (arguments.start, arguments.end, arguments.step) {
        (Some(start), Some(end), Some(step)) if start <= end && step > 0 => {
            Ok(When::Over(Grid { start, end, step }))
        }
        (Some(_), Some(_), Some(step)) if step <= 0 => {
            Err(Error::invalid("--step must be positive"))
        }
        (Some(_), ..) => Err(Error::invalid("--end must not be before --start")),
        _ => Ok(When::At(arguments.time.unwrap_or_else(now_ms))),
    }
}

async fn ask(url: &str, expression: &str, when: When) -> Result<Vec<u8>> {
    let seconds = |ms: i64| format!("{}", ms as f64 / 1000.0);
    let response = match when {
        When::At(time) => {
            remote::post(
                url,
                "/api/v1/query",
                &[("query", expression), ("time", &seconds(time))],
            )
            .await?
        }
        When::Over(Grid { start, end, step }) => {
            let (start, end, step) = (seconds(start), seconds(end), seconds(step));
            let form = [
                ("query", expression),
                ("start", &start),
                ("end", &end),
                ("step", &step),
            ];
            remote::post(url, "/api/v1/query_range", &form).await?
        }
    };
    remote::body(url, response).await
}

/// Prints rows; what is noted goes to standard error.
fn show(rows: &Rows, notes: &[String], format: Format) -> Result<()> {
    match format {
        Format::Csv => print(&rows.to_csv())?,
        Format::Table | Format::Json => print(&rows.to_table())?,
    }
    for note in notes {
        eprintln!("{note}");
    }
    Ok(())
}
