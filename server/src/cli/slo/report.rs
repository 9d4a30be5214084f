//! `narthex slo report` and `narthex slo status`: what came of promises.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use narthex_model::{Error, Result};
use narthex_slo::report::{Asked, Exclusions, FailOn, Format};

use super::asked::AskArguments;
use super::told::Told;
use crate::cli::output::{Output, refuse_terminal};

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo report -f slos/ --storage.path ./narthex-data -o report.html
  narthex slo report -f slos/ --storage.path ./narthex-data --window 30d,90d,calendar-month --format html,csv,json -o out/
  narthex slo report -f slos/ --storage.path ./narthex-data --at 2026-10-01T00:00:00Z --window calendar-quarter --tz Europe/Berlin -o q3.html
  narthex slo report --url http://127.0.0.1:9090 --slo shop-availability,shop-latency --format md --fail-on blown,unknown
  narthex slo report -f slos/ --storage.path ./narthex-data --group-by route --format csv -o routes.csv
  narthex slo report -f slos/ --storage.path ./narthex-data --compare-methods --exclusions both -o argued.html

Slices that were not counted yet are counted first, and kept in the data folder unless a server keeps them. With --url the server
tells of the SLOs that it keeps (--slo.files), from its ledgers.
With --fail-on the exit code is 1 if one of the conditions holds for a promise: a gate for deployments.";

/// What `report` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    ask: AskArguments,

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
    ask: AskArguments,

    /// Windows in place of those of the specs: 30d,90d,calendar-month
    #[arg(long = "window", value_name = "LIST", value_delimiter = ',')]
    windows: Vec<String>,

    /// Fail if blown, at-risk, unknown or budget<20% holds for a promise
    #[arg(long, value_name = "LIST")]
    fail_on: Option<FailOn>,
}

pub(super) const STATUS_EXAMPLES: &str = "Examples:
  narthex slo status -f slos/ --storage.path ./narthex-data
  narthex slo status -f slos/ --storage.path ./narthex-data --at 2026-10-01T00:00:00Z --fail-on 'budget<20%'
  narthex slo status --url http://127.0.0.1:9090 --window 7d,30d";

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
/// A spec is wrong, the store cannot be read, the server does not answer, or a file cannot be written.
pub(super) async fn run(arguments: &Arguments) -> Result<bool> {
    let (path, formats) = (arguments.output.as_deref(), &arguments.formats[..]);
    let folder = match (formats, path) {
        ([format], _) => {
            if *format == Format::Parquet {
                refuse_terminal(path, "Parquet")?;
            }
            None
        }
        (_, None) => {
            let message = "several formats need a folder: give it by -o";
            return Err(Error::invalid(message));
        }
        (_, folder) => folder,
    };
    let several = formats.len() > 1 || arguments.fail_on.is_some();
    let shown = arguments.shown()?;
    let told = Told::of(&arguments.ask, shown, &arguments.title, several).await?;
    if let Some(folder) = folder {
        make_folder(folder)?;
    }
    for format in formats {
        let bytes = told.write(*format).await?;
        let file = folder.map(|f| f.join("report").with_extension(format.extension()));
        write_to(file.as_deref().or(path), &bytes)?;
    }
    passes(arguments.fail_on.as_ref(), &told).await
}

/// Runs `status`; `false` if a condition of --fail-on holds.
///
/// # Errors
/// As [`run`].
pub(super) async fn status(arguments: &StatusArguments) -> Result<bool> {
    let shown = arguments.ask.shown(&arguments.windows, 0)?;
    let told = Told::of(&arguments.ask, shown, "", arguments.fail_on.is_some()).await?;
    write_to(None, &told.write(Format::Table).await?)?;
    passes(arguments.fail_on.as_ref(), &told).await
}

impl Arguments {
    fn shown(&self) -> Result<Asked> {
        Ok(Asked {
            group_by: self.group_by.clone(),
            exclusions: self.exclusions,
            compare_methods: self.compare_methods,
            ..self.ask.shown(&self.windows, self.periods)?
        })
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|e| Error::unavailable(format!("cannot make {}", folder.display())).with_source(e))
}

fn write_to(path: Option<&Path>, bytes: &[u8]) -> Result<()> {
    let mut output = Output::open(path)?;
    output.write(bytes)?;
    output.finish()
}

/// Says on standard error which conditions hold.
async fn passes(fail_on: Option<&FailOn>, told: &Told<'_>) -> Result<bool> {
    let Some(fail_on) = fail_on else {
        return Ok(true);
    };
    let failures = fail_on.judge(&told.standings().await?);
    for failure in &failures {
        eprintln!(
            "{}: {} ({})",
            failure.slo, failure.message, failure.condition
        );
    }
    Ok(failures.is_empty())
}
