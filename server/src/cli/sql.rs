//! `narthex sql`: SQL.

use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;
use arrow_ipc::reader::StreamReader;
use clap::{Args, ValueEnum};
use futures::StreamExt;
use narthex_model::{Error, Result};
use narthex_sql::from_datafusion;

use super::output::{Output, print, refuse_terminal};
use super::remote;
use super::source::{Source, SourceArguments, open};
use super::table::Rows;
use crate::rows::RowFormat;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex sql 'SHOW TABLES' --url http://127.0.0.1:9090
  narthex sql 'SELECT job, avg(value) FROM up GROUP BY job' --storage.path ./narthex-data
  narthex sql 'SELECT * FROM up' --storage.path ./narthex-data --format parquet -o up.parquet";

/// What `sql` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The statement
    statement: String,

    #[command(flatten)]
    source: SourceArguments,

    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// What the HTTP API answers
    Json,
    /// A header, then a line per row
    Csv,
    /// The stream format of Arrow IPC
    Arrow,
    /// A Parquet file
    Parquet,
}

impl Format {
    /// How the rows travel; a table is made of Arrow.
    fn row_format(self) -> RowFormat {
        match self {
            Self::Json => RowFormat::Json,
            Self::Csv => RowFormat::Csv,
            Self::Table | Self::Arrow => RowFormat::Arrow,
            Self::Parquet => RowFormat::Parquet,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// The statement is wrong, or the source cannot answer.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let path = arguments.output.as_deref();
    if matches!(arguments.format, Format::Arrow | Format::Parquet) {
        refuse_terminal(path, arguments.format.row_format().name())?;
    }
    match (arguments.source.source(), arguments.format) {
        (Source::Url(url), Format::Table) => {
            let response = ask(url, arguments).await?;
            warn(&remote::warnings(&response));
            let body = remote::body(url, response).await?;
            let reader = StreamReader::try_new(body.as_slice(), None).map_err(damaged)?;
            let header = column_names(&reader.schema());
            let batches: Vec<_> = reader.collect::<Result<_, _>>().map_err(damaged)?;
            show(header, &batches, path)
        }
        (Source::Url(url), _) => download(url, arguments).await,
        (Source::Folder(folder), Format::Table) => {
            let mut rows = open(folder)?.sql(&arguments.statement).await?;
            let header = column_names(&rows.schema());
            let mut batches = Vec::new();
            while let Some(batch) = rows.next().await {
                batches.push(batch.map_err(from_datafusion)?);
            }
            warn(&rows.warnings());
            show(header, &batches, path)
        }
        (Source::Folder(folder), _) => encode(folder, arguments).await,
    }
}

async fn ask(url: &str, arguments: &Arguments) -> Result<reqwest::Response> {
    let format = arguments.format.row_format();
    let form = [
        ("query", arguments.statement.as_str()),
        ("format", format.name()),
    ];
    remote::post(url, "/api/v1/sql", &form, format.content_type()).await
}

async fn download(url: &str, arguments: &Arguments) -> Result<()> {
    let response = ask(url, arguments).await?;
    warn(&remote::warnings(&response));
    let mut pieces = response.bytes_stream();
    let mut output = Output::open(arguments.output.as_deref())?;
    while let Some(piece) = pieces.next().await {
        output.write(&piece.map_err(|e| remote::unreachable(url, e))?)?;
    }
    finish(output, arguments.format)
}

async fn encode(folder: &Path, arguments: &Arguments) -> Result<()> {
    let mut rows = open(folder)?.sql(&arguments.statement).await?;
    let mut output = Output::open(arguments.output.as_deref())?;
    let mut encoder = arguments.format.row_format().encoder(&rows.schema())?;
    while let Some(batch) = rows.next().await {
        encoder.write(&batch.map_err(from_datafusion)?)?;
        output.write(&encoder.take())?;
    }
    let warnings = rows.warnings();
    warn(&warnings);
    encoder.finish(&warnings)?;
    output.write(&encoder.take())?;
    finish(output, arguments.format)
}

/// Says on standard error what damaged blocks the rows had to do without.
fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("{warning}");
    }
}

fn finish(mut output: Output, format: Format) -> Result<()> {
    if format == Format::Json {
        output.write(b"\n")?;
    }
    output.finish()
}

fn column_names(schema: &arrow::datatypes::Schema) -> Vec<String> {
    schema.fields().iter().map(|f| f.name().clone()).collect()
}

fn show(header: Vec<String>, batches: &[RecordBatch], path: Option<&Path>) -> Result<()> {
    let rows = Rows::from_batches(header, batches)?;
    let table = rows.to_table();
    match path {
        None => print(&table)?,
        Some(_) => {
            let mut output = Output::open(path)?;
            output.write(table.as_bytes())?;
            output.finish()?;
        }
    }
    eprintln!("{} rows", rows.len());
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: arrow::error::ArrowError) -> Error {
    Error::unavailable(format!("the answer broke off or is damaged: {error}"))
}
