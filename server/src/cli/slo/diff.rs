//! `narthex slo diff`: what a change of specs would change.

mod counted;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use narthex_model::{Error, Result, TimeRange, TimestampMs, parse_duration};
use narthex_slo::diff::{Diff, Over, diff, json, markdown, table};
use narthex_slo::spec::Slo;
use narthex_slo::store::Store;
use narthex_slo::{Options, load};
use tokio::runtime::Handle;

use crate::cli::output::Output;
use crate::cli::source::open_store;
use crate::slos::{EngineStore, Shelf, together};
use crate::times::parse_time;
use counted::Counted;

pub(super) const EXAMPLES: &str = "Examples:
  narthex slo diff --old main/slos --new slos
  narthex slo diff --old main/slos --new slos --storage.path ./narthex-data --from -90d --format md -o comment.md

Without a store: which SLOs and fields change, and which slices are counted anew. With one also what came of the promises, before and
after; nothing is written to it. /dev/null stands for no specs at all.";

/// What `diff` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files, folders or patterns with the specs as they are
    #[arg(long, required = true, value_name = "PATH", num_args = 1..)]
    old: Vec<PathBuf>,

    /// Files, folders or patterns with the specs as they will be
    #[arg(long, required = true, value_name = "PATH", num_args = 1..)]
    new: Vec<PathBuf>,

    /// The window of specs whose format has none, as Sloth's
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    default_window: Option<i64>,

    /// Measure over this data folder, on which a server may be running, or this bucket: s3://…, gs://…, az://…, file:///…
    #[arg(long = "storage.path", value_name = "DIR|URL")]
    storage_path: Option<PathBuf>,

    /// Look back on each day since then: a time, or a duration before the end such as -90d
    #[arg(long, value_name = "TIME", value_parser = When::parse, allow_hyphen_values = true, requires = "storage_path")]
    from: Option<When>,

    /// Where windows end; the newest sample unless given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true, requires = "storage_path")]
    to: Option<TimestampMs>,

    /// How it is told
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Where to; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For the comment of a pipeline
    Md,
    /// For programs
    Json,
}

/// A time, or one before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    At(TimestampMs),
    Before(i64),
}

impl When {
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let before = text.strip_prefix('-').and_then(|d| parse_duration(d).ok());
        match before {
            Some(ms) => Ok(Self::Before(ms)),
            None => parse_time(text).map(Self::At),
        }
    }

    fn seen_from(self, end: TimestampMs) -> TimestampMs {
        match self {
            Self::At(at) => at,
            Self::Before(ms) => end.saturating_sub(ms),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A spec is wrong, the store cannot be read, or nothing can be written.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let old = arguments.slos(&arguments.old)?;
    let new = arguments.slos(&arguments.new)?;
    let changes = diff(&old, &new);
    let stay = |slo: &&Slo| !changes.iter().any(|change| change.id == slo.id);
    let same = new.iter().filter(stay).count();
    let mut diff = Diff {
        changes,
        same,
        over: None,
    };
    if let Some(path) = &arguments.storage_path {
        diff = measured(arguments, path, diff, (old, new)).await?;
    }
    let text = match arguments.format {
        Format::Table => table::write(&diff),
        Format::Md => markdown::write(&diff),
        Format::Json => json::write(&diff)?,
    };
    let mut output = Output::open(arguments.output.as_deref())?;
    output.write(text.as_bytes())?;
    output.finish()
}

impl Arguments {
    fn slos(&self, paths: &[PathBuf]) -> Result<Vec<Slo>> {
        let window_ms = self.default_window;
        let specs = load(paths, &Options { window_ms }).map_err(|errors| together(&errors))?;
        Ok(specs.slos.into_iter().map(|placed| placed.slo).collect())
    }

    /// Over which time it is measured.
    fn over(&self, stored: TimeRange) -> Result<Over> {
        let at = self.to.unwrap_or(stored.end - 1);
        let from = self.from.map(|from| from.seen_from(at));
        if from.is_some_and(|from| from >= at) {
            return Err(Error::invalid("--from must be before --to"));
        }
        let past = from.map(|from| TimeRange::new(from, at));
        Ok(Over { at, past })
    }
}

/// The same, with what came of it.
async fn measured(
    arguments: &Arguments,
    path: &Path,
    mut diff: Diff,
    (old, new): (Vec<Slo>, Vec<Slo>),
) -> Result<Diff> {
    let (engine, database) = open_store(path)?;
    let store = EngineStore::new(engine.snapshot(), Arc::new(database), Handle::current());
    let Some(stored) = store.span() else {
        eprintln!("note: {} has no samples yet", path.display());
        return Ok(diff);
    };
    let over = arguments.over(stored)?;
    let shelf = Shelf::to_read(path);
    let work = move || {
        let mut counted = Counted::new(&store, &shelf, TimeRange::new(stored.start, over.at));
        for change in &mut diff.changes {
            let before = counted.book(&old, &change.id)?;
            let after = counted.book(&new, &change.id)?;
            change.measure(before.as_deref(), after.as_deref(), over)?;
        }
        diff.over = Some(over);
        Ok(diff)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Error::internal("measuring ended early").with_source(e))?
}
