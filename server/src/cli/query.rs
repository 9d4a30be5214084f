//! `narthex query`: PromQL.

use clap::{Args, ValueEnum};
use narthex_model::{Error, Result, TimestampMs};
use narthex_sql::{Answer, Explain, Grid, QueryOptions, Times};

use super::explain;
use super::output::print;
use super::remote;
use super::source::{Source, SourceArguments, open};
use super::table::Rows;
use crate::http::{Shown, encode_answer};
use crate::times::{now_ms, parse_step, parse_time};

pub(crate) const EXAMPLES: &str = "Examples:
  narthex query 'sum by (job) (up)' --url http://127.0.0.1:9090
  narthex query 'rate(http_requests_total[5m])' --storage.path ./narthex-data --time 2026-01-31T12:00:00Z
  narthex query 'up' --start 1769860800 --end 1769864400 --step 1m --url http://127.0.0.1:9090 --format csv
  narthex query 'sum by (job) (rate(http_requests_total[5m]))' --explain --storage.path ./narthex-data
  narthex query 'sum by (job) (rate(http_requests_total[5m]))' --analyze --url http://127.0.0.1:9090";

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

    /// Do not run the query: print its plan, and what is known beforehand of series, samples and bytes
    #[arg(long, conflicts_with = "analyze")]
    explain: bool,

    /// Run the query and print, in place of the answer, its plan with what each operator did
    #[arg(long)]
    analyze: bool,
}

impl Arguments {
    fn wants(&self) -> Option<Explain> {
        match (self.explain, self.analyze) {
            (true, _) => Some(Explain::Plan),
            (_, true) => Some(Explain::Analyze),
            _ => None,
        }
    }
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

/// Runs the command.
///
/// # Errors
/// The expression is wrong, or the source cannot answer.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    if arguments.wants().is_some() && arguments.format == Format::Csv {
        let message = "a plan is no list of samples: use --format table or json";
        return Err(Error::invalid(message));
    }
    let times = times(arguments)?;
    match arguments.source.source() {
        Source::Url(url) => {
            let body = ask(url, arguments, times).await?;
            show_body(&body, arguments)
        }
        Source::Folder(path) => {
            let options = QueryOptions {
                explain: arguments.wants(),
                ..QueryOptions::default()
            };
            let database = open(path)?;
            let answer = database
                .query(&arguments.expression, times, options)
                .await?;
            show_answer(answer, arguments.format)
        }
    }
}

fn times(arguments: &Arguments) -> Result<Times> {
    match (arguments.start, arguments.end, arguments.step) {
        (Some(start), Some(end), Some(step)) if start <= end && step > 0 => {
            Ok(Times::Range(Grid { start, end, step }))
        }
        (Some(_), Some(_), Some(step)) if step <= 0 => {
            Err(Error::invalid("--step must be positive"))
        }
        (Some(_), ..) => Err(Error::invalid("--end must not be before --start")),
        _ => Ok(Times::Instant(arguments.time.unwrap_or_else(now_ms))),
    }
}

async fn ask(url: &str, arguments: &Arguments, times: Times) -> Result<Vec<u8>> {
    let seconds = |ms: i64| format!("{}", ms as f64 / 1000.0);
    let (path, mut form) = match times {
        Times::Instant(time) => ("/api/v1/query", vec![("time", seconds(time))]),
        Times::Range(Grid { start, end, step }) => {
            let times = [("start", start), ("end", end), ("step", step)];
            let times = times.map(|(name, ms)| (name, seconds(ms)));
            ("/api/v1/query_range", times.into())
        }
    };
    form.push(("query", arguments.expression.clone()));
    let explain = arguments.wants().map(|wants| match wants {
        Explain::Plan => "true",
        Explain::Analyze => "analyze",
    });
    form.extend(explain.map(|value| ("explain", value.to_owned())));
    let form: Vec<_> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let response = remote::post(url, path, &form, remote::JSON).await?;
    remote::body(url, response).await
}

/// Shows what a server answered.
fn show_body(body: &[u8], arguments: &Arguments) -> Result<()> {
    if arguments.format == Format::Json {
        return print(&format!("{}\n", String::from_utf8_lossy(body)));
    }
    if arguments.wants().is_some() {
        let (explanation, notes) = remote::parse_explanation(body)?;
        return show_text(&explain::text(&explanation), &notes);
    }
    let answer = remote::parse_answer(body)?;
    show(&answer.rows, &answer.notes, arguments.format)
}

/// Shows what was answered here.
fn show_answer(answer: Answer, format: Format) -> Result<()> {
    if format == Format::Json {
        let body = encode_answer(answer, Shown::default())?;
        return print(&format!("{}\n", String::from_utf8_lossy(&body)));
    }
    let mut notes = answer.output.warnings;
    notes.extend(answer.output.infos);
    match &answer.explanation {
        Some(explanation) => show_text(&explain::text(explanation), &notes),
        None => show(&Rows::from_value(&answer.output.value), &notes, format),
    }
}

/// Prints rows.
fn show(rows: &Rows, notes: &[String], format: Format) -> Result<()> {
    let text = match format {
        Format::Csv => rows.to_csv(),
        Format::Table | Format::Json => rows.to_table(),
    };
    show_text(&text, notes)
}

/// Prints a text; what is noted goes to standard error.
fn show_text(text: &str, notes: &[String]) -> Result<()> {
    print(text)?;
    for note in notes {
        eprintln!("{note}");
    }
    Ok(())
}
