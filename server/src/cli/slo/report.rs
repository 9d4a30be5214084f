//! `narthex slo report` and `narthex slo status`: what came of promises.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use narthex_model::{Error, Result};
use narthex_slo::report::{Asked, Exclusions, FailOn, Format, Measured, Report, SloReport, table};

use super::opened::{OpenArguments, Read};
use crate::cli::output::{Output, print, refuse_terminal};
use crate::slos::{Opened, made};

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo report -f slos/ --storage.path ./narthex-data -o report.html
  narthex slo report -f slos/ --storage.path ./narthex-data --window 30d,90d,calendar-month --format html,csv,json -o out/
  narthex slo report -f slos/ --storage.path ./narthex-data --at 2026-10-01T00:00:00Z --window calendar-quarter --tz Europe/Berlin -o q3.html
  narthex slo report -f slos/ --storage.path ./narthex-data --format md --fail-on blown,unknown
  narthex slo report -f slos/ --storage.path ./narthex-data --group-by route --format csv -o routes.csv
  narthex slo report -f slos/ --storage.path ./narthex-data --compare-methods --exclusions both -o argued.html

Slices that were not counted yet are counted first, and kept in the data folder unless a server keeps them.
With --fail-on the exit code is 1 if one of the conditions holds for a promise: a gate for deployments.";

/// What `report` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    open: OpenArguments,

    /// Windows in place of those of the specs: 30d,90d,calendar-month
    #[arg(long = "window", value_name = "LIST", value_delimiter = ',')]
    windows: Vec<String>,

    /// Tell groups apart by these of the labels that SLOs are grouped by, alone
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    group_by: Option<Vec<String>>,

    /// Count by the other methods, too, and as Prometheus' rules do that average ratios
    #[arg(long)]
    compare_methods: bool,

    /// Whether exclusions hold; both: what they change is told beside
    #[arg(long, value_name = "on|off|both", default_value = "on", value_parser = exclusions())]
    exclusions: Exclusions,

    /// How it is written; several into a folder
    #[arg(
        long = "format",
        value_name = "LIST",
        value_parser = formats(),
        value_delimiter = ',',
        default_value = "html"
    )]
    formats: Vec<Format>,

    /// The file, or the folder for several formats; standard output, if not given
    #[arg(short = 'o', long = "output", value_name = "PATH")]
    output: Option<PathBuf>,

    /// Fail if blown, at-risk, unknown or budget<20% holds for a promise
    #[arg(long, value_name = "LIST")]
    fail_on: Option<FailOn>,

    /// How many calendar periods to look back
    #[arg(long, value_name = "NUMBER", default_value_t = 12)]
    periods: usize,

    /// The headline
    #[arg(long, value_name = "TEXT", default_value = "Service level report")]
    title: String,
}

/// What `status` takes.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    open: OpenArguments,

    /// Windows in place of those of the specs: 30d,90d,calendar-month
    #[arg(long = "window", value_name = "LIST", value_delimiter = ',')]
    windows: Vec<String>,

    /// Fail if blown, at-risk, unknown or budget<20% holds for a promise
    #[arg(long, value_name = "LIST")]
    fail_on: Option<FailOn>,
}

pub(super) const STATUS_EXAMPLES: &str = "Examples:
  narthex slo status -f slos/ --storage.path ./narthex-data
  narthex slo status -f slos/ --storage.path ./narthex-data --at 2026-10-01T00:00:00Z --fail-on 'budget<20%'";

fn exclusions() -> impl TypedValueParser<Value = Exclusions> {
    let names = PossibleValuesParser::new(Exclusions::ALL.map(Exclusions::name));
    names.try_map(|name| name.parse::<Exclusions>())
}

/// The forms, with what each is for.
fn formats() -> impl TypedValueParser<Value = Format> {
    let choice = |format: Format| PossibleValue::new(format.name()).help(format.about());
    PossibleValuesParser::new(Format::ALL.map(choice)).try_map(|name| name.parse::<Format>())
}

/// Runs `report`; `false` if a condition of --fail-on holds.
///
/// # Errors
/// A spec is wrong, the store cannot be read, or a file cannot be written.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    let shown = arguments.shown()?;
    let report = report(arguments.open.read(&shown).await?, &shown, &arguments.title)?;
    write(arguments, &report)?;
    Ok(passes(arguments.fail_on.as_ref(), &report))
}

/// Runs `status`; `false` if a condition of --fail-on holds.
///
/// # Errors
/// As [`run`].
pub(super) async fn status(arguments: &StatusArguments) -> Result<bool> {
    let shown = arguments.open.shown(&arguments.windows, 0)?;
    let report = report(arguments.open.read(&shown).await?, &shown, "")?;
    print(&table::write(&report))?;
    Ok(passes(arguments.fail_on.as_ref(), &report))
}

impl Arguments {
    fn shown(&self) -> Result<Asked> {
        Ok(Asked {
            group_by: self.group_by.clone(),
            exclusions: self.exclusions,
            compare_methods: self.compare_methods,
            ..self.open.shown(&self.windows, self.periods)?
        })
    }
}

fn report(read: Read, shown: &Asked, title: &str) -> Result<Report> {
    let slos: Result<Vec<SloReport>> = read
        .slos
        .iter()
        .map(|Opened { book, .. }| {
            let measured = Measured {
                book,
                at: read.at,
                asked: shown,
            };
            measured.report()
        })
        .collect();
    Ok(Report {
        notes: read.notes,
        ..made(title, read.at, &shown.zone, slos?)?
    })
}

fn write(arguments: &Arguments, report: &Report) -> Result<()> {
    let path = arguments.output.as_deref();
    if let [format] = arguments.formats[..] {
        if format == Format::Parquet {
            refuse_terminal(path, "Parquet")?;
        }
        return write_to(path, &format.write(report)?);
    }
    let Some(folder) = path else {
        return Err(Error::invalid(
            "several formats need a folder: give it by -o",
        ));
    };
    std::fs::create_dir_all(folder).map_err(|e| {
        Error::unavailable(format!("cannot make {}", folder.display())).with_source(e)
    })?;
    for format in &arguments.formats {
        let file = folder.join("report").with_extension(format.extension());
        write_to(Some(&file), &format.write(report)?)?;
    }
    Ok(())
}

fn write_to(path: Option<&Path>, bytes: &[u8]) -> Result<()> {
    let mut output = Output::open(path)?;
    output.write(bytes)?;
    output.finish()
}

/// Says on standard error which conditions hold.
fn passes(fail_on: Option<&FailOn>, report: &Report) -> bool {
    let failures = fail_on.map_or_else(Vec::new, |fail_on| fail_on.judge(report));
    for failure in &failures {
        eprintln!(
            "{}: {} ({})",
            failure.slo, failure.message, failure.condition
        );
    }
    failures.is_empty()
}
