//! `narthex slo backtest`: when policies would have told somebody, and how good they are.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::backtest::{Trade, judge, pareto, replay};
use narthex_slo::budget::{Book, IncidentRule, incidents};
use narthex_slo::native::parse_policies;
use narthex_slo::policies::built_in;
use narthex_slo::report::numbers;
use narthex_slo::spec::{Policy, Window};
use serde_json::Value;

use super::opened::{OpenArguments, all};
use crate::cli::output::print;
use crate::cli::table::Rows;
use crate::slos::Replayed;
use crate::times::{parse_step, parse_time};

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo backtest -f slos/ --storage.path ./narthex-data --policy google-30d,pyrra
  narthex slo backtest -f slos/ --storage.path ./narthex-data --policy ours.yaml --from 2026-05-01T00:00:00Z --incidents incidents.csv

Without --policy those of the specs are replayed. Without --incidents a policy is judged by the stretches in which more was bad than
the target allows and that cost at least 1 % of the budget. A file of incidents has lines START,END with RFC 3339 times.";

/// What `backtest` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    open: OpenArguments,

    /// Policies in place of those of the specs: google-30d, pyrra, elastic, budget, or files
    #[arg(long = "policy", value_name = "LIST", value_delimiter = ',')]
    policies: Vec<String>,

    /// First instant; the oldest slice, if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    from: Option<TimestampMs>,

    /// When something really was wrong
    #[arg(long, value_name = "FILE")]
    incidents: Option<PathBuf>,

    /// How often policies are evaluated
    #[arg(long, value_name = "DURATION", value_parser = parse_step, default_value = "1m")]
    step: i64,

    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs, with every alert
    Json,
}

/// Runs the command.
///
/// # Errors
/// A spec, a policy or the file of incidents is wrong, or the store cannot be read.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.step <= 0 {
        return Err(Error::invalid("--step must be positive"));
    }
    let given = arguments
        .incidents
        .as_deref()
        .map(read_incidents)
        .transpose()?;
    let read = arguments.open.read(&[]).await?;
    let mut replayed = Vec::new();
    for opened in &read.slos {
        replayed.extend(of_slo(&opened.book, arguments, given.as_deref())?);
    }
    match arguments.format {
        Format::Table => print(&table(&replayed)),
        Format::Json => print(&format!(
            "{:#}\n",
            Value::Array(replayed.iter().map(Replayed::to_json).collect())
        )),
    }?;
    Ok(true)
}

fn of_slo(
    book: &Book,
    arguments: &Arguments,
    given: Option<&[TimeRange]>,
) -> Result<Vec<Replayed>> {
    let (slo, meter) = (book.slo(), book.all());
    let Some(window) = slo.windows.first() else {
        return Ok(Vec::new());
    };
    let known = meter.known();
    let span = TimeRange::new(
        arguments.from.unwrap_or(known.start).max(known.start),
        known.end,
    );
    let detected: Vec<TimeRange> = incidents(meter, span, IncidentRule::default())
        .iter()
        .map(|incident| incident.span)
        .collect();
    let mut replayed = Vec::new();
    for policy in policies(&slo.policies, arguments, window)? {
        let fired = replay(&policy, meter, window, &slo.missing, span, arguments.step)?;
        replayed.push(Replayed {
            slo: slo.id.clone(),
            result: judge(fired, meter, window, span, given.unwrap_or(&detected)),
            policy,
        });
    }
    Ok(replayed)
}

fn policies(own: &[Policy], arguments: &Arguments, window: &Window) -> Result<Vec<Policy>> {
    if arguments.policies.is_empty() {
        return Ok(own.to_vec());
    }
    let mut chosen = Vec::new();
    for name in &arguments.policies {
        match built_in(name, window.nominal_ms()) {
            Some(policies) => chosen.extend(policies.into_iter().map(|policy| Policy {
                name: format!("{name} {}", policy.name),
                ..policy
            })),
            None => {
                let text = std::fs::read_to_string(name).map_err(|e| {
                    let message = format!(
                        "{name} is neither a policy (google-30d, pyrra, elastic, budget) nor a file that can be read"
                    );
                    Error::invalid(message).with_source(e)
                })?;
                chosen.extend(parse_policies(name, &text, window).map_err(|errors| all(&errors))?);
            }
        }
    }
    Ok(chosen)
}

fn read_incidents(path: &Path) -> Result<Vec<TimeRange>> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Error::invalid(format!("cannot read {}", path.display())).with_source(e))?;
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with(['#', 's']));
    let mut spans: Vec<TimeRange> = lines
        .map(|(at, line)| {
            let wrong = || {
                let place = format!("{}:{}", path.display(), at + 1);
                Error::invalid(format!("{place}: expected START,END with RFC 3339 times"))
            };
            let (start, end) = line.split_once(',').ok_or_else(wrong)?;
            let end = end.split(',').next().unwrap_or_default();
            let start = parse_time(start.trim()).map_err(|_| wrong())?;
            let end = parse_time(end.trim()).map_err(|_| wrong())?;
            Ok(TimeRange::new(start, end))
        })
        .collect::<Result<_>>()?;
    spans.sort_by_key(|span| span.start);
    Ok(spans)
}

fn table(replayed: &[Replayed]) -> String {
    let trades: Vec<Trade> = replayed
        .iter()
        .map(|r| Trade {
            pages_per_week: r.result.pages_per_week,
            spent_before: r.result.spent_before,
        })
        .collect();
    let best = pareto(&trades);
    let share = |fraction: Option<f64>| numbers::share_or_none(fraction);
    let time = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), numbers::duration);
    let rows = replayed.iter().zip(best).map(|(r, best)| {
        let result = &r.result;
        vec![
            r.slo.clone(),
            r.policy.name.clone(),
            r.policy.severity.clone(),
            result.fired.len().to_string(),
            format!("{:.2}", result.pages_per_week),
            time(result.detection_delay_ms),
            time(result.reset_ms),
            numbers::share(result.spent_before),
            share(result.precision),
            share(result.recall),
            time(
                result
                    .longest_silent_burn
                    .map(|span| (span.end - span.start) as f64),
            ),
            if best {
                "yes".to_owned()
            } else {
                String::new()
            },
        ]
    });
    let header = [
        "slo",
        "policy",
        "severity",
        "fired",
        "a week",
        "delay",
        "reset",
        "spent before",
        "precision",
        "recall",
        "longest silent burn",
        "unbeaten",
    ];
    Rows::new(&header, rows.collect()).to_table()
}
